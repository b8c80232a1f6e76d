package typed

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
)

// Static probes as compilers write them, and their arguments as libbpf's usdt.bpf.h
// reads them.

// usdtValues are the arguments of the probe of testdata/usdt/probes.c, their number and
// the cookie.
var usdtValues = []int64{-1, 200, -300, 60000, -70000, 4000000000, -5000000000, -0x123456789abcdf0, -5, 33, -77, -9, 12, 7}

// compiled runs a compiler on a file of testdata/usdt, or skips the test where none is, as in
// the virtual machines of .ci/kernels.
func compiled(t *testing.T, compiler, source, name string, flags ...string) string {
	t.Helper()
	if alone() || runtime.GOARCH != "amd64" {
		t.Skip("no compiler for this machine here")
	}
	out := filepath.Join(t.TempDir(), name)
	args := slices.Concat(flags, []string{"-o", out, filepath.Join(packageDir, "testdata", "usdt", source)})
	if strings.HasSuffix(source, ".bpf.c") {
		args = append(args, "-c")
	} else {
		args = append(args, "-ldl")
	}
	if text, err := exec.Command(compiler, args...).CombinedOutput(); err != nil {
		if os.Getenv("CI") == "" {
			t.Skipf("%s: %v", compiler, err)
		}
		t.Fatalf("%s: %v\n%s", compiler, err, text)
	}
	return out
}

// usdtReader loads testdata/usdt/read.bpf.c.
func usdtReader(t *testing.T) (*hookRun, *USDT) {
	t.Helper()
	needKernel(t)
	object, err := os.ReadFile(compiled(t, "clang-19", "read.bpf.c", "read.o", "-target", "bpfel", "-g", "-O2", "-D__TARGET_ARCH_x86", "-I/usr/include/x86_64-linux-gnu"))
	must(t, err)
	spec := got(Open("read", bytes.NewReader(object), ""))(t)
	specHandle[USDT](t, spec, progName)
	if !haveCookies(t) {
		must(t, spec.Spec.Variables["usdt_cookies"].Set(uint8(0)))
	}
	coll := got(spec.Load(nil))(t)
	t.Cleanup(func() { coll.Close() })
	var p *USDT
	bindProgram(coll, &p, progName)
	return &hookRun{T: t, coll: coll}, p
}

// haveCookies says whether probes of position-independent files can have arguments.
func haveCookies(t *testing.T) bool { return runningKernel(t) >= versionCode(t, "5.15") }

func (r *hookRun) usdtArguments() (values []int64) {
	r.Helper()
	for i := range uint32(len(usdtValues)) {
		var v int64
		must(r.T, r.coll.Library.Maps["read"].Lookup(i, &v))
		values = append(values, v)
	}
	return values
}

// usdtFiles are ways to compile a file with probes: where its code and data lie, and where
// its arguments, is another thing in each.
var usdtFiles = []struct {
	name, compiler string
	flags          []string
	stripped       string // a symbol that it then lacks
}{
	{"gcc, optimised", "gcc", []string{"-O2", "-pie", "-fPIE"}, "numbers"},
	{"gcc, at a fixed address", "gcc", []string{"-O2", "-no-pie", "-fno-pie"}, "numbers"},
	{"gcc, as written", "gcc", []string{"-O0"}, ""},
	{"clang", "clang-19", []string{"-O2"}, ""},
	{"clang, at a fixed address", "clang-19", []string{"-O2", "-no-pie", "-fno-pie"}, ""},
}

func TestUSDTArgumentsOfCompilers(t *testing.T) {
	r, p := usdtReader(t)
	for _, test := range usdtFiles {
		t.Run(test.name, func(t *testing.T) {
			r := &hookRun{T: t, coll: r.coll}
			for _, strip := range []bool{false, true} {
				flags := test.flags
				if strip {
					flags = append(slices.Clone(flags), "-s")
				}
				path := compiled(t, test.compiler, "probes.c", "probes", flags...)
				l, err := p.AttachTo(path, "test", "fired", &USDTOptions{Cookie: 7})
				if !haveCookies(t) && !slices.Contains(flags, "-no-pie") {
					failsWith(t, "a position-independent file", err, ebpf.ErrNotSupported)
					continue
				}
				if strip && test.stripped != "" {
					if err == nil || !strings.Contains(err.Error(), "no symbol "+test.stripped+",") {
						t.Errorf("stripped: %v", err)
					}
					continue
				}
				must(t, err)
				if code := runProbed(t, path); code != 1 {
					t.Errorf("the semaphore is %d", code)
				}
				if got := r.usdtArguments(); !slices.Equal(got, usdtValues) {
					t.Errorf("stripped %v: arguments %v, want %v", strip, got, usdtValues)
				}
				must(t, l.Close())
				if code := runProbed(t, path); code != 0 {
					t.Errorf("the semaphore is %d after Close", code)
				}
			}
		})
	}
}

// The probe of a library, in the process that has loaded it.
func TestUSDTOfLibraries(t *testing.T) {
	r, p := usdtReader(t)
	path := compiled(t, "gcc", "probes.c", "libprobes.so", "-O2", "-shared", "-fPIC", "-DLIBRARY")
	loader := compiled(t, "gcc", "probes.c", "loader", "-O2")
	l := got(p.AttachTo(path, "test", "fired", &USDTOptions{Cookie: 7}))(t)
	defer l.Close()
	if out, err := exec.Command(loader, path).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if got := r.usdtArguments(); !slices.Equal(got, usdtValues) {
		t.Errorf("arguments %v, want %v", got, usdtValues)
	}
}

// Of several processes a probe with a PID sees one, and counts up the semaphore of that one.
func TestUSDTOfOneProcess(t *testing.T) {
	r, p := usdtReader(t)
	path := compiled(t, "gcc", "probes.c", "probes", "-O0", "-no-pie")
	started := func() (*exec.Cmd, io.WriteCloser) {
		cmd := exec.Command(path)
		in := got(cmd.StdinPipe())(t)
		must(t, cmd.Start())
		t.Cleanup(func() { in.Close(); cmd.Wait() })
		return cmd, in
	}
	one, toOne := started()
	other, toOther := started()
	l := got(p.AttachTo(path, "test", "fired", &USDTOptions{PID: one.Process.Pid}))(t)
	defer l.Close()
	for range 3 {
		fmt.Fprint(toOther, "x")
	}
	r.fire(func() { fmt.Fprint(toOne, "x") })
	ended := func(cmd *exec.Cmd, in io.Closer) int {
		must(t, in.Close())
		cmd.Wait()
		return cmd.ProcessState.ExitCode()
	}
	if a, b := ended(one, toOne), ended(other, toOther); a != 1 || b != 0 {
		t.Errorf("semaphores %d and %d", a, b)
	}
	// fire stops at the first hit, and what it wrote before that comes one by one.
	before := r.hits()
	time.Sleep(10 * time.Millisecond)
	if code := runProbed(t, path); code != 0 || r.hits() != before {
		t.Errorf("a process of its own: semaphore %d, %d hits", code, r.hits()-before)
	}
}
