package usdt

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// This file writes what bpf_usdt_arg of libbpf's usdt.bpf.h reads: for each
// place of a probe, struct __bpf_usdt_spec, which says for each argument where
// in the registers or in memory it is.

// argKind is enum __bpf_usdt_arg_type of usdt.bpf.h.
type argKind uint8

const (
	constant argKind = iota // a number
	register                // in a register
	memory                  // in memory, at a register and an offset
	indexed                 // in memory, at base + index<<scale + offset (libbpf ≥ 1.7)
)

// argument is one argument.
type argument struct {
	kind argKind
	// value is the number, or the offset of memory.
	value int64
	// register and index are offsets in the kernel's struct pt_regs, in bytes.
	register, index int
	// scale is the shift of index.
	scale int
	// size in bytes: 1, 2, 4, 8.
	size   int
	signed bool
}

// maxArgs is BPF_USDT_MAX_ARG_CNT of usdt.bpf.h.
const maxArgs = 12

// layout is one of the two forms of struct __bpf_usdt_spec: the arguments,
// then bpf_usdt_cookie, 8 bytes, then their number, 2 bytes. Which one a program
// was compiled with shows in the size of the map's values.
type layout struct {
	// argSize is that of struct __bpf_usdt_arg_spec, in bytes.
	argSize int
	// encode writes what stands behind val_off, the first 8 bytes.
	encode func(order binary.ByteOrder, b []byte, a argument)
	// indexed says whether it can say indexed.
	indexed bool
}

// layoutOf is the layout for a size of the map's values. libbpf 1.7 put bitfields into
// the struct that made it larger: a 12-bit field of type __u16 does not cross a
// boundary of 16 bits, and moves everything behind it (measured with clang 19
// for bpfel and bpfeb).
func layoutOf(size uint32) (l layout, ok bool) {
	switch size {
	case maxArgs*16 + 16:
		return layout{argSize: 16, encode: encodeArgBefore17}, true
	case maxArgs*24 + 16:
		return layout{argSize: 24, encode: encodeArgSince17, indexed: true}, true
	}
	return layout{}, false
}

// encodeArgBefore17 writes arg_type, 4 bytes; reg_off, 2; arg_signed and
// arg_bitshift, 1 each.
func encodeArgBefore17(order binary.ByteOrder, b []byte, a argument) {
	order.PutUint32(b[8:], uint32(a.kind))
	order.PutUint16(b[12:], uint16(a.register))
	b[14], b[15] = a.sign(), a.bitshift()
}

// encodeArgSince17 writes arg_type, 1 byte; idx_reg_off:12 and
// scale_bitshift:4, 2 bytes; reg_off, 2; arg_signed and arg_bitshift, 1 each.
// In big-endian objects arg_type stands behind the bitfields.
func encodeArgSince17(order binary.ByteOrder, b []byte, a argument) {
	if order.Uint16([]byte{1, 0}) == 1 { // little-endian
		b[8] = byte(a.kind)
		order.PutUint16(b[10:], uint16(a.index)|uint16(a.scale)<<12)
	} else {
		order.PutUint16(b[10:], uint16(a.index)<<4|uint16(a.scale))
		b[12] = byte(a.kind)
	}
	order.PutUint16(b[14:], uint16(a.register))
	b[16], b[17] = a.sign(), a.bitshift()
}

func (a argument) sign() byte {
	if a.signed {
		return 1
	}
	return 0
}

// bitshift is how many upper bits of 64 are not the argument's.
func (a argument) bitshift() byte { return byte(64 - 8*a.size) }

// MachineError says that the arguments of a file's probes cannot be read,
// because they are written in the assembler of a machine that is not known here.
type MachineError struct{ Machine elf.Machine }

func (e *MachineError) Error() string {
	return fmt.Sprintf("the arguments of probes in files for %s cannot be read, only those of %s and %s", e.Machine, elf.EM_X86_64, elf.EM_AARCH64)
}

// Encode writes the struct __bpf_usdt_spec of a place, for a program whose map
// of specs has values of size bytes.
func Encode(order binary.ByteOrder, size uint32, p Place, cookie uint64) ([]byte, error) {
	args, err := parseArgs(p.Machine, p.Args)
	if err != nil {
		return nil, err
	}
	return encode(order, size, args, cookie)
}

func encode(order binary.ByteOrder, size uint32, args []argument, cookie uint64) ([]byte, error) {
	layout, ok := layoutOf(size)
	if !ok {
		return nil, fmt.Errorf("values of %d bytes are not those of libbpf's usdt.bpf.h", size)
	}
	b := make([]byte, size)
	for i, a := range args {
		if a.kind == indexed && !layout.indexed {
			return nil, fmt.Errorf("argument %d needs the usdt.bpf.h of libbpf 1.7 or newer", i)
		}
		arg := b[i*layout.argSize:]
		order.PutUint64(arg, uint64(a.value))
		layout.encode(order, arg, a)
	}
	rest := b[maxArgs*layout.argSize:]
	order.PutUint64(rest, cookie)
	order.PutUint16(rest[8:], uint16(len(args)))
	return b, nil
}

// syntax is how an architecture's assembler writes arguments. The groups
// are named size, off, reg, idx, scale.
type syntax struct {
	forms []form
	// register finds the offset in struct pt_regs.
	register func(name string) (int, bool)
}

type form struct {
	kind argKind
	re   *regexp.Regexp
}

func newForm(kind argKind, re string) form {
	return form{kind, regexp.MustCompile(`^\s*(?P<size>-?\d+)\s*@\s*` + re + `(\s+|$)`)}
}

// syntaxOf is that of the machine that a file is for, which is the one whose
// struct pt_regs the program sees, whatever GOARCH is. It is made when it is
// needed: most programs never do, and need not carry package regexp's compiler
// into their start.
func syntaxOf(machine elf.Machine) (syntax, error) {
	switch machine {
	case elf.EM_X86_64:
		return syntax{
			forms: []form{
				newForm(indexed, `(?P<off>-?\d+)?\(\s*%(?P<reg>\w+)\s*,\s*%(?P<idx>\w+)\s*(,\s*(?P<scale>\d))?\s*\)`),
				newForm(memory, `(?P<off>-?\d+)?\(\s*%(?P<reg>\w+)\s*\)`),
				newForm(register, `%(?P<reg>\w+)`),
				newForm(constant, `\$(?P<off>-?\d+)`),
			},
			register: amd64Register,
		}, nil
	case elf.EM_AARCH64:
		return syntax{
			forms: []form{
				newForm(memory, `\[\s*(?P<reg>[a-z]\w*)\s*(,\s*(?P<off>-?\d+))?\s*\]`),
				newForm(constant, `(?P<off>-?\d+)`),
				newForm(register, `(?P<reg>[a-z]\w*)`),
			},
			register: arm64Register,
		}, nil
	default:
		return syntax{}, &MachineError{machine}
	}
}

// parseArgs reads all arguments of one place.
func parseArgs(machine elf.Machine, args string) ([]argument, error) {
	args = strings.TrimSpace(args)
	if args == "" {
		return nil, nil
	}
	syntax, err := syntaxOf(machine)
	if err != nil {
		return nil, err
	}
	var parsed []argument
	for rest := args; rest != ""; {
		a, n, err := syntax.parse(rest)
		if err != nil {
			return nil, fmt.Errorf("arguments %q of the probe: %w", args, err)
		}
		parsed, rest = append(parsed, a), rest[n:]
	}
	if len(parsed) > maxArgs {
		return nil, fmt.Errorf("arguments %q of the probe: more than %d", args, maxArgs)
	}
	return parsed, nil
}

// parse reads the first argument and says how long it is.
func (s syntax) parse(args string) (argument, int, error) {
	for _, f := range s.forms {
		m := f.re.FindStringSubmatch(args)
		if m == nil {
			continue
		}
		a, err := s.argument(f, m)
		return a, len(m[0]), err
	}
	if symbol := symbolic().FindStringSubmatch(args); symbol != nil && strings.HasSuffix(firstWord(args), symbol[0]) {
		return argument{}, 0, fmt.Errorf("the file has no symbol %s, or several: is it stripped?", symbol[2])
	}
	return argument{}, 0, fmt.Errorf("no known form: %q", args)
}

// firstWord is the first argument.
func firstWord(args string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(args), " ")
	return first
}

func (s syntax) argument(f form, m []string) (argument, error) {
	group := func(name string) string {
		if i := f.re.SubexpIndex(name); i >= 0 {
			return m[i]
		}
		return ""
	}
	a := argument{kind: f.kind}
	size, err := strconv.Atoi(group("size"))
	a.signed, a.size = size < 0, max(size, -size)
	if err != nil || !slices.Contains([]int{1, 2, 4, 8}, a.size) {
		return a, fmt.Errorf("size %s", group("size"))
	}
	if off := group("off"); off != "" {
		if a.value, err = strconv.ParseInt(off, 10, 64); err != nil {
			return a, err
		}
	}
	if a.register, err = s.registerOffset(group("reg")); err != nil {
		return a, err
	}
	if a.index, err = s.registerOffset(group("idx")); err != nil {
		return a, err
	}
	a.scale = slices.Index([]string{"1", "2", "4", "8"}, group("scale"))
	if a.scale < 0 && group("scale") != "" {
		return a, fmt.Errorf("scale %s", group("scale"))
	}
	a.scale = max(a.scale, 0)
	return a, nil
}

// registerOffset is 0 for no register.
func (s syntax) registerOffset(name string) (int, error) {
	if name == "" {
		return 0, nil
	}
	if off, ok := s.register(name); ok {
		return off, nil
	}
	return 0, fmt.Errorf("register %s", name)
}

// amd64Registers in the order of struct pt_regs (arch/x86/include/asm/ptrace.h),
// 8 bytes each, with the names of their lower parts.
var amd64Registers = [...]string{
	"r15 r15d r15w r15b", "r14 r14d r14w r14b", "r13 r13d r13w r13b", "r12 r12d r12w r12b",
	"rbp ebp bp bpl", "rbx ebx bx bl",
	"r11 r11d r11w r11b", "r10 r10d r10w r10b", "r9 r9d r9w r9b", "r8 r8d r8w r8b",
	"rax eax ax al", "rcx ecx cx cl", "rdx edx dx dl", "rsi esi si sil", "rdi edi di dil",
	"orig_rax", "rip eip", "cs", "eflags", "rsp esp sp spl",
}

func amd64Register(name string) (int, bool) {
	i := slices.IndexFunc(amd64Registers[:], func(names string) bool {
		return slices.Contains(strings.Fields(names), name)
	})
	return 8 * i, i >= 0
}

// arm64Register knows x0 to x30 (w0 to w30 for the lower halves), sp and pc, in
// this order in struct user_pt_regs (arch/arm64/include/uapi/asm/ptrace.h).
func arm64Register(name string) (int, bool) {
	switch name {
	case "sp":
		return 8 * 31, true
	case "pc":
		return 8 * 32, true
	}
	n, err := strconv.Atoi(strings.TrimLeft(name, "xw"))
	return 8 * n, err == nil && n <= 30
}
