// Package btfparse turns the bytes of a compiled eBPF object, or of raw BTF,
// into facts about C: maps, programs, variables and types.
//
// It knows nothing of Go names or of what will be printed, and no type of
// cilium/ebpf/btf leaves it. Everything in an [Object] is sorted, resolved and
// interned, so that two runs over the same bytes give the same Object and two
// structurally identical C types are one node.
//
// Where to go next: type.go has the sealed set of C types, parse.go the way
// from bytes to Object, maps.go, programs.go and variables.go one kind of
// object each, sections.go libbpf's table of SEC() prefixes, declare.go how C
// writes a type, match.go how users name one, dump.go the text
// form that the golden files hold.
package btfparse

import "encoding/binary"

// Object is everything that bpfgen knows of one compiled eBPF object, or of
// one piece of raw BTF (which has Types alone).
type Object struct {
	// ByteOrder of the object: binary.LittleEndian (bpfel) or binary.BigEndian (bpfeb).
	ByteOrder binary.ByteOrder
	// License is the content of the section "license", without the final NUL.
	License string
	// Compiler is what the section .comment says of it: "GCC: (GNU) 14.2.0".
	// Empty where there is none, as of clang with -fno-ident.
	Compiler string
	// Maps, sorted by name. The maps that libbpf and cilium/ebpf make of data
	// sections (.rodata, .bss, …) are not among them: see Variables.
	Maps []*Map
	// Programs, sorted by name. Functions of .text (subprograms) are not among them.
	Programs []*Program
	// Variables, sorted by section, offset, name.
	Variables []*Variable
	// TypesOnly is true for raw BTF and for an ELF that is no eBPF object, such
	// as a vmlinux: there is nothing but Types.
	TypesOnly bool
	// Types are all named structs, unions and enums and all typedefs of the
	// BTF, sorted by C name, then by kind, then by structure. Identical types
	// are one.
	Types []Type
	// Enumerators are the enums that nothing names: neither a tag nor a typedef,
	// nor a member that they are the type of. All that C code sees of them are
	// their enumerators. Sorted by the first of these, then by structure.
	Enumerators []*Enum
	// Warnings name what the object holds and cilium/ebpf v0.22 will not load,
	// or what BTF cannot describe. Sorted by path.
	Warnings []Diagnostic
	// layouts makes them for Layout; nil without BTF.
	layouts *layouts
	// TypeWarnings are about types alone. Sorted.
	TypeWarnings []Diagnostic
	// LoadError is what [ebpf.LoadCollectionSpecFromReader] said of the object,
	// nil where it accepts it. Of several problems the library names another
	// one each time, so the text belongs into no output that must not change.
	LoadError error
}

// Map is one map definition: a variable of the section .maps (or legacy
// "maps"), a .struct_ops variable, or an inner map.
type Map struct {
	Name    string
	Section string
	Type    MapType
	// KeySize and ValueSize in bytes, 0 where the definition gives none.
	KeySize, ValueSize uint32
	// Key and Value are what __type(key, T) and __type(value, T) name; nil
	// where the definition has no BTF for them. A ring buffer or perf event
	// array may have a Value and a ValueSize of 0: that is its event type.
	Key, Value Type
	MaxEntries uint32
	Flags      uint32
	NumaNode   uint32
	MapExtra   uint64
	// Pinning is LIBBPF_PIN_NONE (0) or LIBBPF_PIN_BY_NAME (1).
	Pinning uint32
	// Inner is the definition of the maps inside an ARRAY_OF_MAPS or HASH_OF_MAPS.
	Inner *Map
	// Contents are the names that __array(values, …) = { … } puts into the
	// slots of a map of programs or maps, by slot; nil where there are none. In
	// a STRUCT_OPS map they are the programs in the struct, and the key is the
	// byte offset of the member.
	Contents []MapSlot
	// Tags are the btf_decl_tag attributes of the definition, in C order; those
	// that start with [EventTag] name the types of its records.
	Tags []string
	// Legacy is true for a struct bpf_map_def in the section "maps".
	Legacy bool
}

// MapSlot is one statically initialised slot of a map of programs or maps.
type MapSlot struct {
	Key  uint32
	Name string
}

// Path of the map, for messages.
func (m *Map) Path() Path { return Path("map " + m.Name) }

// Program is one entry point: a function of a section other than .text.
type Program struct {
	Name string
	// Section as written in SEC(), the leading "?" included.
	Section string
	// Prefix is the row of libbpf's section_defs that the section matches
	// ("kprobe+", "xdp", …), by libbpf's rule or else by that of cilium/ebpf
	// (see sections.go); "" where neither knows one.
	Prefix string
	// Type and AttachType of that row; ProgUnspec where there is none.
	Type       ProgType
	AttachType AttachType
	// Target is what stands behind the prefix's "/" ("tcp_connect",
	// "sched/sched_switch", "/lib/libc.so.6:malloc"), "" where nothing does.
	Target string
	// Sleepable is set by the ".s" sections and by "syscall".
	Sleepable bool
	// Frags is set by the "xdp.frags" sections.
	Frags bool
	// NoAutoload is true where SEC() starts with "?": the program is loaded
	// only when the user asks for it.
	NoAutoload bool
	// Static is true for a function with internal linkage, which cilium/ebpf
	// takes for a program and libbpf refuses.
	Static bool
	// Tags are the btf_decl_tag attributes of the function, in C order.
	Tags []string
}

// Path of the program, for messages.
func (p *Program) Path() Path { return Path("program " + p.Name) }

// VariableKind says where a variable lives and what may be done with it.
type VariableKind int

const (
	// VarData is a writable variable: .data*, .bss*.
	VarData VariableKind = iota
	// VarConst is a constant: .rodata*. Settable before load, read-only after.
	VarConst
	// VarKconfig is an extern of .kconfig, filled from the kernel's
	// configuration at load.
	VarKconfig
	// VarKsym is an extern of .ksyms: a kernel symbol, resolved at load. It has
	// no storage that user space could read.
	VarKsym
	// VarArena lives in .addr_space.1, inside the object's arena.
	VarArena
	// VarExtern is an unresolved extern of another object ("unlinked").
	VarExtern
)

// Variable is one global or static variable.
type Variable struct {
	// Name in C. Compilers add the function and a number to the symbol of a
	// variable that is static in a function; here they are gone.
	Name    string
	Section string
	// Offset in the section and Size, in bytes.
	Offset, Size uint32
	Kind         VariableKind
	// Static is true for internal linkage and for __hidden variables:
	// cilium/ebpf shows neither.
	Static bool
	// Weak is true for __weak externs, which may be missing at load.
	Weak bool
	// Local is true for a variable that is static within a function, such as
	// the format of bpf_printk. Nothing but that function is meant to use it,
	// and compilers merge and drop such variables as they like.
	Local bool
	// Function is the function of a Local variable, "" where the symbol does
	// not say it (GCC's do not).
	Function string
	// Marks is set for a pointer that nothing in the object refers to, such as
	// "struct event *unused": it is there to keep the type that it points to in
	// the BTF, and that is this type.
	Marks Type
	// Unfilled are the offsets in the variable, in bytes, of the addresses that
	// it is initialised with. No loader puts them in: the memory has 0 there, or
	// an offset within another section.
	Unfilled []uint32
	Type     Type
	Tags     []string
}

// Path of the variable, for messages.
func (v *Variable) Path() Path {
	if v.Function != "" {
		return Path("function " + v.Function).Join("variable " + v.Name)
	}
	return Path("variable " + v.Name)
}

// EventTag starts a btf_decl_tag that names a type of a map's records.
const EventTag = TagPrefix + "event="
