// Package flows is not called as its directory is. It has the types of the case,
// and imports more than they need.
package flows

import (
	"encoding/json"
	"net/netip"
	"strconv"

	"github.com/bpfgen/bpfgen/typed/ctypes"
)

// IPv4 is an address as packets have it.
type IPv4 [4]byte

// MarshalText is not what the runtime does with a BE32.
func (a IPv4) MarshalText() ([]byte, error) { return netip.AddrFrom4(a).MarshalText() }

// Flow is struct flow.
type Flow struct {
	Ends
	Port  uint16
	Proto uint8
	Bits  uint8 // ttl, tos
	Mark  uint32
}

// Ends are two members of struct flow.
type Ends struct{ Saddr, Daddr IPv4 }

// Verdict is enum verdict, as an int.
type Verdict int32

const lasts = 1 << iota * 2

// Stats is struct stats.
type Stats struct {
	Packets uint64
	Last    [lasts]Verdict
	Seen    ctypes.Bool
	_       [7]byte
	Sock    ctypes.Pointer
	Comm    [16]byte
}

var _ json.Marshaler = (*other)(nil)

type other struct{ n int }

func (o *other) MarshalJSON() ([]byte, error) { return strconv.AppendInt(nil, int64(o.n), 10), nil }
