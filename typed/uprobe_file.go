package typed

import (
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// This file finds executables, libraries and the functions in them, as libbpf
// does (resolve_full_path in libbpf.c, and elf.c): the library leaves names
// without a path, symbol versions and patterns to its callers.

// userFile is an executable or shared library.
type userFile struct {
	path    string
	symbols []userSymbol // of functions; nil until asked for
}

// userSymbol is a function in a file.
type userSymbol struct {
	// name, and version behind "@" where the symbol has one.
	name, version string
	// offset in the file, size in bytes.
	offset, size uint64
	// hidden versions are not what a bare name means ("memcpy@GLIBC_2.2.5",
	// where "memcpy@@GLIBC_2.14" is the default).
	hidden bool
}

// libraryDirs is Debian's folder of shared libraries by GOARCH; others have
// theirs in /usr/lib64 or /usr/lib.
var libraryDirs = map[string]string{
	"386":     "/lib/i386-linux-gnu",
	"amd64":   "/lib/x86_64-linux-gnu",
	"arm":     "/lib/arm-linux-gnueabihf",
	"arm64":   "/lib/aarch64-linux-gnu",
	"ppc64le": "/lib/powerpc64le-linux-gnu",
	"riscv64": "/lib/riscv64-linux-gnu",
	"s390x":   "/lib/s390x-linux-gnu",
}

// openExecutable finds a file. A path without "/" is looked for in $PATH, or
// in the folders of libraries if it looks like one.
func openExecutable(path string) (*userFile, error) {
	if !strings.Contains(path, "/") {
		full, err := findExecutable(path)
		if err != nil {
			return nil, err
		}
		path = full
	}
	if _, err := os.Stat(path); err != nil {
		return nil, err
	}
	return &userFile{path: path}, nil
}

func findExecutable(name string) (string, error) {
	search := []string{os.Getenv("PATH"), "/usr/bin", "/usr/sbin"}
	if strings.HasSuffix(name, ".so") || strings.Contains(name, ".so.") {
		search = []string{os.Getenv("LD_LIBRARY_PATH"), "/usr/lib64", "/usr/lib", libraryDirs[runtime.GOARCH]}
	}
	for _, list := range search {
		for _, dir := range filepath.SplitList(list) {
			full := filepath.Join(dir, name)
			if info, err := os.Stat(full); dir != "" && err == nil && info.Mode().IsRegular() {
				return full, nil
			}
		}
	}
	return "", fmt.Errorf("%s is in none of the usual folders: %w", name, os.ErrNotExist)
}

// offset finds "name", "name@VERSION", "name+0x10" or a bare file offset.
func (f *userFile) offset(symbol string) (uint64, error) {
	if offset, ok := symbolOffset(symbol); ok {
		return offset, nil
	}
	name, plus, err := splitOffset(symbol)
	if err != nil {
		return 0, err
	}
	all, err := f.functions()
	if err != nil {
		return 0, err
	}
	i := slices.IndexFunc(all, func(s userSymbol) bool { return s.is(name) })
	if i < 0 {
		return 0, fmt.Errorf("%s: %w", name, errNoSymbol)
	}
	if s := all[i]; plus >= s.size && plus > 0 && s.size > 0 {
		return 0, fmt.Errorf("offset %#x is outside of function %s, which has %#x bytes", plus, name, s.size)
	}
	return all[i].offset + plus, nil
}

// is compares with "name", which means the default version, "name@VERSION" or
// "name@@VERSION".
func (s userSymbol) is(name string) bool {
	name, version, versioned := strings.Cut(name, "@")
	if s.name != name {
		return false
	}
	if !versioned {
		return !s.hidden
	}
	return s.version == strings.TrimPrefix(version, "@")
}

// match finds the functions that a pattern matches, each offset once, sorted
// by name.
func (f *userFile) match(pattern string) ([]userSymbol, error) {
	all, err := f.functions()
	if err != nil {
		return nil, err
	}
	seen := make(map[uint64]bool)
	var found []userSymbol
	for _, s := range all {
		if !seen[s.offset] && globMatch(s.name, pattern) {
			seen[s.offset] = true
			found = append(found, s)
		}
	}
	if len(found) == 0 {
		return nil, errNoSymbol
	}
	return found, nil
}

// functions reads the symbol tables once: the dynamic one, whose symbols have
// versions, before the other.
func (f *userFile) functions() ([]userSymbol, error) {
	if f.symbols != nil {
		return f.symbols, nil
	}
	file, err := elf.Open(f.path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if file.Type != elf.ET_EXEC && file.Type != elf.ET_DYN {
		return nil, fmt.Errorf("%s is not an executable or a shared library", f.path)
	}
	dynamic, err := file.DynamicSymbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return nil, err
	}
	static, err := file.Symbols()
	if err != nil && !errors.Is(err, elf.ErrNoSymbols) {
		return nil, err
	}
	f.symbols = []userSymbol{}
	for _, s := range append(dynamic, static...) {
		if fn, ok := userFunction(file, s); ok {
			f.symbols = append(f.symbols, fn)
		}
	}
	slices.SortStableFunc(f.symbols, func(a, b userSymbol) int { return strings.Compare(a.name, b.name) })
	return f.symbols, nil
}

// userFunction takes defined functions and leaves everything else out.
func userFunction(file *elf.File, s elf.Symbol) (userSymbol, bool) {
	typ := elf.ST_TYPE(s.Info)
	if typ != elf.STT_FUNC && typ != elf.STT_GNU_IFUNC || s.Section == elf.SHN_UNDEF {
		return userSymbol{}, false
	}
	offset, ok := fileOffset(file, s.Value, elf.PF_X)
	if !ok {
		return userSymbol{}, false
	}
	return userSymbol{
		name: s.Name, version: s.Version, offset: offset, size: s.Size,
		hidden: s.HasVersion && s.VersionIndex.IsHidden(),
	}, true
}

// fileOffset turns a virtual address into an offset in the file. flags are
// what the segment must have.
func fileOffset(file *elf.File, address uint64, flags elf.ProgFlag) (uint64, bool) {
	for _, seg := range file.Progs {
		if seg.Type == elf.PT_LOAD && seg.Flags&flags == flags &&
			seg.Vaddr <= address && address < seg.Vaddr+seg.Memsz {
			return address - seg.Vaddr + seg.Off, true
		}
	}
	return 0, false
}
