package typed

import (
	"errors"
	"fmt"
	"io"
	"math/bits"
	"os"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/bpfgen/bpfgen/typed/internal/cgroup"
	"github.com/bpfgen/bpfgen/typed/internal/emulated"
	"github.com/bpfgen/bpfgen/typed/internal/kernelsym"
	"github.com/bpfgen/bpfgen/typed/internal/netlink"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// This file makes links on Linux: by the library where it can, else by
// link_bpf_linux.go, netlink or a socket option. link_other.go has the same
// functions for other systems.

func attachKprobe(prog *ebpf.Program, symbol string, args kprobeArgs) (link.Link, error) {
	return perfCookie(args.options.Cookie)(link.Kprobe(symbol, prog, &link.KprobeOptions{
		Cookie:        args.options.Cookie,
		Offset:        args.offset,
		TraceFSPrefix: args.options.TraceFSPrefix,
	}))
}

func attachKretprobe(prog *ebpf.Program, symbol string, opts KretprobeOptions) (link.Link, error) {
	return perfCookie(opts.Cookie)(link.Kretprobe(symbol, prog, &link.KprobeOptions{
		Cookie:            opts.Cookie,
		RetprobeMaxActive: opts.MaxActive,
		TraceFSPrefix:     opts.TraceFSPrefix,
	}))
}

// perfCookie is the option that links of perf events have.
func perfCookie(cookie uint64) func(link.Link, error) (link.Link, error) {
	return newerOption("Cookie", "5.15", cookie != 0)
}

// attachKprobeMulti gives the kernel addresses where they are known, as libbpf
// does: a name can stand for several functions.
func attachKprobeMulti(prog *ebpf.Program, k *progKind, symbols []kernelsym.Symbol, opts KprobeMultiOptions) (link.Link, error) {
	o := link.KprobeMultiOptions{Session: k == &kindKprobeSession}
	for _, s := range symbols {
		if s.Address != 0 {
			o.Addresses = append(o.Addresses, uintptr(s.Address))
		} else {
			o.Symbols = append(o.Symbols, s.Name)
		}
		if opts.Cookie != nil {
			o.Cookies = append(o.Cookies, opts.Cookie(s.Name))
		}
	}
	if k == &kindKretprobeMulti {
		return link.KretprobeMulti(prog, o)
	}
	return link.KprobeMulti(prog, o)
}

func attachUprobe(prog *ebpf.Program, k *progKind, path string, offset uint64, opts UprobeOptions) (link.Link, error) {
	ex, err := link.OpenExecutable(path)
	if err != nil {
		return nil, err
	}
	o := &link.UprobeOptions{
		Address:       offset,
		PID:           opts.PID,
		RefCtrOffset:  opts.RefCtrOffset,
		Cookie:        opts.Cookie,
		TraceFSPrefix: opts.TraceFSPrefix,
	}
	if k == &kindUretprobe {
		return perfCookie(opts.Cookie)(ex.Uretprobe("", prog, o))
	}
	return perfCookie(opts.Cookie)(ex.Uprobe("", prog, o))
}

// The flags of linkCreateUprobeMulti (include/uapi/linux/bpf.h).
const uprobeMultiReturn = 1

// attachUprobeMulti does what the library's UprobeMulti does, and sessions
// too, which it cannot.
func attachUprobeMulti(prog *ebpf.Program, k *progKind, path string, places []UprobePlace, pid int) (link.Link, error) {
	name, err := unix.BytePtrFromString(path)
	if err != nil {
		return nil, err
	}
	var offsets, cookies, semaphores []uint64
	for _, place := range places {
		offsets = append(offsets, place.Offset)
		cookies = append(cookies, place.Cookie)
		semaphores = append(semaphores, place.RefCtrOffset)
	}
	attr := &linkCreateUprobeMulti{
		linkCreate:    newLinkCreate(prog, 0, k.attach[0]),
		path:          bpf.PointerTo(unsafe.Pointer(name)),
		offsets:       bpf.SlicePointer(offsets),
		refCtrOffsets: bpf.SlicePointer(semaphores),
		cookies:       bpf.SlicePointer(cookies),
		count:         uint32(len(places)),
		pid:           uint32(pid),
	}
	if k == &kindUretprobeMulti {
		attr.multiFlags = uprobeMultiReturn
	}
	return createLink(bpf.LinkCreate, prog, attr)
}

func attachTracepoint(prog *ebpf.Program, group, name string, opts TracepointOptions) (link.Link, error) {
	return perfCookie(opts.Cookie)(link.Tracepoint(group, name, prog, &link.TracepointOptions{Cookie: opts.Cookie}))
}

func attachRawTracepoint(prog *ebpf.Program, name string, opts RawTracepointOptions) (link.Link, error) {
	if opts.Cookie == 0 {
		return link.AttachRawTracepoint(link.RawTracepointOptions{Name: name, Program: prog})
	}
	cname, err := unix.BytePtrFromString(name)
	if err != nil {
		return nil, err
	}
	return newerOption("Cookie", "6.10", true)(createLink(bpf.RawTracepointOpen, prog, &rawTracepointOpen{
		name:   bpf.PointerTo(unsafe.Pointer(cname)),
		progFD: uint32(prog.FD()),
		cookie: opts.Cookie,
	}))
}

func attachTracing(prog *ebpf.Program, at ebpf.AttachType, opts TracingOptions) (link.Link, error) {
	cookie := newerOption("Cookie", "5.19", opts.Cookie != 0)
	if at == ebpf.AttachLSMMac {
		return cookie(link.AttachLSM(link.LSMOptions{Program: prog, Cookie: opts.Cookie}))
	}
	if at == attachFsession {
		return createLink(bpf.LinkCreate, prog, &linkCreateTracing{linkCreate: newLinkCreate(prog, 0, at), cookie: opts.Cookie})
	}
	return cookie(link.AttachTracing(link.TracingOptions{Program: prog, AttachType: at, Cookie: opts.Cookie}))
}

// attachTracingMulti finds the functions in the BTF of the kernel itself.
func attachTracingMulti(prog *ebpf.Program, at ebpf.AttachType, pattern string, opts TracingMultiOptions) (link.Link, error) {
	ids, names, err := kernelFunctionIDs(pattern)
	if err != nil {
		return nil, err
	}
	var cookies []uint64
	if opts.Cookie != nil {
		for _, name := range names {
			cookies = append(cookies, opts.Cookie(name))
		}
	}
	return createLink(bpf.LinkCreate, prog, &linkCreateTracingMulti{
		linkCreate: newLinkCreate(prog, 0, at),
		ids:        bpf.SlicePointer(ids),
		cookies:    bpf.SlicePointer(cookies),
		count:      uint32(len(ids)),
	})
}

// kernelFunctionIDs are the BTF ids of the functions of vmlinux that match and
// that ftrace can reach.
func kernelFunctionIDs(pattern string) (ids []btf.TypeID, names []string, err error) {
	symbols, err := kernelsym.Functions(pattern)
	if err != nil {
		return nil, nil, err
	}
	spec, err := btf.LoadKernelSpec()
	if err != nil {
		return nil, nil, err
	}
	for _, s := range symbols {
		var fn *btf.Func
		if spec.TypeByName(s.Name, &fn) != nil {
			continue
		}
		id, err := spec.TypeID(fn)
		if err != nil {
			return nil, nil, err
		}
		ids, names = append(ids, id), append(names, s.Name)
	}
	if len(ids) == 0 {
		return nil, nil, kernelsym.ErrNoFunction
	}
	return ids, names, nil
}

func attachFreplace(prog, target *ebpf.Program, function string) (link.Link, error) {
	return link.AttachFreplace(target, function, prog)
}

// iterInfo is union bpf_iter_link_info: the map is at its start, the cgroup
// and the task have members of their own.
type iterInfo struct {
	first  uint32 // map_fd, or cgroup.order, or task.tid
	second uint32 // cgroup.cgroup_fd, or task.pid
	third  uint64 // cgroup.cgroup_id, or task.pid_fd
}

// attachMapIter attaches an iterator, over the elements of a map if there is one.
func attachMapIter(prog *ebpf.Program, m AnyMap) (l link.Link, err error) {
	if m == nil {
		return link.AttachIter(link.IterOptions{Program: prog})
	}
	if isNil(m) {
		return nil, notLoaded("")
	}
	err = m.Handle().Use(func(em *ebpf.Map) error {
		l, err = link.AttachIter(link.IterOptions{Program: prog, Map: em})
		return err
	})
	return l, err
}

// attachIter goes past the library, which knows of maps only.
func attachIter(prog *ebpf.Program, opts IterOptions) (link.Link, error) {
	if opts.Cgroup == "" && opts.TID == 0 && opts.PID == 0 {
		return attachMapIter(prog, opts.Map)
	}
	info := &iterInfo{first: uint32(opts.TID), second: uint32(opts.PID)}
	if opts.Cgroup != "" {
		dir, err := cgroup.Open(opts.Cgroup)
		if err != nil {
			return nil, err
		}
		defer dir.Close()
		*info = iterInfo{first: uint32(opts.Order), second: uint32(dir.Fd())}
	}
	return newerOption("Cgroup, TID or PID", "6.1", true)(createLink(bpf.LinkCreate, prog, &linkCreateIter{
		linkCreate: newLinkCreate(prog, 0, ebpf.AttachTraceIter),
		info:       bpf.PointerTo(unsafe.Pointer(info)),
		infoLen:    uint32(unsafe.Sizeof(*info)),
	}))
}

func openIter(l link.Link) (io.ReadCloser, error) {
	it, ok := l.(*link.Iter)
	if !ok {
		return nil, fmt.Errorf("%T is not an iterator", l)
	}
	return it.Open()
}

func attachXDP(prog *ebpf.Program, ifindex int, opts XDPOptions) (link.Link, error) {
	if bits.OnesCount32(uint32(opts.Mode)) > 1 {
		return nil, explain(fmt.Errorf("mode %#x: %w", uint32(opts.Mode), syscall.EINVAL), "the modes of XDP exclude each other: choose one")
	}
	l, err := link.AttachXDP(link.XDPOptions{Program: prog, Interface: ifindex, Flags: link.XDPAttachFlags(opts.Mode)})
	if err != nil {
		return nil, explain(err, xdpRemedy(err, opts.Mode, ifindex))
	}
	return l, nil
}

// xdpRemedy reads what the kernel says of an interface that is there
// (net/core/dev.c, dev_xdp_attach).
func xdpRemedy(err error, mode XDPMode, ifindex int) string {
	switch {
	case errors.Is(err, syscall.EOPNOTSUPP) && mode == XDPDriver:
		return "the driver of the interface has no XDP: XDPGeneric works on every interface"
	case errors.Is(err, syscall.EOPNOTSUPP) && mode == XDPOffload,
		errors.Is(err, syscall.EINVAL) && mode == XDPOffload && interfaceExists(strconv.Itoa(ifindex)):
		return "only a device that can run BPF takes XDPOffload, and only a program that was loaded for it: set Ifindex in its spec before Load"
	case errors.Is(err, syscall.EBUSY):
		return "another XDP program is on the interface (bpftool net shows it): close its link, or update it"
	case errors.Is(err, syscall.EEXIST):
		return "XDP is active on the interface in another mode (bpftool net shows it): only one can be"
	}
	return ""
}

// mprogRemedy reads what the kernel says of a list of programs that has an
// order and a revision (kernel/bpf/mprog.c, kernel/bpf/cgroup.c).
func mprogRemedy(err error) string {
	switch {
	case errors.Is(err, syscall.ESTALE):
		return "the list of programs has changed since ExpectedRevision: read it again"
	case errors.Is(err, syscall.ENOENT):
		return "the program or link of Anchor is not in the list"
	case errors.Is(err, syscall.ERANGE):
		return "the list of programs is full"
	case errors.Is(err, syscall.EEXIST):
		return "the program is in the list already"
	}
	return ""
}

// attachTC takes TCX, or a clsact filter where the kernel lacks it.
func attachTC(prog *ebpf.Program, name string, ifindex int, at ebpf.AttachType, opts TCOptions) (link.Link, error) {
	switch {
	case opts.Via == ClsactOnly && opts.ordered():
		return nil, errors.New("a clsact filter has neither Anchor nor ExpectedRevision: its Priority is its place")
	case opts.Via != ClsactOnly && opts.ordered():
		l, err := createOrdered(prog, ifindex, at, 0, opts.Anchor, opts.ExpectedRevision)
		return newerOption("Anchor or ExpectedRevision", "6.6", true)(l, err)
	case opts.Via != ClsactOnly:
		l, err := link.AttachTCX(link.TCXOptions{Interface: ifindex, Program: prog, Attach: at})
		if opts.Via == TCXOnly {
			return newerOption("TCXOnly", "6.6", true)(l, err)
		}
		if !errors.Is(err, ebpf.ErrNotSupported) {
			return l, err
		}
	}
	return byNetlink(prog, func(n netlink.Attacher) (func() error, error) {
		return n.AttachFilter(netlink.Filter{
			FD: prog.FD(), Name: name, Ifindex: ifindex, Egress: at == ebpf.AttachTCXEgress,
			Priority: opts.Priority, Handle: opts.Handle,
		})
	})
}

func attachAction(prog *ebpf.Program, name string, ifindex int, at ebpf.AttachType, opts SchedActOptions) (link.Link, error) {
	return byNetlink(prog, func(n netlink.Attacher) (func() error, error) {
		return n.AttachAction(netlink.Filter{
			FD: prog.FD(), Name: name, Ifindex: ifindex, Egress: at == ebpf.AttachTCXEgress,
			Priority: opts.Priority, Handle: opts.Handle,
		})
	})
}

func attachLWT(prog *ebpf.Program, name string, at lwtHook, prefix string, ifindex int, opts LWTOptions) (link.Link, error) {
	return byNetlink(prog, func(n netlink.Attacher) (func() error, error) {
		return n.AttachRoute(netlink.Route{
			FD: prog.FD(), Name: name, Hook: routeHooks[at], Prefix: prefix, Ifindex: ifindex,
			Headroom: opts.Headroom, Table: opts.Table,
		})
	})
}

// byNetlink attaches by package typed/tc, if the program has it.
func byNetlink(prog *ebpf.Program, do func(netlink.Attacher) (func() error, error)) (link.Link, error) {
	n := netlink.Registered
	if n == nil {
		return nil, errors.New(`this goes by netlink, which the program lacks: import _ "github.com/bpfgen/bpfgen/typed/tc"`)
	}
	detach, err := do(n)
	runtime.KeepAlive(prog)
	if err != nil {
		return nil, explain(err, netlinkRemedy(err))
	}
	return emulated.New(prog, detach), nil
}

func attachNetkit(prog *ebpf.Program, ifindex int, at ebpf.AttachType, opts NetkitOptions) (link.Link, error) {
	l, err := createOrdered(prog, ifindex, at, 0, opts.Anchor, opts.ExpectedRevision)
	// drivers/net/netkit.c, netkit_dev_fetch.
	switch {
	case errors.Is(err, syscall.ENXIO):
		return nil, explain(err, "the interface is no netkit device")
	case errors.Is(err, syscall.EACCES):
		return nil, explain(err, "the interface is the peer: give the index of the primary side of the netkit pair, for programs of both sides")
	}
	return l, err
}

// netfilterDefrag is BPF_F_NETFILTER_IP_DEFRAG (include/uapi/linux/bpf.h); the
// library's constant for it is 0.
const netfilterDefrag = 1

func attachNetfilter(prog *ebpf.Program, family NetfilterFamily, hook NetfilterHook, opts NetfilterOptions) (link.Link, error) {
	o := link.NetfilterOptions{Program: prog, ProtocolFamily: family, Hook: hook, Priority: opts.Priority}
	if opts.Defrag {
		o.NetfilterFlags = netfilterDefrag
	}
	return newerOption("Defrag", "6.6", opts.Defrag)(link.AttachNetfilter(o))
}

func attachNetNS(prog *ebpf.Program, netns int, at ebpf.AttachType) (link.Link, error) {
	raw, err := link.AttachRawLink(link.RawLinkOptions{Target: netns, Program: prog, Attach: at})
	switch {
	case err == nil:
	case !isFileOf(netns, "net:["):
		return nil, explain(err, "the descriptor is not that of a network namespace: open /proc/self/ns/net or a file of /run/netns")
	case errors.Is(err, syscall.EEXIST):
		return nil, explain(err, "the network namespace, or for flow dissectors the initial one, has such a program already: bpftool net shows it")
	default:
		return nil, err
	}
	return &link.NetNsLink{RawLink: *raw}, nil
}

// isFileOf says whether a descriptor is of a kind of files that the kernel names
// so in /proc: "net:[4026531840]", "anon_inode:[perf_event]".
func isFileOf(fd int, prefix string) bool {
	name, err := os.Readlink("/proc/self/fd/" + strconv.Itoa(fd))
	return err == nil && strings.HasPrefix(name, prefix)
}

func attachCgroup(prog *ebpf.Program, path string, at ebpf.AttachType, opts CgroupOptions) (link.Link, error) {
	dir, err := cgroup.Open(path)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	l, err := attachCgroupDir(prog, dir, at, opts)
	if errors.Is(err, syscall.EPERM) && privilegeRemedy(neededFor(prog.Type())) == "" {
		return nil, explain(err, cgroup.Forbids(path, at, opts.Mode.flags()))
	}
	return l, err
}

// attachCgroupDir makes a link where the kernel has one for the options, else
// uses BPF_PROG_ATTACH.
func attachCgroupDir(prog *ebpf.Program, dir *os.File, at ebpf.AttachType, opts CgroupOptions) (link.Link, error) {
	multi := opts.Mode == CgroupMulti
	var flags uint32
	if opts.Preorder {
		flags = flagPreorder
	}
	switch {
	case !multi && opts.ordered():
		return nil, errors.New("Anchor and ExpectedRevision are for CgroupMulti alone")
	case multi && flags == 0 && !opts.ordered():
		return link.AttachCgroup(link.CgroupOptions{Path: dir.Name(), Attach: at, Program: prog})
	case multi && haveOrderedCgroups(prog, at):
		l, err := createOrdered(prog, int(dir.Fd()), at, flags, opts.Anchor, opts.ExpectedRevision)
		if errors.Is(err, syscall.EINVAL) && opts.Anchor.names() {
			// The rest of what is EINVAL there haveOrderedCgroups has ruled out (get_prog_list,
			// kernel/bpf/cgroup.c).
			err = explain(err, "the program or link of Anchor is not in the list of this cgroup, or one of the two has Preorder and the other not")
		}
		return l, err
	case opts.ordered():
		return newerOption("Anchor or ExpectedRevision", "6.17", true)(nil, ebpf.ErrNotSupported)
	case opts.LinkOnly:
		return nil, fmt.Errorf("this kernel has no link for Mode or Preorder, and LinkOnly is set: %w", ebpf.ErrNotSupported)
	}
	return newerOption("Preorder", "6.15", opts.Preorder)(attachByProgAttach(prog, link.RawAttachProgramOptions{
		Target: int(dir.Fd()),
		Attach: at,
		Flags:  opts.Mode.flags() | flags,
	}, !multi))
}

// haveOrderedCgroups says whether links of cgroups take flags and a place in
// the order (Linux ≥ 6.17): only then the kernel looks at the descriptor of the
// cgroup. Older ones ignore an expected revision, which is why it is asked.
func haveOrderedCgroups(prog *ebpf.Program, at ebpf.AttachType) bool {
	attr := &linkCreateOrdered{linkCreate: newLinkCreate(prog, -1, at)}
	attr.flags = flagBefore
	_, err := createLink(bpf.LinkCreate, prog, attr)
	return errors.Is(err, syscall.EBADF)
}

// flags are what bpf(2) has for the mode.
func (m CgroupMode) flags() uint32 {
	switch m {
	case CgroupMulti:
		return cgroup.Multi
	case CgroupOverride:
		return cgroup.Override
	default:
		return 0
	}
}

// The socket options that take a program and those that take it away, with
// the level SOL_SOCKET.
type socketHook struct{ attach, detach int }

var (
	socketFilter    = socketHook{unix.SO_ATTACH_BPF, unix.SO_DETACH_BPF}
	socketReuseport = socketHook{unix.SO_ATTACH_REUSEPORT_EBPF, unix.SO_DETACH_REUSEPORT_BPF}
)

func attachSocket(prog *ebpf.Program, socket syscall.Conn, hook socketHook) (link.Link, error) {
	conn, err := socket.SyscallConn()
	if err != nil {
		return nil, err
	}
	if err := setSocketOption(conn, hook.attach, prog.FD()); err != nil {
		return nil, err
	}
	return emulated.New(prog, func() error {
		err := setSocketOption(conn, hook.detach, 0)
		if errors.Is(err, os.ErrClosed) || errors.Is(err, syscall.EBADF) || isClosedConn(err) {
			return nil // the program went with the socket
		}
		return err
	}), nil
}

// isClosedConn says whether an error means that a net.Conn is closed; its
// text is all there is when the poller says so (internal/poll).
func isClosedConn(err error) bool {
	return err != nil && (errors.Is(err, os.ErrClosed) || strings.Contains(err.Error(), "use of closed"))
}

func setSocketOption(conn syscall.RawConn, option, value int) error {
	var err error
	if cerr := conn.Control(func(fd uintptr) {
		err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, option, value)
	}); cerr != nil {
		return cerr
	}
	return os.NewSyscallError("setsockopt", err)
}

// attachSockMap makes a link where the kernel has one for socket maps (Linux ≥
// 6.10), else uses BPF_PROG_ATTACH.
func attachSockMap(prog *ebpf.Program, m *ebpf.Map, at ebpf.AttachType) (link.Link, error) {
	if m == nil {
		return nil, fmt.Errorf("socket map: %w", ErrNotLoaded)
	}
	defer runtime.KeepAlive(m)
	raw, err := link.AttachRawLink(link.RawLinkOptions{Target: m.FD(), Program: prog, Attach: at})
	if err == nil {
		return raw, nil
	}
	if !errors.Is(err, syscall.EINVAL) && !errors.Is(err, ebpf.ErrNotSupported) {
		return nil, err
	}
	return attachByProgAttach(prog, link.RawAttachProgramOptions{Target: m.FD(), Attach: at}, false)
}

func attachLirc(prog *ebpf.Program, fd int) (link.Link, error) {
	return attachByProgAttach(prog, link.RawAttachProgramOptions{Target: fd, Attach: ebpf.AttachLircMode2}, false)
}

// attachByProgAttach is BPF_PROG_ATTACH. It keeps descriptors of its own, so
// that Close works whatever the caller has closed before. single says that the hook
// has one program, which another may have replaced by then.
func attachByProgAttach(prog *ebpf.Program, opts link.RawAttachProgramOptions, single bool) (link.Link, error) {
	target, err := duplicate(opts.Target, "attach target")
	if err != nil {
		return nil, err
	}
	clone, err := prog.Clone()
	if err != nil {
		return nil, errors.Join(err, target.Close())
	}
	opts.Target, opts.Program = int(target.Fd()), clone
	if err := link.RawAttachProgram(opts); err != nil {
		return nil, errors.Join(err, target.Close(), clone.Close())
	}
	return emulated.New(prog, func() error {
		return errors.Join(detachByProgDetach(opts, single), target.Close(), clone.Close())
	}), nil
}

// detachByProgDetach is BPF_PROG_DETACH. A program that is not there any more, replaced or
// detached by another hand, or gone with its cgroup, is as good as detached. Of a cgroup
// that has one program the kernel takes that away, whichever it is told
// (find_detach_entry, kernel/bpf/cgroup.c).
func detachByProgDetach(opts link.RawAttachProgramOptions, single bool) error {
	if single && isReplaced(opts) {
		return nil
	}
	err := link.RawDetachProgram(link.RawDetachProgramOptions{Target: opts.Target, Program: opts.Program, Attach: opts.Attach})
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

// isReplaced says that a hook with one program has another than that of opts.
func isReplaced(opts link.RawAttachProgramOptions) bool {
	info, err := opts.Program.Info()
	if err != nil {
		return false
	}
	own, known := info.ID()
	there, err := link.QueryPrograms(link.QueryOptions{Target: opts.Target, Attach: opts.Attach})
	return err == nil && known && len(there.Programs) == 1 && there.Programs[0].ID != own
}

// attachPerfEvent makes a link (Linux ≥ 5.15), else uses the ioctl, and
// enables the event.
func attachPerfEvent(prog *ebpf.Program, fd int, opts PerfEventOptions) (link.Link, error) {
	l, err := createLink(bpf.LinkCreate, prog, &linkCreatePerfEvent{
		linkCreate: newLinkCreate(prog, fd, ebpf.AttachPerfEvent),
		cookie:     opts.Cookie,
	})
	if errors.Is(err, syscall.EINVAL) && opts.Cookie == 0 {
		l, err = attachPerfEventIoctl(prog, fd)
	}
	if l, err = perfCookie(opts.Cookie)(l, err); err != nil {
		if !isFileOf(fd, "anon_inode:[perf_event]") {
			return nil, explain(err, "the descriptor is not that of a perf event: unix.PerfEventOpen gives one")
		}
		return nil, err
	}
	if err := unix.IoctlSetInt(fd, unix.PERF_EVENT_IOC_ENABLE, 0); err != nil {
		return nil, errors.Join(os.NewSyscallError("ioctl PERF_EVENT_IOC_ENABLE", err), l.Close())
	}
	return l, nil
}

// attachPerfEventIoctl keeps a descriptor of its own, as a link of the kernel
// keeps the event.
func attachPerfEventIoctl(prog *ebpf.Program, fd int) (link.Link, error) {
	if err := unix.IoctlSetInt(fd, unix.PERF_EVENT_IOC_SET_BPF, prog.FD()); err != nil {
		return nil, os.NewSyscallError("ioctl PERF_EVENT_IOC_SET_BPF", err)
	}
	event, err := duplicate(fd, "perf event")
	if err != nil {
		return nil, err
	}
	return emulated.New(prog, func() error {
		err := unix.IoctlSetInt(int(event.Fd()), unix.PERF_EVENT_IOC_DISABLE, 0)
		return errors.Join(os.NewSyscallError("ioctl PERF_EVENT_IOC_DISABLE", err), event.Close())
	}), nil
}

// duplicate gives a descriptor that is closed with the file.
func duplicate(fd int, name string) (*os.File, error) {
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 3)
	if err != nil {
		return nil, os.NewSyscallError("fcntl", err)
	}
	return os.NewFile(uintptr(dup), name), nil
}

var routeHooks = [...]netlink.RouteHook{
	lwtIn:        netlink.RouteIn,
	lwtOut:       netlink.RouteOut,
	lwtXmit:      netlink.RouteXmit,
	lwtSeg6Local: netlink.RouteSeg6Local,
}
