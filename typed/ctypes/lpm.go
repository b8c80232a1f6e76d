package ctypes

import (
	"fmt"
	"net/netip"
)

// Prefixes as keys of LPM tries. In C a key is {__u32 prefixlen; data…}
// (struct bpf_lpm_trie_key, include/uapi/linux/bpf.h). prefixlen counts the
// bits of data, from the first byte on and in each from the highest bit, so
// that an address must lie there in network byte order, whatever type it has
// in C. Fields before the address are matched exactly if prefixlen counts them
// in full.
//
// Generated constructors fill the exact fields and the address, and add up the
// bits; the functions here know about addresses. data points to the field that
// holds the address: of 4 or 16 bytes, of any type without pointers.

// PutLPMPrefix puts the address of a prefix into the data of a key, with the
// bits beyond the prefix cleared, and returns how many bits of data it covers.
// An IPv6 prefix does not fit into 4 bytes, unless it is one of IPv4-mapped
// addresses. An IPv4 prefix is an error in 16 bytes, where only the C code knows
// which form it has: see [PutLPMPrefix4] and [PutLPMPrefixMapped].
func PutLPMPrefix[T any](data *T, prefix netip.Prefix) (bits uint32, err error) {
	memory := memoryOf(data)
	if len(memory) == 16 && prefix.Addr().Is4() {
		return 0, fmt.Errorf("LPM trie key: %s is IPv4, and the key has 16 bytes: use new…IPv4 if the C code "+
			"has IPv4 in the first 4 of them, new…Mapped if it has ::ffff:a.b.c.d", prefix)
	}
	return putPrefix(memory, prefix)
}

// PutLPMPrefix4 puts an IPv4 prefix into the first 4 bytes of data, and clears
// the others. Other prefixes are an error, unless they are of IPv4-mapped
// addresses.
func PutLPMPrefix4[T any](data *T, prefix netip.Prefix) (bits uint32, err error) {
	memory := memoryOf(data)
	if len(memory) < 4 {
		return 0, errLPMSize(memory)
	}
	if bits, err = putPrefix(memory[:4], prefix); err == nil {
		clear(memory[4:])
	}
	return bits, err
}

// PutLPMPrefixMapped is PutLPMPrefix that puts an IPv4 prefix under
// ::ffff:0:0/96, as IPv4-mapped address of 16 bytes.
func PutLPMPrefixMapped[T any](data *T, prefix netip.Prefix) (bits uint32, err error) {
	memory := memoryOf(data)
	if len(memory) == 16 && prefix.IsValid() && prefix.Addr().Is4() {
		addr := netip.AddrFrom16(prefix.Addr().As16())
		prefix = netip.PrefixFrom(addr, prefix.Bits()+96)
	}
	return putPrefix(memory, prefix)
}

// LPMTooWide says that a value does not fit into a bitfield of a key. Constructors
// of keys call it.
func LPMTooWide(member string, bits int, v any) error {
	return fmt.Errorf("LPM trie key: %v does not fit into %s, a bitfield of %d bits", v, member, bits)
}

// LPMPrefix is the prefix that bits of the data of a key are: IPv4 if data has
// 4 bytes or is under ::ffff:0:0/96, else IPv6. The zero Prefix, which is not
// valid, if bits is more than data has.
func LPMPrefix[T any](data *T, bits uint32) netip.Prefix {
	memory := memoryOf(data)
	addr, ok := netip.AddrFromSlice(memory)
	if !ok || uint64(bits) > uint64(addr.BitLen()) {
		return netip.Prefix{}
	}
	if addr.Is4In6() && bits >= 96 {
		return netip.PrefixFrom(addr.Unmap(), int(bits-96)).Masked()
	}
	return netip.PrefixFrom(addr, int(bits)).Masked()
}

// LPMPrefix4 is the IPv4 prefix that bits of the first 4 bytes of data are,
// where [PutLPMPrefix4] puts it. The zero Prefix if bits is more than 32.
func LPMPrefix4[T any](data *T, bits uint32) netip.Prefix {
	memory := memoryOf(data)
	if len(memory) < 4 || bits > 32 {
		return netip.Prefix{}
	}
	return netip.PrefixFrom(netip.AddrFrom4([4]byte(memory)), int(bits)).Masked()
}

func putPrefix(data []byte, prefix netip.Prefix) (bits uint32, err error) {
	if !prefix.IsValid() {
		return 0, fmt.Errorf("LPM trie key: invalid prefix %s", prefix)
	}
	addr, length := prefix.Addr(), prefix.Bits()
	if addr.Is4In6() && len(data) == 4 && length >= 96 {
		addr, length = addr.Unmap(), length-96
	}
	addr = mask(addr, length)
	switch {
	case len(data) != 4 && len(data) != 16:
		return 0, errLPMSize(data)
	case addr.BitLen() > 8*len(data):
		return 0, fmt.Errorf("LPM trie key: %s is not IPv4, and the address has 4 bytes", prefix)
	}
	clear(data)
	copy(data, addr.AsSlice())
	return uint32(length), nil
}

func errLPMSize(data []byte) error {
	return fmt.Errorf("LPM trie key: an address has 4 or 16 bytes, the data %d", len(data))
}

// mask clears the bits of an address beyond the first length ones.
func mask(addr netip.Addr, length int) netip.Addr {
	prefix, err := addr.Prefix(length)
	if err != nil { // not for the lengths that a Prefix has
		return addr
	}
	return prefix.Addr()
}
