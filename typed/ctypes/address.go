package ctypes

import (
	"fmt"
	"net/netip"
)

// IPv4 is an IPv4 address in network byte order, such as C's struct in_addr: 4
// bytes. It is text wherever it is printed.
type IPv4 [4]byte

// IPv6 is an IPv6 address in network byte order, such as C's struct in6_addr:
// 16 bytes. It is text wherever it is printed.
type IPv6 [16]byte

// Addr is the address.
func (a IPv4) Addr() netip.Addr { return netip.AddrFrom4(a) }

// Addr is the address. One under ::ffff:0:0/96 stays an IPv6 address; see
// [netip.Addr.Unmap].
func (a IPv6) Addr() netip.Addr { return netip.AddrFrom16(a) }

// SetAddr stores an IPv4 address, or an IPv4-mapped IPv6 address (::ffff:a.b.c.d).
// Other addresses are an error, and a stays as it is.
func (a *IPv4) SetAddr(addr netip.Addr) error {
	v4, err := as4(addr)
	if err == nil {
		*a = v4
	}
	return err
}

// SetAddr stores an IPv6 address, or an IPv4 address as IPv4-mapped one
// (::ffff:a.b.c.d), as sockets of AF_INET6 do. The zero Addr is an error, and
// so is an address with a zone, for which there is no place: then a stays as
// it is.
func (a *IPv6) SetAddr(addr netip.Addr) error {
	switch {
	case !addr.IsValid():
		return fmt.Errorf("%v is no address", addr)
	case addr.Zone() != "":
		return fmt.Errorf("%v has a zone, which 16 bytes do not hold: store addr.WithZone(\"\")", addr)
	}
	*a = addr.As16()
	return nil
}

// String is the address as text: 192.0.2.1.
func (a IPv4) String() string { return a.Addr().String() }

// String is the address as text: 2001:db8::1.
func (a IPv6) String() string { return a.Addr().String() }

// MarshalText is the text of String. No error.
func (a IPv4) MarshalText() ([]byte, error) { return a.Addr().MarshalText() }

// MarshalText is the text of String. No error.
func (a IPv6) MarshalText() ([]byte, error) { return a.Addr().MarshalText() }

// UnmarshalText reads the text of an address, with the errors of SetAddr.
func (a *IPv4) UnmarshalText(text []byte) error { return setAddrText(a.SetAddr, text) }

// UnmarshalText reads the text of an address, with the errors of SetAddr.
func (a *IPv6) UnmarshalText(text []byte) error { return setAddrText(a.SetAddr, text) }

func setAddrText(set func(netip.Addr) error, text []byte) error {
	addr, err := netip.ParseAddr(string(text))
	if err != nil {
		return err
	}
	return set(addr)
}

// as4 is the IPv4 address that addr is, mapped into IPv6 or not.
func as4(addr netip.Addr) (v4 [4]byte, err error) {
	unmapped := addr.Unmap()
	if !unmapped.Is4() {
		return v4, fmt.Errorf("%v is not an IPv4 address", addr)
	}
	return unmapped.As4(), nil
}
