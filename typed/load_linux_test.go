package typed

import (
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/cilium/ebpf"
)

const kernelBTFTargets = "kernel-btf-targets/kernelbtftargets"

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
	spec := openGolden(t, kernelBTFTargets)
	coll, err := spec.Load(&ebpf.CollectionOptions{Programs: ebpf.ProgramOptions{LogLevel: ebpf.LogLevelStats}})
	if err != nil {
		t.Fatalf("%+v", err)
	}
	defer coll.Close()
	var count *LSMCgroup
	BindProgram(coll, &count, "count_binds")
	info, err := count.Info()
	if err != nil {
		t.Fatal(err)
	}
	if lines, err := info.LineInfos(); err != nil || len(lines) == 0 {
		t.Errorf("lines of the source: %d, %v", len(lines), err)
	}
	var id uint32
	if err := coll.Collection.Maps["steps"].Lookup(uint32(1), &id); err != nil {
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
		if err := coll.Collection.Maps["binds"].Lookup(socket, &n); err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			t.Errorf("no socket of type %d was bound", socket)
		}
	}
	if coll.Collection.Programs["calls_kernel"] != nil {
		t.Error("a program of SEC(\"?…\") was loaded")
	}
}

func TestLoadFsession(t *testing.T) {
	needTrampolines(t, "7.0")
	spec := openGolden(t, kernelBTFTargets)
	var count *ProgramSpec[Fsession]
	BindProgramSpec(spec, &count, "count_opens")
	count.Enable()
	coll, err := spec.Load(nil)
	if err != nil {
		t.Fatalf("%+v", err)
	}
	defer coll.Close()
	var p *Fsession
	BindProgram(coll, &p, "count_opens")
	if err := coll.Links.Add(p.Attach(nil)); err != nil {
		t.Fatal(err)
	}
	openFile()
	var opened *Variable[uint64]
	BindVariable(coll, &opened, "opened")
	if n, err := opened.Get(); err != nil || n < 2 {
		t.Errorf("%d of entry and return, %v", n, err)
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
		{"calls_kernel", []string{"bpf_rcu_read_lock", "bpf_rcu_read_unlock"}, ebpf.ErrNotSupported},
		{"no_such_hook", []string{"bpf_lsm_no_such_hook"}, ebpf.ErrNotSupported},
		{"refused", []string{"load program: permission denied"}, syscall.EACCES},
	} {
		t.Run(test.program, func(t *testing.T) {
			spec := openGolden(t, kernelBTFTargets)
			var prog *ProgramSpec[LSMCgroup]
			BindProgramSpec(spec, &prog, test.program)
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
			BindProgram(coll, &left, test.program)
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
