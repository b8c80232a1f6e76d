package typed

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/bpfgen/bpfgen/typed/internal/kernel"
	"github.com/bpfgen/bpfgen/typed/internal/kernelsym"
	"github.com/bpfgen/bpfgen/typed/internal/usdt"
	"github.com/bpfgen/bpfgen/typed/internal/userfile"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
)

// This file finds out why attaching failed. The kernel says EINVAL, EPERM and
// ENOENT for many reasons: the reason is looked for on this machine, and where
// none is found, nothing is said. privilege.go looks for that of EPERM.

// machine is what causes are looked for in. Tests put other machines in its
// place. Variables, not fields of one: a program has the code of those alone that
// it uses.
var (
	machineVersion      = kernel.Running
	machineLacks        = kernel.Lacks
	machineCapabilities = effectiveCapabilities
	machineFunctions    = kernelsym.Variants
	machineMemlock      = lockedMemory
	machineParanoid     = perfEventParanoid // kernel.perf_event_paranoid
)

// olderThan says whether the running kernel is known to be older than a
// version, "6.6".
func olderThan(version string) bool {
	want, err := kernel.ParseVersion(version)
	if err != nil {
		return false
	}
	have, err := machineVersion()
	return err == nil && have.Less(want)
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

// explained is an error whose remedy is known where it is made.
type explained struct {
	error
	remedy string
}

func (e *explained) Unwrap() error { return e.error }

// explain gives an error its remedy; an empty one explains nothing.
func explain(err error, remedy string) error {
	if err == nil || remedy == "" {
		return err
	}
	return &explained{err, remedy}
}

// remedy is what the user can do about an error of attaching. The order
// matters: first what is certain, then what is found out.
func remedy(k *progKind, t target, err error) string {
	var known *explained
	switch {
	case errors.Is(err, ErrNeedsTarget), errors.Is(err, errNotLinux):
		return ""
	case errorAs(err, &known):
		return known.remedy
	case isNoTracefs(err):
		return "mount -t tracefs tracefs /sys/kernel/tracing"
	case tracefsOption(err) != "":
		return builtWithout(tracefsOption(err))
	case symbolRemedy(err) != "":
		return symbolRemedy(err)
	case errors.Is(err, os.ErrPermission):
		return cmp.Or(fileRemedy(err), attachRemedy(k, err))
	case isMissing(t, err) && missing(t) != "":
		return missing(t)
	case errors.Is(err, syscall.EILSEQ):
		return "the offset is not that of an instruction"
	case isUnsupported(err):
		return k.cause()
	}
	return ""
}

// isUnsupported are the errors by which a kernel says that it does not know
// what it is asked for; and by which it says many other things.
func isUnsupported(err error) bool {
	return errors.Is(err, ebpf.ErrNotSupported) || errors.Is(err, syscall.EINVAL) ||
		errors.Is(err, syscall.EOPNOTSUPP) || errors.Is(err, syscall.E2BIG)
}

// cause is why the running kernel has not the kind of hook, empty if it should
// have it.
func (k *progKind) cause() string {
	if k.since != "" && olderThan(k.since) {
		return "a typed." + k.name + " " + needsNewer(k.since)
	}
	for _, option := range strings.Fields(k.options) {
		if machineLacks(option) {
			return builtWithout(option)
		}
	}
	return ""
}

// needsNewer is the end of a sentence, where the running kernel is older.
func needsNewer(since string) string {
	if v, err := machineVersion(); err == nil {
		return fmt.Sprintf("needs Linux %s or newer, this is %s", since, v)
	}
	return fmt.Sprintf("needs Linux %s or newer", since)
}

func builtWithout(option string) string { return "this kernel is built without " + option }

// newerOption takes what an attempt to attach returned, and says of its error
// that an option is the cause, if it was used and this kernel is too old for
// it.
func newerOption(name, since string, used bool) func(link.Link, error) (link.Link, error) {
	return func(l link.Link, err error) (link.Link, error) {
		if used && isUnsupported(err) && olderThan(since) {
			return nil, explain(err, "the option "+name+" "+needsNewer(since))
		}
		return l, err
	}
}

// loadRemedy is what to do about an error of creating a map or loading a
// program of a kind, which may be nil, for which capabilities are needed. That of the
// verifier, which also says EACCES and EPERM, is in its log.
func loadRemedy(k *progKind, needed []capability, err error) string {
	var known *explained
	switch {
	case errorAs(err, &known):
		return known.remedy
	case lackingInLog(err) != "":
		return lackingRemedy(lackingInLog(err))
	case hasVerifierLog(err):
		return ""
	case errors.Is(err, os.ErrPermission):
		return cmp.Or(privilegeRemedy(needed), memlockRemedy(), policyRemedy())
	case strings.Contains(err.Error(), "missing MapOptions.PinPath"), strings.Contains(err.Error(), "PinPath"):
		return "maps that are pinned by name need a directory of a bpf file system: &ebpf.CollectionOptions{Maps: ebpf.MapOptions{PinPath: …}} as the options of Load"
	case k != nil && (isUnsupported(err) || errors.Is(err, btf.ErrNotFound)):
		return k.cause()
	}
	return ""
}

// hasVerifierLog says whether the verifier has looked at a single instruction:
// what it says before that is of the program's type and target.
func hasVerifierLog(err error) bool {
	var verifier *ebpf.VerifierError
	if !errorAs(err, &verifier) {
		return false
	}
	return slices.ContainsFunc(verifier.Log, func(line string) bool {
		return strings.HasPrefix(line, "processed ") && !strings.HasPrefix(line, "processed 0 insns")
	})
}

// noTracefs is what the library says where it finds no tracefs, which probes
// and tracepoints need (internal/tracefs, v0.22.0: it has no error value).
const noTracefs = "neither debugfs nor tracefs are mounted"

func isNoTracefs(err error) bool {
	return errors.Is(err, kernelsym.ErrNoTracefs) || strings.Contains(err.Error(), noTracefs)
}

// tracefsOption is the option that an error lacks which misses such a file.
func tracefsOption(err error) string {
	var path *os.PathError
	if !errorAs(err, &path) || !errors.Is(err, os.ErrNotExist) {
		return ""
	}
	switch filepath.Base(path.Path) { // is there if the kernel was built with an option
	case "kprobe_events":
		return "CONFIG_KPROBE_EVENTS"
	case "uprobe_events":
		return "CONFIG_UPROBE_EVENTS"
	case "available_filter_functions":
		return "CONFIG_DYNAMIC_FTRACE"
	}
	return ""
}

// symbolRemedy is what to do about a name in an executable that does not say
// where to go.
func symbolRemedy(err error) string {
	var ambiguous *userfile.AmbiguousError
	var indirect *userfile.IndirectError
	var version *userfile.VersionError
	var foreign *usdt.MachineError
	switch {
	case errorAs(err, &ambiguous):
		return "give one of these offsets, by AttachOffset or in place of the name"
	case errorAs(err, &indirect):
		return "attach to the function that the resolver picks, by its own name or by its offset in the file (AttachOffset); if readelf -sW does not show it, the symbols of the debug package do"
	case errorAs(err, &version):
		return "name one of these versions"
	case errorAs(err, &foreign):
		return "a program that does not include usdt.bpf.h, and so asks for no arguments, can be attached"
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
		return errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EINVAL)
	case kernelFunctions, syscallName, executable, staticProbe, tracepoint, rawTracepoint:
		return errors.Is(err, os.ErrNotExist)
	}
	return false
}

// missing is what to do where the target itself is not there.
func missing(t target) string {
	switch t.what {
	case kernelFunction:
		return missingFunction(t.name)
	case kernelFunctions:
		return "no traceable function of this kernel matches: compare /sys/kernel/tracing/available_filter_functions"
	case syscallName:
		return "this kernel has no such system call on this architecture"
	case executable:
		return "check the path and, with readelf -sW, that the symbol is in it and not stripped"
	case staticProbe:
		return "check the path; readelf -n lists the probes of a file"
	case tracepoint:
		return missingTracepoint(t.name)
	case rawTracepoint:
		return "this kernel has no such tracepoint: compare /sys/kernel/tracing/available_events"
	case netInterface:
		return "the current network namespace has no interface of that index: net.Interfaces lists them"
	case cgroupDir:
		return "give the path of a directory in a cgroup v2 hierarchy" + cgroupMounts()
	}
	return ""
}

// missingFunction tells a function that is not there from one that cannot be
// probed.
func missingFunction(name string) string {
	name, _, _ = strings.Cut(name, "+")
	variants, err := machineFunctions(name)
	switch {
	case err != nil:
		return ""
	case slices.Contains(variants, name) && kernelsym.Forbidden(name):
		return "this kernel does not let it be probed: it is in /sys/kernel/debug/kprobes/blacklist"
	case slices.Contains(variants, name):
		return ""
	case len(variants) > 0:
		return "the compiler has made " + strings.Join(variants, ", ") + " of it in this kernel: use AttachTo, or mark the program Optional"
	}
	return "this kernel has no such function, or has inlined it: look in /proc/kallsyms and use AttachTo, or mark the program Optional"
}

func missingTracepoint(name string) string {
	const option = "CONFIG_FTRACE_SYSCALLS"
	if strings.HasPrefix(name, "syscalls/") && machineLacks(option) {
		return builtWithout(option)
	}
	return "this kernel has no such tracepoint: compare /sys/kernel/tracing/events"
}

// interfaceExists looks in the network namespace of the calling thread. index
// is a decimal number.
func interfaceExists(index string) bool {
	n, err := strconv.Atoi(index)
	if err != nil {
		return false
	}
	return interfaceAt(n)
}

// cgroupMounts says where cgroup v2 is mounted, as the end of a sentence.
func cgroupMounts() string {
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(mounts)) {
		if f := strings.Fields(line); len(f) > 2 && f[2] == "cgroup2" {
			return ": one is mounted at " + f[1]
		}
	}
	return ", of which none is mounted"
}
