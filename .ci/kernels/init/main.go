// Command init is process 1 of the virtual machines that the kernel harness
// boots: it mounts what tests of BPF expect, loads modules, runs the test
// binaries of its order one after the other and resets the machine, which
// ends QEMU (-no-reboot).
//
// It must not die before that: process 1 that ends is a kernel panic. What
// fails on the way is sent as a note, and the harness decides.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"github.com/bpfgen/bpfgen/.ci/kernels/wire"
)

// mounts are made in this order. Some file systems are not in every kernel;
// what cannot be mounted is a note.
var mounts = []struct{ kind, target string }{
	{"devtmpfs", "/dev"},
	{"proc", "/proc"},
	{"sysfs", "/sys"},
	{"tmpfs", "/tmp"},
	{"tmpfs", "/run"},
	{"bpf", "/sys/fs/bpf"},
	{"cgroup2", "/sys/fs/cgroup"},
	{"debugfs", "/sys/kernel/debug"},
	{"tracefs", "/sys/kernel/tracing"},
	{"securityfs", "/sys/kernel/security"},
}

func main() {
	notes := mountAll()
	port, err := openPort(wire.ResultPort)
	if err != nil {
		fmt.Println("init:", err) // to the console, where the harness looks when no record comes
		reset(nil)
	}
	order, err := readOrder()
	if err != nil {
		fmt.Println("init:", err)
		reset(port)
	}
	g := &guest{port: port, nonce: order.Nonce}
	g.send(wire.Record{Kind: wire.Up, Text: release(), Time: uptime()})
	for _, err := range notes {
		g.note(err)
	}
	for _, path := range order.Modules {
		g.note(loadModule(path))
	}
	g.note(loopbackUp())
	for i, b := range order.Binaries {
		g.run(i, b, order.Env)
	}
	g.send(wire.Record{Kind: wire.Done})
	reset(port)
}

func mountAll() (failed []error) {
	for _, m := range mounts {
		// The directories of pseudo file systems are there or cannot be made; mount says so.
		_ = os.MkdirAll(m.target, 0o755)
		if err := unix.Mount(m.kind, m.target, m.kind, 0, ""); err != nil {
			failed = append(failed, fmt.Errorf("mounting %s on %s: %w", m.kind, m.target, err))
		}
	}
	_ = os.Chmod("/tmp", 0o777|os.ModeSticky)
	_ = os.Symlink("/proc/self/fd", "/dev/fd")
	return failed
}

// openPort opens a serial port in raw mode: no echo, no CR before LF.
func openPort(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		return nil, err
	}
	t, err := unix.IoctlGetTermios(int(f.Fd()), unix.TCGETS)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	t.Oflag &^= unix.OPOST
	t.Lflag &^= unix.ECHO | unix.ICANON | unix.ISIG
	if err := unix.IoctlSetTermios(int(f.Fd()), unix.TCSETS, t); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return f, nil
}

func readOrder() (*wire.Order, error) {
	b, err := os.ReadFile(wire.OrderPath)
	if err != nil {
		return nil, err
	}
	var o wire.Order
	return &o, json.Unmarshal(b, &o)
}

func release() string {
	b, _ := os.ReadFile("/proc/sys/kernel/osrelease")
	return strings.TrimSpace(string(b))
}

func uptime() time.Duration {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_BOOTTIME, &t) // cannot fail with a valid clock
	return time.Duration(t.Nano())
}

func loadModule(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FinitModule(int(f.Fd()), "", 0); err != nil && !errors.Is(err, unix.EEXIST) {
		return fmt.Errorf("loading module %s: %w", path, err)
	}
	return nil
}

func loopbackUp() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("setting lo up: %w", err)
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	ifr.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr); err != nil {
		return fmt.Errorf("setting lo up: %w", err)
	}
	return nil
}

// guest sends records and runs binaries.
type guest struct {
	port  *os.File
	nonce string
}

func (g *guest) send(r wire.Record) {
	b, err := wire.Marshal(g.nonce, r)
	if err == nil {
		_, err = g.port.Write(b)
	}
	if err != nil {
		fmt.Println("init: sending a record:", err)
	}
}

func (g *guest) note(err error) {
	if err != nil {
		g.send(wire.Record{Kind: wire.Note, Text: err.Error()})
	}
}

// run runs one binary with its output on the port, and reaps it.
func (g *guest) run(i int, b wire.Binary, env []string) {
	g.send(wire.Record{Kind: wire.Begin, Index: i})
	ctx, cancel := context.WithTimeout(context.Background(), b.Timeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, b.Path, b.Args...)
	cmd.Dir, cmd.Env = b.Dir, env
	cmd.Stdout, cmd.Stderr = g.port, g.port
	start := time.Now()
	err := cmd.Run()
	end := wire.Record{Kind: wire.End, Index: i, Exit: cmd.ProcessState.ExitCode(), Time: time.Since(start)}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		end.Text = fmt.Sprintf("killed after %v", b.Timeout)
	case errors.As(err, &exit) && !exit.Exited(), err != nil && exit == nil:
		end.Text = err.Error()
	}
	g.send(end)
}

// reset lets the port drain and resets the machine. It does not return.
func reset(port *os.File) {
	if port != nil {
		_ = unix.IoctlSetInt(int(port.Fd()), unix.TCSBRK, 1) // tcdrain(3)
	}
	err := unix.Reboot(unix.LINUX_REBOOT_CMD_RESTART)
	fmt.Println("init: reset:", err)
	select {}
}
