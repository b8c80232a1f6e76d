// Package userfile finds executables and shared libraries, and in them the
// functions that a uprobe can go to: by name, by version, by pattern or by
// offset. cilium/ebpf leaves names without a path, versions and patterns to its
// callers, and takes an indirect function's resolver for the function.
//
// find.go finds the file, this one its functions. Nothing here makes system
// calls other than reading files.
package userfile

import (
	"cmp"
	"debug/elf"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/typed/internal/kernelsym"
)

// File is an executable or shared library.
type File struct {
	// Path of the file, as this process sees it.
	Path string

	functions []Function // nil until asked for
	segments  []segment  // executable ones
}

// Function is a function in a file.
type Function struct {
	// Name, and Version behind "@" where the symbol has one.
	Name, Version string
	// Offset in the file, Size in bytes.
	Offset, Size uint64
	// Source is the C file of a static function, where the symbols say so.
	Source string

	// hidden versions are not what a bare name means ("memcpy@GLIBC_2.2.5",
	// where "memcpy@@GLIBC_2.14" is the default).
	hidden bool
	// indirect functions (STT_GNU_IFUNC) are resolvers: they run once and give
	// the function that is called from then on.
	indirect bool
	weak     bool
	dynamic  bool // a symbol of .dynsym
}

type segment struct{ start, end uint64 } // offsets in the file

// Open finds a file by its path, or by its name if that has no "/": among the
// files that process pid runs, if it is not 0, in $PATH or, for a library, in
// the usual folders.
func Open(path string, pid int) (*File, error) {
	path, err := find(path, pid)
	if err != nil {
		return nil, err
	}
	return &File{Path: path}, nil
}

// IndirectError says that a symbol is an indirect function.
type IndirectError struct{ Symbol, Path string }

func (e *IndirectError) Error() string {
	return fmt.Sprintf("%s of %s is an indirect function (IFUNC): the symbol stands for the resolver, which runs once, not for the function that is called", e.Symbol, e.Path)
}

// AmbiguousError says that a name stands for several functions.
type AmbiguousError struct {
	Symbol, Path string
	Functions    []Function
}

func (e *AmbiguousError) Error() string {
	var at []string
	for _, f := range e.Functions {
		s := fmt.Sprintf("offset %#x", f.Offset)
		switch {
		case f.indirect:
			s += " (the resolver of an IFUNC)"
		case f.Source != "":
			s += " (" + f.Source + ")"
		}
		at = append(at, s)
	}
	return fmt.Sprintf("%s is the name of %d functions of %s: %s", e.Symbol, len(at), e.Path, strings.Join(at, ", "))
}

// VersionError says that a name has only versions that a bare name does not
// mean.
type VersionError struct {
	Symbol, Path string
	Versions     []string
}

func (e *VersionError) Error() string {
	return fmt.Sprintf("%s of %s has no default version, only %s", e.Symbol, e.Path, strings.Join(e.Versions, ", "))
}

// Unwrap makes it an error of a function that is not there.
func (e *VersionError) Unwrap() error { return kernelsym.ErrNoFunction }

// Find finds "name", "name@VERSION", "name+0x10" or a bare offset in the file,
// "0x1234".
func (f *File) Find(symbol string) (Function, error) {
	if offset, err := strconv.ParseUint(symbol, 0, 64); err == nil {
		return Function{Name: symbol, Offset: offset}, f.CheckOffset(offset)
	}
	name, plus, err := SplitOffset(symbol)
	if err != nil {
		return Function{}, err
	}
	fn, err := f.named(name)
	if err != nil {
		return Function{}, err
	}
	if plus >= fn.Size && plus > 0 && fn.Size > 0 {
		return Function{}, fmt.Errorf("offset %#x is outside of function %s, which has %#x bytes", plus, name, fn.Size)
	}
	fn.Name, fn.Offset = symbol, fn.Offset+plus
	return fn, nil
}

// named finds the function that a name means. As in libbpf's
// elf_find_func_offset, .dynsym goes before .symtab and any other symbol before
// a weak one; and if more than one is left, the name is ambiguous.
func (f *File) named(name string) (Function, error) {
	all, err := f.list()
	if err != nil {
		return Function{}, err
	}
	found := slices.DeleteFunc(slices.Clone(all), func(fn Function) bool { return !fn.is(name) })
	for _, better := range []func(Function) bool{
		func(fn Function) bool { return fn.dynamic },
		func(fn Function) bool { return !fn.weak },
	} {
		if slices.ContainsFunc(found, better) {
			found = slices.DeleteFunc(found, func(fn Function) bool { return !better(fn) })
		}
	}
	found = slices.CompactFunc(found, func(a, b Function) bool { return a.Offset == b.Offset })
	switch {
	case len(found) == 0:
		return Function{}, f.notFound(name, all)
	case len(found) > 1:
		return Function{}, &AmbiguousError{name, f.Path, found}
	case found[0].indirect:
		return Function{}, &IndirectError{name, f.Path}
	}
	return found[0], nil
}

// notFound says which versions there are, if it is only for them.
func (f *File) notFound(name string, all []Function) error {
	var versions []string
	for _, fn := range all {
		if fn.Name == name && fn.hidden {
			versions = append(versions, name+"@"+fn.Version)
		}
	}
	if len(versions) == 0 {
		return fmt.Errorf("%s: %w", name, kernelsym.ErrNoFunction)
	}
	slices.Sort(versions)
	return &VersionError{name, f.Path, slices.Compact(versions)}
}

// is compares with "name", which means the default version, "name@VERSION" or
// "name@@VERSION".
func (fn Function) is(name string) bool {
	name, version, versioned := strings.Cut(name, "@")
	if fn.Name != name {
		return false
	}
	if !versioned {
		return !fn.hidden
	}
	return fn.Version == strings.TrimPrefix(version, "@")
}

// Match finds the functions that a pattern matches, each offset once, sorted
// by name and offset. Indirect functions are left out, as in libbpf; if there
// are no others, that is an error.
func (f *File) Match(pattern string) ([]Function, error) {
	all, err := f.list()
	if err != nil {
		return nil, err
	}
	seen := make(map[uint64]bool)
	var found []Function
	indirect := ""
	for _, fn := range all {
		switch {
		case !kernelsym.Match(fn.Name, pattern) || seen[fn.Offset]:
		case fn.indirect:
			indirect = fn.Name
		default:
			seen[fn.Offset] = true
			found = append(found, fn)
		}
	}
	switch {
	case len(found) > 0:
		return found, nil
	case indirect != "":
		return nil, &IndirectError{indirect, f.Path}
	}
	return nil, fmt.Errorf("%s: %w", pattern, kernelsym.ErrNoFunction)
}

// CheckOffset says whether an offset lies in code: the kernel takes any, and a
// probe anywhere else never fires.
func (f *File) CheckOffset(offset uint64) error {
	if _, err := f.list(); err != nil {
		return err
	}
	if !slices.ContainsFunc(f.segments, func(s segment) bool { return s.start <= offset && offset < s.end }) {
		return fmt.Errorf("offset %#x of %s is in no executable segment", offset, f.Path)
	}
	return nil
}

// list reads the symbol tables and the segments, once.
func (f *File) list() ([]Function, error) {
	if f.functions != nil {
		return f.functions, nil
	}
	file, err := elf.Open(f.Path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if file.Type != elf.ET_EXEC && file.Type != elf.ET_DYN {
		return nil, fmt.Errorf("%s is not an executable or a shared library", f.Path)
	}
	for _, seg := range file.Progs {
		if seg.Type == elf.PT_LOAD && seg.Flags&elf.PF_X != 0 {
			f.segments = append(f.segments, segment{seg.Off, seg.Off + seg.Filesz})
		}
	}
	dynamic, err := file.DynamicSymbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return nil, err
	}
	static, err := file.Symbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return nil, err
	}
	f.functions = append(functions(file, dynamic, true), functions(file, static, false)...)
	slices.SortStableFunc(f.functions, func(a, b Function) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.Offset, b.Offset))
	})
	return f.functions, nil
}

// functions takes the defined functions of a symbol table. The local symbols
// of a source file stand behind the symbol of that file.
func functions(file *elf.File, symbols []elf.Symbol, dynamic bool) []Function {
	list := []Function{}
	source := ""
	for _, s := range symbols {
		typ, bind := elf.ST_TYPE(s.Info), elf.ST_BIND(s.Info)
		if typ == elf.STT_FILE {
			source = s.Name
		}
		if typ != elf.STT_FUNC && typ != elf.STT_GNU_IFUNC || s.Section == elf.SHN_UNDEF {
			continue
		}
		offset, ok := Offset(file, s.Value, elf.PF_X)
		if !ok {
			continue
		}
		fn := Function{
			Name: s.Name, Version: s.Version, Offset: offset, Size: s.Size,
			hidden:   s.HasVersion && s.VersionIndex.IsHidden(),
			indirect: typ == elf.STT_GNU_IFUNC, weak: bind == elf.STB_WEAK, dynamic: dynamic,
		}
		// In .symtab the version is part of the name, "@@" for the default.
		if name, version, ok := strings.Cut(s.Name, "@"); ok && !dynamic {
			fn.Name, fn.Version = name, strings.TrimPrefix(version, "@")
			fn.hidden = !strings.HasPrefix(version, "@")
		}
		if bind == elf.STB_LOCAL {
			fn.Source = source
		}
		list = append(list, fn)
	}
	return list
}

// Offset turns a virtual address into an offset in the file. flags are what
// the segment must have.
func Offset(file *elf.File, address uint64, flags elf.ProgFlag) (uint64, bool) {
	for _, seg := range file.Progs {
		if seg.Type == elf.PT_LOAD && seg.Flags&flags == flags &&
			seg.Vaddr <= address && address-seg.Vaddr < seg.Memsz {
			return address - seg.Vaddr + seg.Off, true
		}
	}
	return 0, false
}

// SplitOffset takes "func+0x10" apart, in any base that C knows.
func SplitOffset(symbol string) (name string, offset uint64, err error) {
	name, after, found := strings.Cut(symbol, "+")
	if !found {
		return symbol, 0, nil
	}
	offset, err = strconv.ParseUint(after, 0, 64)
	if err != nil {
		return "", 0, fmt.Errorf("offset of %q: %w", symbol, err)
	}
	return name, offset, nil
}
