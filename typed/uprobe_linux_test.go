package typed

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/bpfgen/bpfgen/typed/internal/probed"
)

// Places that a name does not say: an offset in the file, in place of a name
// that several functions have.
func TestUprobeOffsets(t *testing.T) {
	needKernel(t)
	r := &hookRun{T: t, section: "uprobe"}
	path := probed.File(t)
	p := load[Uprobe](r, r.spec(0))
	for name, attach := range map[string]func() (AnyLink, error){
		"offset": func() (AnyLink, error) { return p.AttachOffset(path, probed.FireOffset, nil) },
		"number": func() (AnyLink, error) {
			return p.AttachTo(path, fmt.Sprintf("%#x", probed.FireAgainOffset), nil)
		},
	} {
		l, err := attach()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		before := r.hits()
		runProbed(t, path)
		if n := r.hits() - before; n != 1 {
			t.Errorf("%s: %d hits of one call", name, n)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
}

// The semaphore of a place is counted up as long as it has a probe, cookies
// and all.
func TestUprobeMultiSemaphore(t *testing.T) {
	sinceKernel(t, 6, 6, "uprobe.multi")
	r := &hookRun{T: t, section: "uprobe.multi"}
	path := probed.File(t)
	p := load[UprobeMulti](r, r.spec(0))
	semaphore := func(symbol string) uint64 {
		if symbol == "fire" {
			return probed.SemaphoreOffset
		}
		return 0
	}
	for name, attach := range map[string]func() (AnyLink, error){
		"symbols": func() (AnyLink, error) {
			return p.AttachSymbols(path, []string{"fire", "fire_again"}, &UprobeMultiOptions{RefCtrOffset: semaphore})
		},
		"pattern": func() (AnyLink, error) {
			return p.AttachTo(path, "fire*", &UprobeMultiOptions{RefCtrOffset: semaphore})
		},
		"offsets": func() (AnyLink, error) {
			return p.AttachOffsets(path, []UprobePlace{
				{Offset: probed.FireOffset, RefCtrOffset: probed.SemaphoreOffset, Cookie: 1},
				{Offset: probed.FireAgainOffset, Cookie: 2},
			}, nil)
		},
	} {
		l, err := attach()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		before := r.hits()
		if code := runProbed(t, path); code != 1 {
			t.Errorf("%s: the semaphore is %d, one probe has it", name, code)
		}
		if n := r.hits() - before; n != 2 {
			t.Errorf("%s: %d hits of two functions", name, n)
		}
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if code := runProbed(t, path); code != 0 {
			t.Errorf("%s: the semaphore is %d after Close", name, code)
		}
	}
}

// A pattern goes to both functions of a name, and not to a resolver.
func TestUprobeMultiPattern(t *testing.T) {
	sinceKernel(t, 6, 6, "uprobe.multi")
	r := &hookRun{T: t, section: "uprobe.multi"}
	path := probed.File(t)
	p := load[UprobeMulti](r, r.spec(0))
	var seen []string
	l, err := p.AttachTo(path, "w*k", &UprobeMultiOptions{Cookie: func(symbol string) uint64 { seen = append(seen, symbol); return 0 }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if fmt.Sprint(seen) != "[work work]" {
		t.Errorf("attached to %v", seen)
	}
	runProbed(t, path)
	if n := r.hits(); n != 2 {
		t.Errorf("%d hits of two functions", n)
	}
	for _, pattern := range []string{"pick*", "nothing*"} {
		if l, err := p.AttachTo(path, pattern, nil); err == nil {
			l.Close()
			t.Errorf("attached to %s", pattern)
		}
	}
}

// A file in the mount namespace of another process: by /proc/PID/root, and by
// its name alone, which that process runs.
func TestUprobeInOtherMountNamespace(t *testing.T) {
	needKernel(t)
	file := probed.File(t)
	hidden := t.TempDir()
	// The shell sees a file system in which the executable is elsewhere; it
	// waits for its standard input, runs it, and ends.
	cmd := exec.Command("/bin/sh", "-c", fmt.Sprintf("mount -t tmpfs tmpfs %[1]s && cp %[2]s %[1]s/inner && echo ready && read go && %[1]s/inner", hidden, file))
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS, Unshareflags: syscall.CLONE_NEWNS}
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Skipf("needs /bin/sh: %v", err)
	}
	defer cmd.Wait()
	defer in.Close()
	if _, err := out.Read(make([]byte, 64)); err != nil {
		t.Fatal(err)
	}
	inner := filepath.Join(hidden, "inner")
	if _, err := os.Stat(inner); err == nil {
		t.Fatal("the file is not in a mount namespace of its own")
	}
	r := &hookRun{T: t, section: "uprobe"}
	p := load[Uprobe](r, r.spec(0))
	l, err := p.AttachTo(fmt.Sprintf("/proc/%d/root%s", cmd.Process.Pid, inner), "fire", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := in.Write([]byte("go\n")); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if n := r.hits(); n != 1 {
		t.Errorf("%d hits of one call", n)
	}
}
