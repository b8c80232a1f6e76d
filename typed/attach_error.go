package typed

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cilium/ebpf"
)

// AttachError says which program could not be attached, where, and what can be
// done about it. It unwraps to the library's error, so that
// errors.Is(err, os.ErrNotExist), os.ErrPermission and ebpf.ErrNotSupported
// work.
type AttachError struct {
	// Program is its C name, Section its SEC() as written in C.
	Program, Section string
	// Map is the C name of the struct_ops map, where that is what attaches;
	// Program is then empty.
	Map string
	// Target is where it should have gone: "kernel function tcp_connect",
	// "interface 3", "cgroup /sys/fs/cgroup/app", … Empty where nothing said so.
	Target string
	// Remedy is what the user can do, as a clause; empty where nothing is known.
	Remedy string
	Err    error
}

func (e *AttachError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "attach %s (SEC(%q))", e.what(), e.Section)
	if e.Target != "" {
		fmt.Fprintf(&b, " to %s", e.Target)
	}
	fmt.Fprintf(&b, ": %v", e.Err)
	if e.Remedy != "" {
		fmt.Fprintf(&b, "; %s", e.Remedy)
	}
	return b.String()
}

func (e *AttachError) what() string {
	if e.Map != "" {
		return "map " + e.Map
	}
	return "program " + e.Program
}

func (e *AttachError) Unwrap() error { return e.Err }

// ErrNeedsTarget says that the section does not say where the program goes:
// Attach must be given it, or AttachTo be used. AttachAll leaves such programs
// alone and lists them.
var ErrNeedsTarget = errors.New("the section does not say where to attach")

// errNotLinux is returned by everything that only Linux can do.
var errNotLinux error = &fixedError{"only Linux can do this", &ebpf.ErrNotSupported}

// target is where a program goes, for messages.
type target struct {
	// what it is: one of the keys of missing, or free text.
	what string
	// name of it.
	name string
}

func (t target) String() string {
	if t.name == "" {
		return t.what
	}
	return t.what + " " + t.name
}

// attachError dresses an error of the library or the kernel.
func (p *program) attachError(k *progKind, t target, err error) error {
	var done *AttachError
	if errorAs(err, &done) {
		return err
	}
	return &AttachError{
		Program: p.name,
		Section: p.section(),
		Target:  t.String(),
		Remedy:  remedy(k, t, err),
		Err:     err,
	}
}
