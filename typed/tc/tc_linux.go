package tc

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"

	"github.com/bpfgen/bpfgen/typed/internal/netlink"
	nl "github.com/vishvananda/netlink"
	seg6 "github.com/vishvananda/netlink/nl"
	"golang.org/x/sys/unix"
)

func init() { netlink.Registered = attacher{} }

// attacher does what package typed asks. Each attachment keeps a socket of its
// own until it is taken away: a netlink socket belongs to the network
// namespace in which it was opened, and Close may be called in another.
type attacher struct{}

// firstPriority is that of filters when the user gives none: before those of
// tc(8), which start at 49152 and go down.
const firstPriority = 1

// tries is how many filters of others one priority or handle may have before
// ours before we give up.
const tries = 1024

// AttachFilter makes a direct-action cls_bpf filter.
func (attacher) AttachFilter(f netlink.Filter) (func() error, error) {
	return attach(f, func(h *nl.Handle) (nl.Filter, error) {
		filter := &nl.BpfFilter{FilterAttrs: attrs(f), Fd: f.FD, Name: f.Name, DirectAction: true}
		filter.Priority = cmp.Or(f.Priority, firstPriority)
		// Filters of one priority tell apart by their handles.
		handle := &filter.Handle
		return filter, untilFree(f.Handle != 0, func() error { return h.FilterAdd(filter) }, func() { *handle++ })
	})
}

// AttachAction makes a matchall filter with the program as its action.
func (attacher) AttachAction(f netlink.Filter) (func() error, error) {
	return attach(f, func(h *nl.Handle) (nl.Filter, error) {
		filter := &nl.MatchAll{FilterAttrs: attrs(f), Actions: []nl.Action{
			&nl.BpfAction{ActionAttrs: nl.ActionAttrs{Action: nl.TC_ACT_PIPE}, Fd: f.FD, Name: f.Name},
		}}
		filter.Priority = cmp.Or(f.Priority, firstPriority)
		// matchall has one filter a priority (net/sched/cls_matchall.c, mall_change).
		priority := &filter.Priority
		return filter, untilFree(f.Priority != 0, func() error { return h.FilterAdd(filter) }, func() { *priority++ })
	})
}

// untilFree adds, and tries the next number as long as the kernel says that
// one is taken, unless the user has fixed it.
func untilFree(fixed bool, add func() error, next func()) error {
	err := add()
	for range tries {
		if fixed || !errors.Is(err, syscall.EEXIST) {
			return err
		}
		next()
		err = add()
	}
	return err
}

func attrs(f netlink.Filter) nl.FilterAttrs {
	a := nl.FilterAttrs{
		LinkIndex: f.Ifindex,
		Parent:    nl.HANDLE_MIN_INGRESS,
		Handle:    cmp.Or(f.Handle, 1),
		Protocol:  unix.ETH_P_ALL,
	}
	if f.Egress {
		a.Parent = nl.HANDLE_MIN_EGRESS
	}
	return a
}

// attach makes the qdisc and, by add, the filter.
func attach(f netlink.Filter, add func(*nl.Handle) (nl.Filter, error)) (func() error, error) {
	place, err := placeOf(f.Ifindex)
	if err != nil {
		return nil, err
	}
	h, err := nl.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	if err := place.addQdisc(h); err != nil {
		h.Close()
		return nil, fmt.Errorf("make the clsact qdisc: %w", err)
	}
	remove := func() error {
		defer h.Close()
		return place.removeUnused(h)
	}
	filter, err := add(h)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("add a filter: %w", err), remove())
	}
	return func() error { return errors.Join(ignoreGone(h.FilterDel(filter)), remove()) }, nil
}

// place is an interface of a network namespace, which is known by the inode of
// its file.
type place struct {
	device, inode uint64
	ifindex       int
}

func placeOf(ifindex int) (place, error) {
	var st unix.Stat_t
	if err := unix.Stat("/proc/thread-self/ns/net", &st); err != nil {
		return place{}, fmt.Errorf("network namespace: %w", err)
	}
	return place{device: uint64(st.Dev), inode: st.Ino, ifindex: ifindex}, nil
}

// made are the places whose qdisc this process has made: whichever of its
// filters goes last takes the qdisc along.
var made struct {
	sync.Mutex
	places map[place]bool
}

func clsact(ifindex int) *nl.GenericQdisc {
	return &nl.GenericQdisc{
		QdiscAttrs: nl.QdiscAttrs{LinkIndex: ifindex, Handle: nl.MakeHandle(0xffff, 0), Parent: nl.HANDLE_CLSACT},
		QdiscType:  "clsact",
	}
}

func (p place) addQdisc(h *nl.Handle) error {
	made.Lock()
	defer made.Unlock()
	switch err := h.QdiscAdd(clsact(p.ifindex)); {
	case errors.Is(err, syscall.EEXIST):
		return nil
	case err != nil:
		return err
	}
	if made.places == nil {
		made.places = make(map[place]bool)
	}
	made.places[p] = true
	return nil
}

// removeUnused removes the qdisc if we made it, unless there are filters on it
// still, of ours or of others.
func (p place) removeUnused(h *nl.Handle) error {
	made.Lock()
	defer made.Unlock()
	if !made.places[p] {
		return nil
	}
	index := &nl.GenericLink{LinkAttrs: nl.LinkAttrs{Index: p.ifindex}}
	for _, parent := range []uint32{nl.HANDLE_MIN_INGRESS, nl.HANDLE_MIN_EGRESS} {
		filters, err := h.FilterList(index, parent)
		if err != nil && ignoreGone(err) == nil {
			break // and the index can be another interface's some day
		}
		if err != nil {
			return err
		}
		if len(filters) > 0 {
			return nil
		}
	}
	delete(made.places, p)
	return ignoreGone(h.QdiscDel(clsact(p.ifindex)))
}

// ignoreGone takes it as done when what was to be removed has gone with its
// interface, or by another hand.
func ignoreGone(err error) error {
	for _, gone := range []error{syscall.ENODEV, syscall.ENOENT, syscall.ESRCH} {
		if errors.Is(err, gone) {
			return nil
		}
	}
	return err
}

// lwtModes are the hooks of a route that the kernel calls LWT_BPF_*
// (include/uapi/linux/lwtunnel.h).
var lwtModes = map[netlink.RouteHook]int{
	netlink.RouteIn:   1,
	netlink.RouteOut:  2,
	netlink.RouteXmit: 3,
}

// AttachRoute makes a route with the program on it.
func (attacher) AttachRoute(r netlink.Route) (func() error, error) {
	_, dst, err := net.ParseCIDR(r.Prefix)
	if err != nil {
		return nil, err
	}
	encap, err := routeEncap(r)
	if err != nil {
		return nil, err
	}
	h, err := nl.NewHandle(unix.NETLINK_ROUTE)
	if err != nil {
		return nil, err
	}
	route := &nl.Route{LinkIndex: r.Ifindex, Dst: dst, Encap: encap, Table: r.Table}
	if err := h.RouteAdd(route); err != nil {
		h.Close()
		return nil, fmt.Errorf("add a route: %w", err)
	}
	return func() error {
		defer h.Close()
		return ignoreGone(h.RouteDel(route))
	}, nil
}

func routeEncap(r netlink.Route) (nl.Encap, error) {
	if r.Hook == netlink.RouteSeg6Local {
		return seg6Encap(r)
	}
	encap := new(nl.BpfEncap)
	if r.Headroom > 0 {
		if err := encap.SetXmitHeadroom(r.Headroom); err != nil {
			return nil, err
		}
	}
	return encap, encap.SetProg(lwtModes[r.Hook], r.FD, r.Name)
}

// seg6Encap is the End.BPF action of IPv6 segment routing.
func seg6Encap(r netlink.Route) (nl.Encap, error) {
	encap := &nl.SEG6LocalEncap{Action: seg6.SEG6_LOCAL_ACTION_END_BPF}
	encap.Flags[seg6.SEG6_LOCAL_ACTION] = true
	encap.Flags[seg6.SEG6_LOCAL_BPF] = true
	return encap, encap.SetProg(r.FD, r.Name)
}
