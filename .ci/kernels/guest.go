package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/bpfgen/bpfgen/.ci/kernels/wire"
)

// guest boots one kernel and runs all binaries in it, one after the other.
//
// KVM is not used even where it is there: stock kernels do not run in a nested
// one that emulates too few instructions. Of QEMU's own emulation (TCG) the
// threads are the trouble: with one per CPU, QEMU 7.2 makes guests panic while
// BPF programs are attached, about every third run; with thread=single never.
type guest struct {
	kernel  *kernel
	qemu    string
	busybox string
	init    string // compiled ./init
	tests   []testBinary
	shared  []tree
	args    []string // of every binary
	env     []string // KEY=value
	limits  limits
	tmp     string // a directory of this guest's own
}

// limits of a run.
type limits struct {
	binary time.Duration // for one test binary
	boot   time.Duration // for one virtual machine, over all binaries
	memory int           // of a virtual machine, MiB
	cpus   int           // of a virtual machine
}

// bootLine: lsm= because 5.10 attaches LSM programs that then never fire
// unless bpf is in the list; panic=-1 with -no-reboot ends QEMU at once;
// no_timer_check because 5.10 panics ("IO-APIC + timer doesn't work") if it sees
// too few interrupts of an emulated timer on a busy machine.
const bootLine = "console=ttyS0 panic=-1 oops=panic quiet lsm=lockdown,capability,bpf no_timer_check"

// applets are the names under which busybox is in the guest's /bin.
var applets = []string{"sh", "cat", "echo", "grep", "id", "ip", "kill", "ls", "mount", "nc", "ping", "ps", "sleep", "sync", "tc", "touch", "true", "uname", "umount"}

func (g *guest) run(ctx context.Context) (*report, error) {
	nonce := rand.Text()
	image := filepath.Join(g.tmp, "initramfs")
	if err := g.writeInitramfs(image, nonce); err != nil {
		return nil, fmt.Errorf("initramfs: %w", err)
	}
	start := time.Now()
	exit := g.boot(ctx, image)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	console, err := os.ReadFile(g.consoleFile())
	if err != nil {
		return nil, cmp.Or(exit, err)
	}
	stream, err := os.ReadFile(g.streamFile())
	if err != nil {
		return nil, cmp.Or(exit, err)
	}
	records, outputs, err := wire.Parse(nonce, stream)
	if err != nil {
		return nil, fmt.Errorf("%w; console:\n%s", err, lastWords(console))
	}
	r := newReport(g.kernel.Series, g.tests)
	r.took = time.Since(start)
	done := r.fill(records, outputs)
	if exit != nil || !done {
		r.died = fmt.Sprintf("%v; end of the console:\n%s", cmp.Or(exit, errReset), lastWords(console))
	}
	return r, nil
}

var errReset = errors.New("the kernel panicked or was reset before everything had run")

var crash = regexp.MustCompile(`(?m)^.*(?:Kernel panic|BUG: |Oops: ).*$`)

// lastWords gives what the console says from the first line about a crash on,
// else its end.
func lastWords(console []byte) string {
	const most, end = 100, 30
	at := crash.FindIndex(console)
	if at == nil {
		return tail(console, end)
	}
	lines := strings.SplitN(string(console[at[0]:]), "\n", most+1)
	return strings.Join(lines[:min(len(lines), most)], "\n")
}

func (g *guest) consoleFile() string { return filepath.Join(g.tmp, "console") }
func (g *guest) streamFile() string  { return filepath.Join(g.tmp, "stream") }

// boot runs QEMU until the guest resets itself or time is up.
func (g *guest) boot(ctx context.Context, image string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, g.limits.boot, fmt.Errorf("not done after %v", g.limits.boot))
	defer cancel()
	cmd := exec.CommandContext(ctx, g.qemu,
		"-accel", "tcg,thread=single", "-cpu", "max",
		"-m", strconv.Itoa(g.limits.memory), "-smp", strconv.Itoa(g.limits.cpus),
		"-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
		"-serial", "file:"+g.consoleFile(), // ttyS0, the kernel's messages
		"-serial", "file:"+g.streamFile(), // ttyS1, wire.ResultPort
		"-kernel", g.kernel.Image, "-initrd", image, "-append", bootLine)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		return fmt.Errorf("QEMU: %w: %s", err, tail(stderr.Bytes(), 5))
	}
	return nil
}

func (g *guest) writeInitramfs(file, nonce string) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	defer f.Close()
	w := bufio.NewWriterSize(f, 1<<20)
	a := newInitramfs(w)
	a.addHostFile("/init", g.init)
	a.addHostFile("/bin/busybox", g.busybox)
	for _, name := range applets {
		a.addSymlink("/bin/"+name, "busybox")
	}
	a.addFile("/etc/passwd", []byte("root:x:0:0::/tmp:/bin/sh\nnobody:x:65534:65534::/:/bin/sh\n"))
	a.addFile("/etc/group", []byte("root:x:0:\nnogroup:x:65534:\n"))
	a.addHostFile("/boot/config-"+g.kernel.Release, g.kernel.Config)
	order := wire.Order{Nonce: nonce, Env: g.environment()}
	if order.Modules, err = g.addModules(a); err != nil {
		return err
	}
	order.Binaries = g.addTests(a)
	text, err := json.Marshal(order)
	if err != nil {
		return err
	}
	a.addFile(wire.OrderPath, text)
	return cmp.Or(a.close(), w.Flush(), f.Close())
}

func (g *guest) addModules(a *initramfs) (paths []string, err error) {
	modules, err := modulesFor(g.kernel.Dir, wantedModules)
	for _, m := range modules {
		name := "/modules/" + m.name + ".ko"
		a.addFile(name, m.data)
		paths = append(paths, name)
	}
	return paths, err
}

// addTests lays each package's files out below /src as in the repository.
func (g *guest) addTests(a *initramfs) []wire.Binary {
	var binaries []wire.Binary
	for _, t := range g.tests {
		b := wire.Binary{
			Path:    path.Join("/test", filepath.Base(t.file)),
			Args:    g.args,
			Dir:     path.Join("/src", filepath.ToSlash(t.rel)),
			Timeout: g.limits.binary,
		}
		a.addHostFile(b.Path, t.file)
		addTree(a, b.Dir, t.tree)
		binaries = append(binaries, b)
	}
	for _, t := range g.shared {
		addTree(a, path.Join("/src", filepath.ToSlash(t.rel)), t)
	}
	return binaries
}

func addTree(a *initramfs, dir string, t tree) {
	a.addDir(dir)
	for _, f := range t.files {
		a.addHostFile(path.Join(dir, filepath.ToSlash(f)), filepath.Join(t.dir, f))
	}
}

func (g *guest) environment() []string {
	return append([]string{"PATH=/bin", "HOME=/tmp", "TMPDIR=/tmp", kernelVariable + "=" + g.kernel.Series}, g.env...)
}
