package typed

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"github.com/bpfgen/bpfgen/typed/internal/kernelsym"
	"github.com/bpfgen/bpfgen/typed/internal/usdt"
	"github.com/bpfgen/bpfgen/typed/internal/userfile"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
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
var errNotLinux = fmt.Errorf("only Linux can do this: %w", ebpf.ErrNotSupported)

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

// The kinds of targets that have a remedy of their own.
const (
	kernelFunction  = "kernel function"
	kernelFunctions = "kernel functions"
	syscallName     = "system call"
	executable      = "executable"
	staticProbe     = "static probe"
	tracepoint      = "tracepoint"
	rawTracepoint   = "raw tracepoint"
	netInterface    = "interface"
	cgroupDir       = "cgroup"
)

// missing is what to do where the target itself is not there.
var missing = map[string]string{
	kernelFunction:  "this kernel has no such function, or has inlined it: look it up in /proc/kallsyms and use AttachTo, or mark the program Optional",
	kernelFunctions: "no traceable function of this kernel matches: compare /sys/kernel/tracing/available_filter_functions",
	syscallName:     "this kernel has no such system call on this architecture",
	executable:      "check the path and, with readelf -sW, that the symbol is in it and not stripped",
	staticProbe:     "check the path; readelf -n lists the probes of a file",
	tracepoint:      "this kernel has no such tracepoint: compare /sys/kernel/tracing/events",
	rawTracepoint:   "this kernel has no such tracepoint: compare /sys/kernel/tracing/available_events",
	netInterface:    "the current network namespace has no interface of that index: net.Interfaces lists them",
	cgroupDir:       "give the path of a directory in a mounted cgroup v2 hierarchy, such as /sys/fs/cgroup or /sys/fs/cgroup/unified",
}

// attachError dresses an error of the library or the kernel.
func (p *program) attachError(k *kind, t target, err error) error {
	var done *AttachError
	if errors.As(err, &done) {
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

const needPrivilege = "run as root, or with CAP_BPF and CAP_PERFMON or CAP_NET_ADMIN; a security policy or lockdown may forbid it even then"

// remedy finds what the user can do about an error. The order matters: a
// kernel that lacks a feature also says EINVAL.
func remedy(k *kind, t target, err error) string {
	var option *optionError
	switch {
	case errors.Is(err, ErrNeedsTarget), errors.Is(err, errNotLinux):
		return ""
	case errors.Is(err, os.ErrPermission):
		if t.what == cgroupDir {
			return needPrivilege + ", as does a program of this cgroup or one above that admits no other: bpftool cgroup tree lists them"
		}
		return needPrivilege
	case strings.Contains(err.Error(), noTracefs):
		return "mount -t tracefs tracefs /sys/kernel/tracing"
	case probeEvents(err) != "":
		return "this kernel is built without CONFIG_" + strings.ToUpper(probeEvents(err))
	case symbolRemedy(err) != "":
		return symbolRemedy(err)
	case isMissing(t, err):
		return missing[t.what]
	case errors.As(err, &option):
		return fmt.Sprintf("the option %s needs Linux %s or newer", option.name, option.since)
	case errors.Is(err, ebpf.ErrNotSupported), isOldKernel(err):
		return k.needsKernel()
	}
	return ""
}

// symbolRemedy is what to do about a name in an executable that does not say
// where to go.
func symbolRemedy(err error) string {
	var ambiguous *userfile.AmbiguousError
	var indirect *userfile.IndirectError
	var version *userfile.VersionError
	var machine *usdt.MachineError
	switch {
	case errors.As(err, &ambiguous):
		return "give one of these offsets, by AttachOffset or in place of the name"
	case errors.As(err, &indirect):
		return "attach to the function that the resolver picks, by its own name or by its offset in the file (AttachOffset); if readelf -sW does not show it, the symbols of the debug package do"
	case errors.As(err, &version):
		return "name one of these versions"
	case errors.As(err, &machine):
		return "a program that does not include usdt.bpf.h, and so asks for no arguments, can be attached"
	}
	return ""
}

// optionError is an error of an attempt with an option that older kernels lack.
type optionError struct {
	error
	name, since string
}

func (e *optionError) Unwrap() error { return e.error }

// newerOption takes what an attempt to attach returned, and says of its error
// that the option may be the cause, if it was used.
func newerOption(name, since string, used bool) func(link.Link, error) (link.Link, error) {
	return func(l link.Link, err error) (link.Link, error) {
		if used && (errors.Is(err, ebpf.ErrNotSupported) || isOldKernel(err)) {
			return nil, &optionError{err, name, since}
		}
		return l, err
	}
}

// noTracefs is what the library says where it finds no tracefs, which probes
// and tracepoints need (internal/tracefs, v0.22.0: it has no error value).
const noTracefs = "neither debugfs nor tracefs are mounted"

// probeEvents is the file of tracefs that an error misses, which is there if
// the kernel was built for such probes: "kprobe_events" or "uprobe_events".
func probeEvents(err error) string {
	var path *os.PathError
	if !errors.As(err, &path) || !errors.Is(err, os.ErrNotExist) {
		return ""
	}
	if name := filepath.Base(path.Path); name == "kprobe_events" || name == "uprobe_events" {
		return name
	}
	return ""
}

// isMissing says whether an error means that the target is not there. XDP says
// EINVAL for an interface that is not (net/core/dev.c, bpf_xdp_link_attach).
func isMissing(t target, err error) bool {
	switch t.what {
	case netInterface:
		return errors.Is(err, syscall.ENODEV) || errors.Is(err, syscall.EINVAL) && !interfaceExists(t.name)
	case cgroupDir:
		return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.EBADF) || errors.Is(err, syscall.ENOTDIR)
	case kernelFunction:
		return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.EADDRNOTAVAIL)
	}
	_, known := missing[t.what]
	return known && (errors.Is(err, os.ErrNotExist) || errors.Is(err, kernelsym.ErrNoFunction))
}

// interfaceExists looks in the network namespace of the calling thread. index
// is a decimal number.
func interfaceExists(index string) bool {
	n, err := strconv.Atoi(index)
	if err != nil {
		return false
	}
	_, err = net.InterfaceByIndex(n)
	return err == nil
}

func isOldKernel(err error) bool {
	return errors.Is(err, syscall.EINVAL) || errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.E2BIG)
}

// needsKernel names the first Linux that can.
func (k *kind) needsKernel() string {
	if k.since == "" {
		return ""
	}
	return fmt.Sprintf("a typed.%s needs Linux %s or newer, configured for it", k.name, k.since)
}
