package typed

import (
	"errors"
	"os"
	"os/exec"
	"runtime/debug"
	"slices"
	"strconv"
	"testing"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// fewDescriptors marks the process that lowers its own RLIMIT_NOFILE.
const fewDescriptors = "BPFGEN_TEST_FEW_DESCRIPTORS"

// TestExhaustedDescriptorsLeaveNothing: wherever Load or AttachAll runs out of
// descriptors, what it has opened is closed, and nothing is left out in silence.
func TestExhaustedDescriptorsLeaveNothing(t *testing.T) {
	needKernel(t)
	if os.Getenv(fewDescriptors) != "" {
		exhaustDescriptors(t)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), fewDescriptors+"=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// exhaustDescriptors allows one descriptor more at each try, until all goes well.
func exhaustDescriptors(t *testing.T) {
	debug.SetGCPercent(-1) // or the library's finalizers close what was left
	before := descriptors(t)
	failed := 0
	for allowed := firstFree(before); ; allowed++ {
		if failed > 100 {
			t.Fatal("it never goes well")
		}
		limit := limitDescriptors(t, uint64(allowed))
		step, err := loadAndAttach(t)
		restoreDescriptors(t, limit)
		if after := descriptors(t); !slices.Equal(after, before) {
			t.Errorf("%d descriptors allowed, %s: %v: open are %v, before %v", allowed, step, err, after, before)
		}
		if err == nil {
			break
		}
		if !errors.Is(err, unix.EMFILE) {
			t.Errorf("%d descriptors allowed, %s: %v", allowed, step, err)
		}
		failed++
	}
	if failed < 7 { // three maps, three programs, a link
		t.Errorf("only %d times without descriptors", failed)
	}
}

// loadAndAttach says how far it came.
func loadAndAttach(t *testing.T) (step string, err error) {
	programs := make(map[string]*ebpf.ProgramSpec)
	for _, name := range []string{"one", "two", "three"} {
		programs[name] = sectionSpec(t, "raw_tp/sched_switch", countHit(2))
		programs[name].Name = name
	}
	cs := testSpec(programs)
	for _, name := range []string{"a", "b", "c"} {
		cs.Spec.Maps[name] = &ebpf.MapSpec{Name: name, Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	}
	(*specCore)(cs).state("two").optional = true
	coll, err := cs.Load(nil)
	if err != nil {
		return "load", err
	}
	defer func() { err = errors.Join(err, coll.Close()) }()
	for name := range programs {
		var p *RawTracepoint
		BindProgram(coll, &p, name)
		if !p.Loaded() {
			t.Errorf("%s is left out: %v", name, p.Err())
		}
	}
	_, err = coll.AttachAll()
	if err == nil && len(linkNames(coll)) != len(programs) {
		t.Errorf("attached are %v", linkNames(coll))
	}
	return "attach", err
}

// firstFree is the lowest descriptor that is not open.
func firstFree(open []int) int {
	free := 0
	for slices.Contains(open, free) {
		free++
	}
	return free
}

// descriptors are those that are open, but for the one that reads them.
func descriptors(t *testing.T) (open []int) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		fd, err := strconv.Atoi(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := os.Readlink("/proc/self/fd/" + e.Name()); err == nil {
			open = append(open, fd)
		}
	}
	slices.Sort(open)
	return open
}

// limitDescriptors makes descriptors below a number the last ones.
func limitDescriptors(t *testing.T, n uint64) (old unix.Rlimit) {
	t.Helper()
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &old); err != nil {
		t.Fatal(err)
	}
	restoreDescriptors(t, unix.Rlimit{Cur: n, Max: old.Max})
	return old
}

func restoreDescriptors(t *testing.T, limit unix.Rlimit) {
	t.Helper()
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
}
