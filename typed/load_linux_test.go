package typed

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/bpfgen/bpfgen/typed/internal/kernel"
	"github.com/bpfgen/bpfgen/typed/internal/kernelsym"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/google/go-cmp/cmp"
)

const kernelBTFTargets = "kernel-btf-targets/kernelbtftargets"

// openKernelBTFTargets opens that object, and its one program without "?" has a
// handle, as in generated code.
func openKernelBTFTargets(t *testing.T) *CollectionSpec {
	t.Helper()
	spec := openGolden(t, kernelBTFTargets)
	var count *ProgramSpec[LSMCgroup]
	bindProgramSpec(spec, &count, "count_binds")
	return spec
}

// needTrampolines skips where the table of hooks says that there are none.
func needTrampolines(t *testing.T, since string) {
	t.Helper()
	needKernel(t)
	if why := (hookTest{since: since, not: noTrampolines}).reason(t); why != "" {
		t.Skip(why)
	}
}

// A compiled object: types and lines of the program, CO-RE relocations, a
// function of its own, maps, constants, and a slot in a program array.
func TestLoadLSMCgroup(t *testing.T) {
	needTrampolines(t, "6.1")
	spec := openKernelBTFTargets(t)
	coll, err := spec.Load(&ebpf.CollectionOptions{Programs: ebpf.ProgramOptions{LogLevel: ebpf.LogLevelStats}})
	if err != nil {
		t.Fatalf("%+v", err)
	}
	defer coll.Close()
	var count *LSMCgroup
	bindProgram(coll, &count, "count_binds")
	info, err := count.Info()
	if err != nil {
		t.Fatal(err)
	}
	if lines, err := info.LineInfos(); err != nil || len(lines) == 0 {
		t.Errorf("lines of the source: %d, %v", len(lines), err)
	}
	if log := count.VerifierLog(); !strings.Contains(log, "processed ") {
		t.Errorf("the verifier's log of a program that loaded: %q", log)
	}
	var id uint32
	if err := coll.Library.Maps["steps"].Lookup(uint32(1), &id); err != nil {
		t.Errorf("slot 1 of the program array: %v", err)
	}
	r := &hookRun{T: t, section: "lsm_cgroup/socket_bind", coll: coll}
	cgroup := testCgroup(t)
	if err := coll.Links.Add(count.Attach(cgroup, nil)); err != nil {
		t.Fatal(err)
	}
	isolate(t)
	inCgroup(r, cgroup)()
	for _, socket := range []uint32{syscall.SOCK_STREAM, syscall.SOCK_DGRAM} {
		var n uint64
		if err := coll.Library.Maps["binds"].Lookup(socket, &n); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			t.Errorf("no socket of type %d was bound", socket)
		}
	}
	if coll.Library.Programs["calls_kernel"] != nil {
		t.Error("a program of SEC(\"?…\") was loaded")
	}
}

func TestLoadFsession(t *testing.T) {
	needTrampolines(t, "7.0")
	spec := openKernelBTFTargets(t)
	var count *ProgramSpec[Fsession]
	bindProgramSpec(spec, &count, "count_opens")
	count.Enable()
	coll, err := spec.Load(nil)
	if err != nil {
		t.Fatalf("%+v", err)
	}
	defer coll.Close()
	var p *Fsession
	bindProgram(coll, &p, "count_opens")
	if err := coll.Links.Add(p.Attach(nil)); err != nil {
		t.Fatal(err)
	}
	openFile()
	opened := variable[uint64](coll, "opened")
	if n, err := opened.Get(); err != nil || n < 2 {
		t.Errorf("%d of entry and return, %v", n, err)
	}
}

// Programs of both kinds that refer to the kernel: its functions, its symbols and
// its configuration, with weak ones that it lacks.
func TestLoadWithExterns(t *testing.T) {
	needTrampolines(t, "6.2") // bpf_rcu_read_lock
	t.Run("lsm_cgroup", func(t *testing.T) {
		r := loadExterns[LSMCgroup](t, "calls_kernel", "lsm_cgroup/socket_bind")
		var p *LSMCgroup
		bindProgram(r.coll, &p, "calls_kernel")
		cgroup := testCgroup(t)
		must(t, r.coll.Links.Add(p.Attach(cgroup, nil)))
		isolate(t)
		inCgroup(r, cgroup)()
		checkExterns(t, r.coll)
	})
	t.Run("fsession", func(t *testing.T) {
		needTrampolines(t, "7.0")
		r := loadExterns[Fsession](t, "calls_kernel_twice", "fsession/vfs_open")
		var p *Fsession
		bindProgram(r.coll, &p, "calls_kernel_twice")
		must(t, r.coll.Links.Add(p.Attach(nil)))
		openFile()
		checkExterns(t, r.coll)
	})
}

// loadExterns loads one program of the object.
func loadExterns[P any, H programHandleOf[P]](t *testing.T, name, section string) *hookRun {
	spec := openKernelBTFTargets(t)
	var prog *ProgramSpec[P]
	bindProgramSpec[P](spec, &prog, name)
	spec.Only(prog)
	coll, err := spec.Load(nil)
	if err != nil {
		t.Fatalf("%+v", err)
	}
	t.Cleanup(func() { coll.Close() })
	return &hookRun{T: t, section: section, coll: coll}
}

// checkExterns compares what the program has seen with what the kernel says.
func checkExterns(t *testing.T, coll *Collection) {
	t.Helper()
	want := map[string]uint64{"vfs_open": 0}
	if _, err := kernelsym.Addresses(want); err != nil || want["vfs_open"] == 0 {
		t.Fatal(want, err)
	}
	equal(t, "symbol", valueOf[uint64](t, coll, "symbol"), want["vfs_open"])
	equal(t, "missing", valueOf[uint64](t, coll, "missing"), 0)
	version := constant[uint32](coll, "LINUX_KERNEL_VERSION")
	equal(t, "version", valueOf[uint32](t, coll, "version"), got(version.Get())(t))
	running, err := kernel.Running()
	must(t, err)
	if v := valueOf[uint32](t, coll, "version"); v>>16 != uint32(running.Major) {
		t.Errorf("version %#x, the kernel is %s", v, running)
	}
}

// valueOf is a variable of the loaded object.
func valueOf[T any](t *testing.T, coll *Collection, name string) T {
	t.Helper()
	return got(variable[T](coll, name).Get())(t)
}

// A version of the library that keeps elsewhere what externOf reads must not pass.
func TestExternsOfTheObject(t *testing.T) {
	spec := openKernelBTFTargets(t)
	found := make(map[extern]int)
	for _, name := range []string{"calls_kernel", "calls_what_is_not_there"} {
		code := spec.Spec.Programs[name].Instructions
		for i := range code {
			if ref, ok := externOf(&code[i]); ok {
				if ref.kind == externFunction && (ref.function == nil || ref.function.Name != ref.name) {
					t.Errorf("%s: the type of another function: %v", ref.name, ref.function)
				}
				ref.function = nil
				found[ref]++
			} else if err := unresolved(&code[i]); err != nil && code[i].Reference() != ".bss" && code[i].Reference() != ".data" {
				t.Errorf("%s: %v: %v", name, code[i], err)
			}
		}
	}
	want := map[extern]int{
		{kind: externFunction, name: "bpf_rcu_read_lock"}:         1,
		{kind: externFunction, name: "bpf_rcu_read_unlock"}:       1,
		{kind: externFunction, name: "bpf_never_was", weak: true}: 2,
		{kind: externFunction, name: "bpf_must_be"}:               2,
		{kind: externSymbol, name: "vfs_open"}:                    1,
		{kind: externSymbol, name: "vfs_never_was", weak: true}:   1,
		{kind: externSymbol, name: "vfs_must_be"}:                 1,
		{kind: externConfig, offset: 0}:                           1,
		{kind: externConfig, offset: 4}:                           1,
	}
	if diff := cmp.Diff(want, found, cmp.AllowUnexported(extern{})); diff != "" {
		t.Error(diff)
	}
	unknown := asm.LoadImm(asm.R1, 0, asm.DWord).WithReference("vfs_open") // without what the library keeps
	if unresolved(&unknown) == nil {
		t.Error("a reference of which nothing is known passes")
	}
}

// What cannot be loaded says why, and an optional program is left out.
func TestLoadKernelBTFTargetFails(t *testing.T) {
	needTrampolines(t, "6.1")
	for _, test := range []struct {
		program string
		want    []string
		err     error
	}{
		{"calls_what_is_not_there", []string{"no function bpf_must_be for programs", "no symbol vfs_must_be"}, ebpf.ErrNotSupported},
		{"no_such_hook", []string{"bpf_lsm_no_such_hook"}, ebpf.ErrNotSupported},
		{"refused", []string{"load program: permission denied"}, syscall.EACCES},
	} {
		t.Run(test.program, func(t *testing.T) {
			spec := openKernelBTFTargets(t)
			var prog *ProgramSpec[LSMCgroup]
			bindProgramSpec(spec, &prog, test.program)
			prog.Enable()
			_, err := spec.Load(nil)
			var load *LoadError
			if !errors.As(err, &load) || load.Program != test.program || !errors.Is(err, test.err) {
				t.Fatalf("%v", err)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("no %q in %q", want, err)
				}
			}
			t.Log(err)

			prog.Optional()
			if test.program == "refused" { // by the verifier: that is no lack of the kernel
				if _, err := spec.Load(nil); err == nil {
					t.Error("Optional hides an error of the verifier")
				}
				prog.OptionalIf(func(err error) bool { return errors.Is(err, test.err) })
			}
			coll, err := spec.Load(nil)
			if err != nil {
				t.Fatal(err)
			}
			defer coll.Close()
			var left *LSMCgroup
			bindProgram(coll, &left, test.program)
			if left.Loaded() || !errors.Is(left.Err(), test.err) {
				t.Errorf("left out: %v", left.Err())
			}
		})
	}
}

// Without privileges either the maps are refused or the programs: both errors
// say what is missing.
func TestLoadWithoutPrivileges(t *testing.T) {
	needKernel(t)
	isolate(t) // a thread of its own
	dropPrivileges(&hookRun{T: t})
	spec := sectionSpec(t, "tp/sched/sched_switch", countHit(0))
	_, err := testSpec(map[string]*ebpf.ProgramSpec{progName: spec}).Load(nil)
	if !errors.Is(err, os.ErrPermission) || !strings.Contains(err.Error(), "; the process lacks CAP_") {
		t.Errorf("%v", err)
	}
}

// A program that goes to another one needs that open at Load, and says so.
func TestClosedTargetProgram(t *testing.T) {
	into := new(XDP)
	into.common.name = "into"
	into.common.life = newProgramLife(got(returns(t, ebpf.XDP, ebpf.AttachNone, 2).Clone())(t))
	cs := testSpec(map[string]*ebpf.ProgramSpec{progName: sectionSpec(t, "freplace", countHit(2))})
	var spec *ProgramSpec[Freplace]
	bindProgramSpec(cs, &spec, progName)
	spec.SetTargetProgram(into, "f")
	must(t, into.Close())
	_, err := cs.Load(nil)
	failsWith(t, "load", err, os.ErrClosed)
	spec.Disable()
	coll := got(cs.Load(nil))(t)
	must(t, coll.Close())
}
