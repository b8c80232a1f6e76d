// Package netlink is what package typed asks of rtnetlink, and nothing that
// does it: only programs that import typed/tc carry a netlink library.
package netlink

// Registered is set by package typed/tc when it is imported, nil without it.
var Registered Attacher

// Attacher attaches programs where the kernel has no other way. Each method
// returns what takes the program away again, and does nothing half.
type Attacher interface {
	// AttachFilter makes a direct-action cls_bpf filter of the clsact qdisc,
	// and the qdisc if there is none.
	AttachFilter(Filter) (detach func() error, err error)
	// AttachAction makes a filter that matches every packet, with the program
	// as its action.
	AttachAction(Filter) (detach func() error, err error)
	// AttachRoute makes a route with the program on it.
	AttachRoute(Route) (detach func() error, err error)
}

// Filter is a filter of clsact.
type Filter struct {
	// FD of the program, and the name that tc shows.
	FD   int
	Name string
	// Ifindex of the interface in the network namespace of the calling thread.
	Ifindex int
	Egress  bool
	// Priority and Handle; 0 lets the kernel choose.
	Priority uint16
	Handle   uint32
}

// RouteHook is where on its way a packet meets the program of a route.
type RouteHook int

// The hooks of a route.
const (
	RouteIn RouteHook = iota
	RouteOut
	RouteXmit
	RouteSeg6Local
)

// Route is a route with a program.
type Route struct {
	FD   int
	Name string
	Hook RouteHook
	// Prefix is the destination: "10.1.0.0/16".
	Prefix  string
	Ifindex int
	// Headroom in bytes that RouteXmit may add to a packet.
	Headroom int
	// Table is the routing table; 0 means main.
	Table int
}
