// Package probe asks the kernel that it runs on which helpers and kernel
// functions each kind of program may call, and prints what it says:
//
//	ALLOWED helper xdp bpf_map_lookup_elem
//	ALLOWED kfunc xdp bpf_dynptr_from_xdp
//	PROBED helper xdp
//
// The table in forecast/allowed.txt is made of these lines (../allowed.go). Of
// a use without a line PROBED nothing is known on that kernel.
package probe

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/rlimit"

	"github.com/bpfgen/bpfgen/internal/bpfuse"
)

// probeVariable turns the test on, for one kind of program or for all: that takes
// minutes.
const (
	probeVariable = "BPFGEN_TEST_PROBE"
	allUses       = "1"
)

func TestAllowed(t *testing.T) {
	if os.Getenv(probeVariable) == "" {
		t.Skip(probeVariable + " is not set")
	}
	if err := rlimit.RemoveMemlock(); err != nil {
		t.Fatal(err)
	}
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		t.Fatal(err)
	}
	p := prober{kernel: kernel, cache: btf.NewCache(), licensed: make(map[string]bool), noted: make(map[string]bool)}
	helpers, err := p.helpers()
	if err != nil {
		t.Fatal(err)
	}
	kfuncs := p.kfuncs()
	for _, name := range slices.Sorted(maps.Keys(helpers)) {
		fmt.Println("EXISTS helper", name)
	}
	for _, name := range slices.Sorted(maps.Keys(kfuncs)) {
		fmt.Println("EXISTS kfunc", name)
	}
	only := os.Getenv(probeVariable)
	for _, use := range bpfuse.Uses {
		if only == allUses || use.Name == only {
			p.use(use, helpers, kfuncs)
		}
	}
	p.hooks()
	printInjectable()
}

// hooks says at which LSM hooks programs may be, and which of them may sleep.
func (p *prober) hooks() {
	probed := make(map[string]bool)
	for t, err := range p.kernel.All() {
		fn, ok := t.(*btf.Func)
		if err != nil || !ok || !strings.HasPrefix(fn.Name, "bpf_lsm_") {
			continue
		}
		name := strings.TrimPrefix(fn.Name, "bpf_lsm_")
		fmt.Println("EXISTS hook", name)
		for _, use := range bpfuse.Uses {
			if use.Name != "lsm" && use.Name != "lsm.s" {
				continue
			}
			use.Target = name
			if _, err := p.loads(use); err == nil {
				fmt.Println("ALLOWED hook", use.Name, name)
				probed[use.Name] = true
			}
		}
	}
	for use := range probed { // of the others all are refused, by a policy
		fmt.Println("PROBED hook", use)
	}
}

// printInjectable lists the functions whose result programs may change, and in
// which they may sleep, system calls left out.
func printInjectable() {
	list, err := os.ReadFile("/sys/kernel/debug/error_injection/list")
	if err != nil {
		fmt.Println("#", err)
		return
	}
	fmt.Println("PROBED injectable fmod_ret")
	for line := range strings.Lines(string(list)) {
		if name, _, _ := strings.Cut(strings.TrimSpace(line), "\t"); !strings.Contains(name, "_sys_") {
			fmt.Println("EXISTS injectable", name)
			fmt.Println("ALLOWED injectable fmod_ret", name)
		}
	}
}

type prober struct {
	kernel *btf.Spec
	cache  *btf.Cache
	// licensed are the functions whose license has been asked about.
	licensed map[string]bool
	// noted are the forms of what the verifier says.
	noted map[string]bool
}

// helpers are the kernel's, by name.
func (p *prober) helpers() (map[string]asm.Instruction, error) {
	var enum *btf.Enum
	if err := p.kernel.TypeByName("bpf_func_id", &enum); err != nil {
		return nil, err
	}
	helpers := make(map[string]asm.Instruction)
	for _, v := range enum.Values {
		if name, ok := strings.CutPrefix(v.Name, "BPF_FUNC_"); ok && name != "unspec" {
			helpers["bpf_"+name] = asm.BuiltinFunc(v.Value).Call()
		}
	}
	return helpers, nil
}

// kfuncName are functions that may be kernel functions: all that are called so
// and some that are not. Kernels since 6.10 mark them in BTF, older ones do not.
var kfuncName = regexp.MustCompile(`^(bpf_|cgroup_rstat_|crash_kexec$|tcp_|cubictcp_|dctcp_|bbr_|scx_|hid_bpf_|cast_|cpumask_)`)

// notKfunc are names of functions that BTF has by the hundred and that are none.
var notKfunc = regexp.MustCompile(`^(bpf_prog_|bpf_map_|bpf_lsm_|bpf_iter_(init|fini)_|bpf_jit_|bpf_trampoline|bpf_link_)`)

func (p *prober) kfuncs() map[string]asm.Instruction {
	var marked, named []*btf.Func
	for t, err := range p.kernel.All() {
		if err != nil {
			break
		}
		fn, ok := t.(*btf.Func)
		switch {
		case !ok:
		case slices.Contains(fn.Tags, "bpf_kfunc"):
			marked = append(marked, fn)
		case kfuncName.MatchString(fn.Name) && !notKfunc.MatchString(fn.Name):
			named = append(named, fn)
		}
	}
	if marked == nil {
		marked = named
	}
	kfuncs := make(map[string]asm.Instruction)
	for _, fn := range marked {
		id, err := p.kernel.TypeID(fn)
		if err != nil {
			continue
		}
		kfuncs[fn.Name] = asm.Instruction{OpCode: asm.OpCode(asm.JumpClass).SetJumpOp(asm.Call), Src: asm.PseudoKfuncCall, Constant: int64(id)}
	}
	return kfuncs
}

// use asks about every function, unless a program of the kind does not load at all.
func (p *prober) use(use bpfuse.Use, helpers, kfuncs map[string]asm.Instruction) {
	spec, err := p.loads(use)
	if err != nil {
		fmt.Printf("# %s: %v\n", use.Name, err)
		return
	}
	raw := p.raw(spec)
	for kind, functions := range map[string]map[string]asm.Instruction{"helper": helpers, "kfunc": kfuncs} {
		fmt.Println("PROBED", kind, use.Name)
		for _, name := range slices.Sorted(maps.Keys(functions)) {
			if !p.allowed(raw, spec, name, functions[name]) {
				continue
			}
			fmt.Println("ALLOWED", kind, use.Name, name)
			if kind == "helper" && !p.licensed[name] {
				p.licensed[name] = true
				p.license(spec, name, functions[name])
			}
		}
	}
}

// loads finds a program of the kind that loads: the return value and the name of
// the target differ.
func (p *prober) loads(use bpfuse.Use) (*ebpf.ProgramSpec, error) {
	targets := []string{use.Target}
	if use.Target == bpfuse.SyscallTarget {
		targets = []string{"__x64_sys_getpgid", "__arm64_sys_getpgid", "__s390x_sys_getpgid", "__riscv_sys_getpgid"}
	}
	var errs []error
	for _, target := range targets {
		for _, ret := range []int32{0, 1} {
			spec := &ebpf.ProgramSpec{
				Type: use.Type, AttachType: use.Attach, AttachTo: target, License: "GPL",
				Instructions: asm.Instructions{asm.Mov.Imm(asm.R0, ret), asm.Return()},
			}
			if use.Sleepable {
				spec.Flags = 1 << 4 // BPF_F_SLEEPABLE
			}
			err := p.load(spec)
			if err == nil {
				return spec, nil
			}
			errs = append(errs, err)
		}
	}
	return nil, errors.Join(errs...)
}

func (p *prober) load(spec *ebpf.ProgramSpec) error {
	coll, err := ebpf.NewCollectionWithOptions(&ebpf.CollectionSpec{Programs: map[string]*ebpf.ProgramSpec{"probe": spec}}, ebpf.CollectionOptions{Cache: p.cache})
	if err == nil {
		coll.Close()
	}
	return err
}

// refusals are what the verifier says of a function that this type of program
// may not call; everything else it says of a call that it looked at.
var refusals = regexp.MustCompile(`unknown func |invalid func |unexpected __bpf_trap|uses reserved fields|cannot use helper|is not allowed|not supported without|kernel function .* does not exist|not a function|cannot be called from|calling kernel functions? .* is not|might sleep|must be sleepable|non-sleepable`)

// license asks whether a program under another license than the GPL may call it.
func (p *prober) license(spec *ebpf.ProgramSpec, name string, call asm.Instruction) {
	spec = spec.Copy()
	spec.License = "Apache-2.0"
	spec.Instructions = append(asm.Instructions{call}, spec.Instructions...)
	var refused *ebpf.VerifierError
	if errors.As(p.load(spec), &refused) && strings.Contains(strings.Join(refused.Log, " "), "GPL-restricted function") {
		fmt.Println("GPL", name)
	}
}

// beforeExit leaves out that the program ends inside of what the function began
// (bpf_preempt_disable, bpf_rcu_read_lock): so it was called.
func beforeExit(log string) string {
	called, _, _ := strings.Cut(log, "BPF_EXIT instruction")
	return called
}

// note prints what the verifier says, once for each form: what it says of a function
// that is not allowed is other words with some release.
func (p *prober) note(function, log string) {
	verdict, _, _ := strings.Cut(log, "processed ")
	lines := strings.Split(strings.TrimSpace(verdict), "\n")
	last := lines[len(lines)-1]
	form := nameOrNumber.ReplaceAllString(last, "_")
	if !p.noted[form] {
		p.noted[form] = true
		fmt.Printf("# of %s: %q\n", function, last)
	}
}

var nameOrNumber = regexp.MustCompile(`\w*[_0-9]\w*`)

func (p *prober) allowed(raw *rawLoader, spec *ebpf.ProgramSpec, function string, call asm.Instruction) bool {
	code := append(asm.Instructions{call}, spec.Instructions...)
	if raw != nil {
		log, loads := raw.load(code)
		p.note(function, log)
		return loads || !refusals.MatchString(beforeExit(log))
	}
	spec = spec.Copy()
	spec.Instructions = code
	err := p.load(spec)
	var refused *ebpf.VerifierError
	if errors.As(err, &refused) {
		return !slices.ContainsFunc(refused.Log, refusals.MatchString)
	}
	return err == nil
}
