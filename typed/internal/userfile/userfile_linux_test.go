package userfile

import (
	"debug/elf"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/bpfgen/bpfgen/typed/internal/probed"
)

func TestSplitOffset(t *testing.T) {
	for _, test := range []struct {
		symbol, name string
		offset       uint64
		ok           bool
	}{
		{"f", "f", 0, true},
		{"f+16", "f", 16, true},
		{"f+0x10", "f", 16, true},
		{"f+", "", 0, false},
		{"f+x", "", 0, false},
		{"f+-1", "", 0, false},
	} {
		name, offset, err := SplitOffset(test.symbol)
		if name != test.name || offset != test.offset || (err == nil) != test.ok {
			t.Errorf("SplitOffset(%q) = %q, %d, %v", test.symbol, name, offset, err)
		}
	}
}

func TestSymbolVersions(t *testing.T) {
	old := Function{Name: "memcpy", Version: "GLIBC_2.2.5", hidden: true}
	current := Function{Name: "memcpy", Version: "GLIBC_2.14"}
	for _, test := range []struct {
		name         string
		old, current bool
	}{
		{"memcpy", false, true},
		{"memcpy@GLIBC_2.2.5", true, false},
		{"memcpy@@GLIBC_2.14", false, true},
		{"memcpy@GLIBC_9", false, false},
		{"memmove", false, false},
	} {
		if got := old.is(test.name); got != test.old {
			t.Errorf("%s means the old Version: %v", test.name, got)
		}
		if got := current.is(test.name); got != test.current {
			t.Errorf("%s means the current Version: %v", test.name, got)
		}
	}
}

func TestFind(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"libprobed.so.1", "probed"} {
		if err := os.WriteFile(dir+"/"+name, nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", "/nowhere:"+dir)
	t.Setenv("LD_LIBRARY_PATH", "")
	if got, err := find("probed", 0); err != nil || got != dir+"/probed" {
		t.Errorf("program: %q, %v", got, err)
	}
	if _, err := find("libprobed.so.1", 0); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a library was looked for in PATH: %v", err)
	}
	t.Setenv("LD_LIBRARY_PATH", dir)
	if got, err := find("libprobed.so.1", 0); err != nil || got != dir+"/libprobed.so.1" {
		t.Errorf("library: %q, %v", got, err)
	}
}

func TestFunctions(t *testing.T) {
	f, err := Open(probed.Write(t, elf.EM_X86_64), 0)
	if err != nil {
		t.Fatal(err)
	}
	for symbol, want := range map[string]uint64{
		"fire": probed.FireOffset, "fire+1": probed.FireOffset + 1, "fire_again": probed.FireAgainOffset,
		fmt.Sprintf("%#x", probed.FireOffset): probed.FireOffset,
	} {
		if got, err := f.Find(symbol); err != nil || got.Offset != want {
			t.Errorf("offset of %s = %#x, %v; want %#x", symbol, got.Offset, err, want)
		}
	}
	for symbol, want := range map[string]string{
		"nothing": "nothing: no such function",
		"fire+2":  "offset 0x2 is outside of function fire, which has 0x2 bytes",
		"0x1":     "offset 0x1 of " + f.Path + " is in no executable segment",
		"work":    fmt.Sprintf("work is the name of 2 functions of %s: offset %#x (a.c), offset %#x (b.c)", f.Path, probed.FireOffset, probed.FireAgainOffset),
		"picked":  "picked of " + f.Path + " is an indirect function (IFUNC): the symbol stands for the resolver, which runs once, not for the function that is called",
	} {
		if _, err := f.Find(symbol); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", symbol, err, want)
		}
	}
	if found, err := f.Match("fire*"); err != nil || len(found) != 2 {
		t.Errorf("fire*: %v, %v", found, err)
	}
	var indirect *IndirectError
	if _, err := f.Match("pick*"); !errors.As(err, &indirect) {
		t.Errorf("pick*: %v", err)
	}
	if _, err := f.Match("x*"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("x*: %v", err)
	}
}

// The rules by which one of several symbols is meant.
func TestNamed(t *testing.T) {
	at := func(offset uint64, change func(*Function)) Function {
		fn := Function{Name: "f", Offset: offset}
		if change != nil {
			change(&fn)
		}
		return fn
	}
	weak := func(fn *Function) { fn.weak = true }
	dynamic := func(fn *Function) { fn.dynamic = true }
	indirect := func(fn *Function) { fn.indirect, fn.dynamic = true, true }
	hidden := func(version string) func(*Function) {
		return func(fn *Function) { fn.Version, fn.hidden = version, true }
	}
	for name, test := range map[string]struct {
		functions []Function
		symbol    string
		want      uint64 // 0 is an error
	}{
		"the same place twice":             {[]Function{at(1, nil), at(1, dynamic)}, "f", 1},
		"exported and static":              {[]Function{at(1, nil), at(2, dynamic)}, "f", 2},
		"weak and not":                     {[]Function{at(1, weak), at(2, nil)}, "f", 2},
		"weak alone":                       {[]Function{at(1, weak)}, "f", 1},
		"two static ones":                  {[]Function{at(1, nil), at(2, nil)}, "f", 0},
		"two weak ones":                    {[]Function{at(1, weak), at(2, weak)}, "f", 0},
		"indirect, static of another file": {[]Function{at(1, nil), at(2, indirect)}, "f", 0},
		"indirect and static of one table": {[]Function{at(1, nil), at(2, func(fn *Function) { fn.indirect = true })}, "f", 0},
		"old version":                      {[]Function{at(1, hidden("V1")), at(2, nil)}, "f", 2},
		"old version by name":              {[]Function{at(1, hidden("V1")), at(2, nil)}, "f@V1", 1},
		"old versions alone":               {[]Function{at(1, hidden("V1")), at(2, hidden("V2"))}, "f", 0},
	} {
		file := &File{functions: test.functions}
		got, err := file.named(test.symbol)
		if got.Offset != test.want || (err == nil) != (test.want != 0) {
			t.Errorf("%s: %d, %v; want %d", name, got.Offset, err, test.want)
		}
	}
	file := &File{Path: "lib.so", functions: []Function{at(1, hidden("V1")), at(2, hidden("V2"))}}
	_, err := file.named("f")
	if want := "f of lib.so has no default version, only f@V1, f@V2"; err == nil || err.Error() != want || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v, want %s", err, want)
	}
}

// A name is looked for in what a process runs.
func TestFindInProcess(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("/proc/%d/root%s", os.Getpid(), self)
	if got, err := find(filepath.Base(self), os.Getpid()); err != nil || got != want {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
	if _, err := find("nothing.so", os.Getpid()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%v", err)
	}
	if _, err := find("libc.so.6", 1<<30); !errors.Is(err, syscall.ESRCH) {
		t.Errorf("%v", err)
	}
}

// What a process runs is found when its file was replaced or removed since, and where
// the path has blanks in it.
func TestFindWhatAProcessRunsOfAReplacedFile(t *testing.T) {
	if os.Getenv("BPFGEN_USERFILE_RUNS") != "" { // the process that is looked at
		os.Stdout.Write([]byte{1})
		io.Copy(io.Discard, os.Stdin)
		return
	}
	code, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a folder", "runs-for-a-test")
	if err := errors.Join(os.Mkdir(filepath.Dir(path), 0o700), os.WriteFile(path, code, 0o700)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), "BPFGEN_USERFILE_RUNS=1")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	err = cmd.Start()
	if errors.Is(err, syscall.ENOEXEC) && os.Getenv("CI") == "" {
		t.Skip("QEMU's user mode starts no program of its machine")
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stdin.Close(); cmd.Wait() })
	if _, err := io.ReadFull(stdout, make([]byte, 1)); err != nil { // before, its memory may not have the file yet
		t.Fatal(err)
	}
	runs, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	same := func(when string) {
		t.Helper()
		found, err := find("runs-for-a-test", cmd.Process.Pid)
		if err != nil {
			t.Fatalf("%s: %v", when, err)
		}
		if at, err := os.Stat(found); err != nil || !os.SameFile(at, runs) {
			t.Errorf("%s: %s is another file, %v", when, found, err)
		}
	}
	same("as it was started")
	if err := errors.Join(os.WriteFile(path+".new", code, 0o700), os.Rename(path+".new", path)); err != nil {
		t.Fatal(err)
	}
	same("replaced")
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	same("removed")
	f, err := Open("runs-for-a-test", cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.CheckOffset(1 << 40); err == nil || len(f.segments) == 0 {
		t.Errorf("its segments: %v, %v", f.segments, err)
	}
}
