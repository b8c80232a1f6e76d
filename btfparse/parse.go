package btfparse

// This file is the way from bytes to an Object: what kind of file is it, which
// of its parts are there, and in which order they are read.
//
// An ELF object is read from its own sections, symbols and BTF, never from
// what cilium/ebpf makes of it: the library refuses whole objects for one
// thing that it does not support. It is asked once, at the start, for two
// reasons: what it says is LoadError, and where it accepts the object its
// decoded BTF saves decoding it again.
//
// Everything that comes out of the file is hostile until checked: package
// hostile measures it before any decoder sees it, and a panic of debug/elf or
// of the BTF decoder becomes an error.

import (
	"bytes"
	"cmp"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"slices"
	"strings"
	"unicode"

	"github.com/bpfgen/bpfgen/internal/hostile"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// maxSectionBytes bounds every section that is read, but for the BTF.
const maxSectionBytes = 256 << 20

// Parse reads a compiled eBPF object (ELF), the BTF of a kernel (ELF or raw),
// or a raw BTF file. The name is for messages only: every error is one line
// that starts with it. keep are names of typedefs that stay in types although
// they mean nothing to the layout.
func Parse(name string, r io.ReaderAt, keep ...string) (obj *Object, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error: %v", p)
		}
		if err != nil {
			obj, err = nil, &parseError{name, err}
		}
	}()
	head := make([]byte, 4)
	n, err := r.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err // a directory, for one
	}
	switch head = head[:n]; {
	case n == 0:
		return nil, errors.New("empty file")
	case string(head) == elf.ELFMAG:
		return parseELF(r, keep)
	case isBTFMagic(head):
		return parseRaw(r, keep)
	}
	return nil, errors.New("neither an ELF object nor BTF; pass the object that clang -target bpf made, or a BTF file")
}

// parseError puts the file in front and keeps the message on one line,
// whatever names the file holds.
type parseError struct {
	name string
	err  error
}

func (e *parseError) Error() string {
	err := e.err
	// An *fs.PathError has a path and an operation that mean nothing here.
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return oneLine(e.name + ": " + err.Error())
}

func (e *parseError) Unwrap() error { return e.err }

// oneLine folds whatever an object's strings hold into one printable line.
func oneLine(s string) string {
	s = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(s), " ")
}

// parseRaw reads a file that is nothing but BTF.
func parseRaw(r io.ReaderAt, keep []string) (*Object, error) {
	raw, err := io.ReadAll(io.NewSectionReader(r, 0, hostile.MaxBTFBytes+1))
	if err != nil {
		return nil, err
	}
	p := &parser{obj: &Object{TypesOnly: true}, conv: newConverter(keep...)}
	if err := p.loadRawBTF(raw); err != nil {
		return nil, err
	}
	p.obj.ByteOrder = btfByteOrder(raw)
	return p.obj, p.types()
}

// ParseTypes reads BTF that has been decoded: of a module, which continues that of its
// kernel, the types that are its own. The order is that of the kernel.
func ParseTypes(name string, spec *btf.Spec, order binary.ByteOrder) (obj *Object, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("internal error: %v", p)
		}
		if err != nil {
			obj, err = nil, &parseError{name, err}
		}
	}()
	p := &parser{obj: &Object{TypesOnly: true, ByteOrder: order}, conv: newConverter()}
	if !p.indexBTF(spec) {
		return nil, p.badType(spec)
	}
	p.guessHalved()
	return p.obj, p.types()
}

// parseELF reads an object, or the BTF section of an ELF that is none.
func parseELF(r io.ReaderAt, keep []string) (*Object, error) {
	measured, err := hostile.ReadELF(r)
	if err != nil {
		return nil, err
	}
	f, err := openELF(r)
	if err != nil {
		return nil, err
	}
	p := &parser{elf: f, measured: measured, obj: &Object{ByteOrder: f.ByteOrder}, conv: newConverter(keep...)}
	if !f.isBPF() {
		return p.kernelObject()
	}
	steps := []func() error{
		p.loadWithLibrary(r), p.loadBTF, p.license, p.compiler,
		p.findReferences, p.btfMaps, p.legacyMaps, p.structOps, p.programs, p.variables, p.types,
		p.checkKernelBTF,
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return p.finish()
}

// parser holds what the steps share.
type parser struct {
	elf      *elfFile        // nil for raw BTF
	measured *hostile.Object // likewise
	// spec is the decoded BTF, nil where the object has none.
	spec *btf.Spec
	// What one walk over the BTF found.
	datasecs map[string][]btf.VarSecinfo
	laidOut  map[string]bool
	funcs    map[string]*btf.Func
	externs  []extern
	named    []btf.Type
	// nameless are the enums without a tag; used are those of them that a member or
	// a typedef gives a place.
	nameless []*btf.Enum
	used     map[*btf.Enum]bool

	// casts are the programs that use addresses in arenas.
	casts map[string]bool

	refs references
	// mapTypes are the keys and values of maps, with their places.
	mapTypes []btfPlace
	conv     *converter
	obj      *Object
	// explained is true once a warning says why the library refuses the object.
	explained bool
}

// extern is a variable that BTF declares extern. Without SEC() it has no section.
type extern struct {
	*btf.Var
	section string
}

// kernelObject reads vmlinux, a kernel module or any other ELF that carries
// BTF without being an eBPF object.
func (p *parser) kernelObject() (*Object, error) {
	switch {
	case p.elf.section(".BTF") != nil:
	case p.elf.section(".modinfo") != nil:
		return nil, errors.New("a kernel module without BTF; modules have it since Linux 5.11, if the kernel is built with CONFIG_DEBUG_INFO_BTF_MODULES")
	default:
		return nil, fmt.Errorf("ELF for %s, not for BPF; pass the object that clang -target bpf made", machineName(p.elf.Machine))
	}
	p.obj.TypesOnly = true
	for _, step := range []func() error{p.loadBTF, p.types} {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return p.obj, nil
}

// loadWithLibrary runs the library's loader for LoadError and its BTF.
func (p *parser) loadWithLibrary(r io.ReaderAt) func() error {
	return func() error {
		if err := p.measured.CheckLoader(); err != nil {
			p.obj.LoadError = fmt.Errorf("not tried, because %w", err)
			return nil
		}
		cs, err := safely(func() (*ebpf.CollectionSpec, error) { return ebpf.LoadCollectionSpecFromReader(r) })
		p.obj.LoadError = err
		p.findCasts(cs)
		if err == nil && cs.Types != nil && p.indexBTF(cs.Types) {
			return p.halved(p.measured.HalvedEnums())
		}
		return nil
	}
}

// safely turns a panic of f into an error.
func safely[T any](f func() (T, error)) (result T, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("malformed file: %v", p)
		}
	}()
	return f()
}

// loadBTF decodes the section .BTF, unless the library already has.
//
// The decoder gets the bytes of the section and not the ELF, because given the
// ELF it fills in what clang leaves open in data sections, and refuses typed
// ksyms on the way (fixupDatasec in btf/btf.go of v0.22.0).
func (p *parser) loadBTF() error {
	sec := p.elf.section(".BTF")
	if sec == nil || p.spec != nil {
		return nil
	}
	raw, err := p.elf.data(sec)
	if err != nil {
		return err
	}
	if order := btfByteOrder(raw); order != p.elf.ByteOrder {
		return fmt.Errorf("the BTF is %s, the ELF around it is %s", order, p.elf.ByteOrder)
	}
	return p.decodeBTF(raw, p.measured.HalvedEnums())
}

// loadRawBTF decodes BTF that no ELF is around.
func (p *parser) loadRawBTF(raw []byte) error {
	halved, err := hostile.HalvedEnums(raw)
	if err != nil {
		return err
	}
	return p.decodeBTF(raw, halved)
}

// decodeBTF takes BTF that package hostile has seen, and the enums of which it has
// one half.
func (p *parser) decodeBTF(raw []byte, halved []uint32) error {
	spec, err := safely(func() (*btf.Spec, error) { return btf.LoadSpecFromReader(bytes.NewReader(raw)) })
	if err != nil {
		return fmt.Errorf("malformed BTF: %w", err)
	}
	if !p.indexBTF(spec) {
		return p.badType(spec)
	}
	return p.halved(halved)
}

// halved takes the ids of enums of whose values the BTF has one half.
func (p *parser) halved(ids []uint32) error {
	p.conv.halved = make(map[btf.Type]bool, len(ids))
	for _, id := range ids {
		t, err := p.spec.TypeByID(btf.TypeID(id))
		if err != nil {
			return fmt.Errorf("malformed BTF: %w", err)
		}
		p.conv.halved[t] = true
	}
	return nil
}

// guessHalved does so for BTF that has been decoded. What a kernel's was made by
// knows BTF_KIND_ENUM64 or not; if it did not, no value is of more than 4 bytes.
func (p *parser) guessHalved() {
	halved := make(map[btf.Type]bool)
	for t := range p.spec.All() {
		e, ok := t.(*btf.Enum)
		if !ok || e.Size != 8 {
			continue
		}
		if slices.ContainsFunc(e.Values, func(v btf.EnumValue) bool { return v.Value > math.MaxUint32 }) {
			return
		}
		halved[e] = true
	}
	p.conv.halved = halved
}

// indexBTF walks the types once and sorts them by what they are for. It
// reports false, and indexes nothing, where a type cannot be decoded.
func (p *parser) indexBTF(spec *btf.Spec) bool {
	index := parser{
		datasecs: make(map[string][]btf.VarSecinfo),
		laidOut:  make(map[string]bool),
		funcs:    make(map[string]*btf.Func),
		used:     make(map[*btf.Enum]bool),
	}
	for t, err := range spec.All() {
		if err != nil {
			return false
		}
		index.add(t)
	}
	p.spec, p.datasecs, p.laidOut, p.funcs = spec, index.datasecs, index.laidOut, index.funcs
	p.externs, p.named, p.nameless, p.used = index.externs, index.named, index.nameless, index.used
	return true
}

func (p *parser) add(t btf.Type) {
	switch t := t.(type) {
	case *btf.Datasec:
		p.addDatasec(t)
	case *btf.Func:
		if old := p.funcs[t.Name]; old == nil || old.Linkage != btf.GlobalFunc {
			p.funcs[t.Name] = t
		}
	case *btf.Var:
		if t.Linkage == btf.ExternVar {
			p.externs = append(p.externs, extern{Var: t})
		}
	case *btf.Struct, *btf.Union, *btf.Enum, *btf.Typedef:
		if t.TypeName() != "" {
			p.named = append(p.named, t)
		}
	}
	p.addEnum(t)
}

// addEnum collects the enums without a tag, and those that something else names.
func (p *parser) addEnum(t btf.Type) {
	use := func(t btf.Type) {
		for array, ok := t.(*btf.Array); ok; array, ok = t.(*btf.Array) {
			t = array.Type
		}
		if e, ok := t.(*btf.Enum); ok && e.Name == "" {
			p.used[e] = true
		}
	}
	switch t := t.(type) {
	case *btf.Enum:
		if t.Name == "" {
			p.nameless = append(p.nameless, t)
		}
	case *btf.Typedef:
		use(underlying(t))
	case *btf.Var:
		use(underlying(t.Type))
	case *btf.Struct:
		for _, m := range t.Members {
			use(underlying(m.Type))
		}
	case *btf.Union:
		for _, m := range t.Members {
			use(underlying(m.Type))
		}
	}
}

// addDatasec also tells the externs, which come before it, their section.
func (p *parser) addDatasec(t *btf.Datasec) {
	p.datasecs[t.Name] = append(p.datasecs[t.Name], t.Vars...)
	p.laidOut[t.Name] = t.Size != 0
	members := make(map[btf.Type]bool, len(t.Vars))
	for _, info := range t.Vars {
		members[info.Type] = true
	}
	for i := range p.externs {
		if members[p.externs[i].Var] {
			p.externs[i].section = t.Name
		}
	}
}

func (p *parser) badType(spec *btf.Spec) error {
	for _, err := range spec.All() {
		if err != nil {
			return fmt.Errorf("malformed BTF: %w", err)
		}
	}
	return errors.New("malformed BTF")
}

// license reads the section "license".
func (p *parser) license() error {
	sec := p.elf.section("license")
	if sec == nil {
		return nil
	}
	data, err := p.elf.data(sec)
	p.obj.License = string(bytes.TrimRight(data, "\x00"))
	return err
}

// compiler reads the first line of the section .comment.
func (p *parser) compiler() error {
	sec := p.elf.section(".comment")
	if sec == nil {
		return nil
	}
	data, err := p.elf.data(sec)
	line, _, _ := bytes.Cut(bytes.TrimLeft(data, "\x00"), []byte{0})
	p.obj.Compiler = oneLine(string(line[:min(len(line), maxSpelling)]))
	return err
}

// ByGCC says whether GCC compiled the object. It writes other BTF than clang.
func (o *Object) ByGCC() bool { return strings.HasPrefix(o.Compiler, "GCC") }

// Unloadable says why no setting before Load makes the object load: what the
// library says of the file, or the kernel of its BTF; "" where nothing is known.
func (o *Object) Unloadable() string {
	if o.LoadError != nil {
		return oneLine(o.LoadError.Error())
	}
	for _, w := range o.Warnings {
		if w.Kind == refusedTypes {
			return w.String()
		}
	}
	return ""
}

// types converts all named types of the BTF.
func (p *parser) types() error {
	p.obj.layouts = &layouts{conv: p.conv}
	seen := make(map[Type]bool, len(p.named))
	for _, t := range p.named {
		ct, err := p.conv.declaration(t)
		if err != nil {
			return err
		}
		if o, opaque := ct.(*Opaque); !seen[ct] && !(opaque && o.Spelling == "") {
			seen[ct] = true
			p.obj.Types = append(p.obj.Types, ct)
		}
	}
	if err := p.enumerators(); err != nil {
		return err
	}
	p.obj.TypeWarnings = p.conv.notes
	sortDiagnostics(&p.obj.TypeWarnings)
	slices.SortFunc(p.obj.Types, compareTypes)
	return nil
}

// enumerators converts the enums of which C has the enumerators alone.
func (p *parser) enumerators() error {
	seen := make(map[Type]bool)
	for _, t := range p.nameless {
		if p.used[t] || len(t.Values) == 0 {
			continue
		}
		ct, err := p.conv.convert(t)
		if err != nil {
			return err
		}
		if e, ok := ct.(*Enum); ok && !seen[e] {
			seen[e] = true
			p.obj.Enumerators = append(p.obj.Enumerators, e)
		}
	}
	slices.SortStableFunc(p.obj.Enumerators, compareEnumerators)
	return nil
}

// compareEnumerators orders enums by what they declare.
func compareEnumerators(a, b *Enum) int {
	return cmp.Or(slices.CompareFunc(a.Values, b.Values, func(x, y EnumValue) int {
		return cmp.Or(cmp.Compare(x.Name, y.Name), cmp.Compare(x.Value, y.Value))
	}), cmp.Compare(a.Bytes, b.Bytes))
}

// finish checks that the object has anything to generate from, and sorts.
func (p *parser) finish() (*Object, error) {
	o := p.obj
	if p.spec == nil {
		if len(o.Maps) == 0 && len(o.Programs) == 0 && len(o.Variables) == 0 {
			return nil, errors.New("no BTF, and no maps, programs or variables either; compile with clang -g -O2 -target bpf")
		}
		p.warn("", "the object has no BTF, so maps and variables are known by size alone", "compile with clang -g")
	}
	p.checkMaps()
	p.warnLoadError()
	return o, o.sort()
}

func (p *parser) warn(at Path, what, remedy string) {
	p.obj.Warnings = append(p.obj.Warnings, Diagnostic{Path: at, What: what, Remedy: remedy})
}

// refused warns of what the library refuses the whole object for.
func (p *parser) refused(at Path, what, remedy string) {
	p.explained = true
	p.fails(at, "cilium/ebpf v0.22 loads nothing of an object with "+what, remedy)
}

// fails warns of what keeps the object from being loaded.
func (p *parser) fails(at Path, what, remedy string) {
	p.obj.Warnings = append(p.obj.Warnings, Diagnostic{Path: at, What: what, Remedy: remedy, Fails: true})
}

// warnLoadError says that the object will not load. The library's own words
// are for the case that nothing better is known: it walks Go maps, so that of
// several problems it names another one each time.
func (p *parser) warnLoadError() {
	if p.obj.LoadError != nil && !p.explained {
		p.fails("", "cilium/ebpf v0.22 cannot load the object: "+p.obj.LoadError.Error(), "mend what it names, or leave that out")
	}
}

// btfByteOrder reads the order off the magic 0xEB9F, which both decoders check.
func btfByteOrder(raw []byte) binary.ByteOrder {
	if len(raw) >= 2 && raw[0] == 0xEB {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

func isBTFMagic(head []byte) bool {
	return len(head) >= 2 && (head[0] == 0x9F && head[1] == 0xEB || head[0] == 0xEB && head[1] == 0x9F)
}
