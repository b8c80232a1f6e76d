package typed

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"

	"github.com/bpfgen/bpfgen/typed/internal/kernelsym"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/features"
)

// This file tells what the kernel lacks (a type of programs or maps, a helper, a
// target, a way to attach, a field that a relocation needs) from what is wrong
// with a program: only the first is a reason to leave an optional program out.

// lacking are the functions of this file. Only who calls Optional, OptionalIf or
// FirstOf refers to them, so that the others' programs do not have them.
type lacking struct {
	program func(st *programState, spec *ebpf.ProgramSpec, err error, opts ebpf.ProgramOptions) bool
	maps    func(*ebpf.MapSpec) error
	hook    func(*progKind, *ebpf.ProgramSpec) error
	attach  func(*progKind, *ebpf.ProgramSpec, error) bool

	// begin and refused are methods of loading: what is tried first, and what is done
	// about a program that was refused. leave is leaveOutMap.
	begin   func(*loading) error
	refused func(l *loading, lacks *lacking, err *LoadError, prog *ebpf.ProgramSpec, cause error) error
	leave   func(*ebpf.CollectionSpec, string)
}

var kernelLacks = &lacking{lacksForProgram, lacksMap, lacksHook, lacksForAttach, (*loading).beginOptional, (*loading).leaveRefused, leaveOutMap}

// lacksForProgram says whether a program is refused for what the kernel lacks.
func lacksForProgram(st *programState, spec *ebpf.ProgramSpec, err error, opts ebpf.ProgramOptions) bool {
	switch {
	case lackingInLog(err) != "":
		return true
	case errors.Is(err, os.ErrPermission), hasVerifierLog(err):
		return false
	case errors.Is(err, ebpf.ErrNotSupported), errors.Is(err, btf.ErrNotFound):
		return true
	case st.kind != nil && st.kind.cause() != "":
		return true
	case st.loader != nil:
		return false
	}
	return headerRefused(spec, opts)
}

// lackingInLog is what the verifier says is not there, at the end of its log:
//
//	invalid func unknown#195                         a helper of newer kernels (4.10)
//	unknown func bpf_get_func_ip#173                 not for this program type
//	program of this type cannot use helper bpf_…#173 the same since 6.12
//	(18) r10 = 0xbad2310                             a load that CO-RE could not relocate
//	calling kernel function bpf_… is not allowed     not for this program type
//
// Calls that the library could not relocate, and weak kernel functions that are
// not there, are helpers with numbers that never were.
func lackingInLog(err error) string {
	var verifier *ebpf.VerifierError
	if !errorAs(err, &verifier) {
		return ""
	}
	log := verifierVerdict(verifier.Log)
	for _, line := range slices.Backward(log[max(0, len(log)-6):]) {
		for _, f := range lackingLines {
			if found := f.in(line); found != "" {
				return found
			}
		}
	}
	return ""
}

// verifierVerdict is a log without the report that Linux 7.3 prints below the
// verifier's own last words: an empty line, "Verification failed: …", the reason,
// the instructions and a suggestion.
func verifierVerdict(log []string) []string {
	for i, line := range slices.Backward(log) {
		if strings.HasPrefix(strings.TrimSpace(line), "Verification failed:") {
			return log[:i]
		}
	}
	return log
}

// lackingLines are those texts, by hand: package regexp would be in every program.
var lackingLines = []logForm{
	{"invalid func unknown#", isDigit, ""},
	{"unknown func ", isWord, "#"},
	{"program of this type cannot use helper ", isWord, "#"},
	{"(18) r10 = 0xbad2310", nil, ""},
	{"calling kernel function ", isWord, " is not allowed"},
}

// logForm is a text with a word in it. A word that "#" follows has a number there.
type logForm struct {
	before string
	word   func(byte) bool // nil: none
	after  string
}

// in finds the text in a line.
func (f logForm) in(line string) string {
	start := strings.Index(line, f.before)
	if start < 0 {
		return ""
	}
	line = line[start:]
	end := len(f.before)
	if f.word != nil {
		if end = skip(line, end, f.word); end == len(f.before) || !strings.HasPrefix(line[end:], f.after) {
			return ""
		}
	}
	end += len(f.after)
	if f.after != "#" {
		return line[:end]
	}
	number := end
	if end = skip(line, end, isDigit); end == number {
		return ""
	}
	return line[:end]
}

// skip is where the bytes of a kind end that begin at i.
func skip(s string, i int, kind func(byte) bool) int {
	for i < len(s) && kind(s[i]) {
		i++
	}
	return i
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isWord(c byte) bool {
	return isDigit(c) || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || c == '_'
}

// lackingRemedy says what a line of lackingInLog means.
func lackingRemedy(line string) string {
	switch {
	case line == "":
		return ""
	case strings.HasSuffix(line, fmt.Sprint("#", uint32(btf.COREBadRelocationSentinel))), strings.Contains(line, "0xbad2310"):
		return "it reaches a CO-RE relocation that this kernel's types do not have: guard it with bpf_core_field_exists, or mark the program Optional"
	case strings.Contains(line, "kernel function"):
		return "this kernel does not let programs of this type call that function"
	}
	return "this kernel does not have that helper for programs of this type"
}

// headerRefused says whether the kernel refuses even a program that does
// nothing, with the same type, attach type, target and flags.
func headerRefused(spec *ebpf.ProgramSpec, opts ebpf.ProgramOptions) bool {
	if spec.AttachTarget != nil {
		return false
	}
	for _, ret := range []int32{0, 1} { // some types insist on one of these
		probe := &ebpf.ProgramSpec{
			Name: "probe", Type: spec.Type, AttachType: spec.AttachType, AttachTo: spec.AttachTo,
			Flags: spec.Flags, Ifindex: spec.Ifindex, License: "GPL",
			Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, ret), asm.Return()},
		}
		prog, err := ebpf.NewProgramWithOptions(probe, ebpf.ProgramOptions{KernelTypes: opts.KernelTypes, LogLevel: ebpf.LogLevelBranch})
		if err == nil {
			prog.Close()
			return false
		}
		if hasVerifierLog(err) || !isUnsupported(err) && !errors.Is(err, fs.ErrNotExist) {
			return false
		}
	}
	return true
}

// lacksMap is why the kernel cannot create such a map, nil if it can, or if it
// is the spec that is wrong. Of struct_ops it may lack the struct alone:
// sched_ext_ops, say.
func lacksMap(spec *ebpf.MapSpec) error {
	// The library has another error for a type that it does not know, and asks for
	// storage of cgroups with keys of 12 bytes on 32 bits, which no 64-bit kernel takes
	// (cilium/ebpf v0.22, features/map.go).
	if err := features.HaveMapType(spec.Type); err != nil {
		try := tryMap(spec)
		if try != nil && (errors.Is(err, ebpf.ErrNotSupported) || isUnsupported(try)) {
			return fmt.Errorf("the kernel has no %s maps: %w", spec.Type, ebpf.ErrNotSupported)
		}
	}
	if spec.Type == ebpf.StructOpsMap {
		if spec.Flags&structOpsLink != 0 && olderThan("6.4") {
			return fmt.Errorf("a link of a struct_ops map %s: %w", needsNewer("6.4"), ebpf.ErrNotSupported)
		}
		// The library looks for the struct in the kernel's types.
		if err := tryMap(spec); errors.Is(err, ebpf.ErrNotSupported) {
			return fmt.Errorf("the kernel has no such struct_ops: %w", err)
		}
	}
	if spec.Flags == 0 || tryMap(spec) == nil {
		return nil
	}
	plain := spec.Copy()
	plain.Flags = 0
	if err := tryMap(spec); isUnsupported(err) && tryMap(plain) == nil {
		return fmt.Errorf("the kernel does not know the flags %#x of %s maps: %w", spec.Flags, spec.Type, ebpf.ErrNotSupported)
	}
	return nil
}

// tryMap creates a map without content and name, and closes it.
func tryMap(spec *ebpf.MapSpec) error {
	probe := spec.Copy()
	probe.Contents, probe.Pinning = nil, ebpf.PinNone
	m, err := ebpf.NewMap(probe)
	if err != nil {
		return err
	}
	return m.Close()
}

// lacksHook is why the kernel cannot attach such programs although it may load
// them, nil where nothing is known.
func lacksHook(k *progKind, spec *ebpf.ProgramSpec) error {
	if k == nil {
		return nil
	}
	if cause := k.cause(); cause != "" {
		return fmt.Errorf("%s: %w", cause, ebpf.ErrNotSupported)
	}
	switch k {
	case &kindTCX:
		if olderThan("6.6") {
			return fmt.Errorf("TCX %s: %w", needsNewer("6.6"), ebpf.ErrNotSupported)
		}
	case &kindKprobe, &kindKretprobe, &kindKsyscall, &kindKretsyscall:
		if !haveProbes("kprobe") {
			return fmt.Errorf("the kernel has no kprobes: %w", ebpf.ErrNotSupported)
		}
		return lacksFunction(k, spec.AttachTo)
	case &kindUprobe, &kindUretprobe, &kindUSDT:
		if !haveProbes("uprobe") {
			return fmt.Errorf("the kernel has no uprobes: %w", ebpf.ErrNotSupported)
		}
	case &kindKprobeMulti, &kindKretprobeMulti, &kindKprobeSession:
		if !haveKprobeMulti(k) {
			return fmt.Errorf("the kernel has no kprobe.multi: %w", ebpf.ErrNotSupported)
		}
	}
	return nil
}

// haveProbes says whether the kernel has probes of a kind, "kprobe" or
// "uprobe": as a PMU, or in tracefs.
func haveProbes(name string) bool {
	if _, err := os.Stat("/sys/bus/event_source/devices/" + name + "/type"); err == nil {
		return true
	}
	f, err := kernelsym.OpenTracefs(name + "_events")
	if err == nil {
		f.Close()
	}
	return !errors.Is(err, fs.ErrNotExist)
}

// lacksFunction says whether the function of a kprobe's section is not there.
func lacksFunction(k *progKind, symbol string) error {
	name, _, _ := strings.Cut(symbol, "+")
	if name == "" || k == &kindKsyscall || k == &kindKretsyscall {
		return nil
	}
	variants, err := kernelsym.Variants(name)
	if err != nil || slices.Contains(variants, name) {
		return nil
	}
	return fmt.Errorf("the kernel has no function %s: %w", name, ebpf.ErrNotSupported)
}

// lacksForAttach says whether a program could not be attached for what the
// kernel lacks: the hook, or its target.
func lacksForAttach(k *progKind, spec *ebpf.ProgramSpec, err error) bool {
	switch {
	case errors.Is(err, os.ErrPermission), isNoTracefs(err):
		return false
	case errors.Is(err, ebpf.ErrNotSupported), errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.EADDRNOTAVAIL):
		return true
	}
	return isUnsupported(err) && spec != nil && lacksHook(k, spec) != nil
}
