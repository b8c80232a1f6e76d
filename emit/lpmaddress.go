package emit

// Which last members of an LPM trie's key are addresses. BTF knows no type for
// that, so the member's tag, or its type and name, must say it: numbers in network
// byte order and bytes are addresses unless their name says otherwise, a plain
// integer only if its name says so. Text, signed numbers, floats, enums and
// pointers never are.

import (
	"slices"
	"strings"
	"unicode"

	"github.com/bpfgen/bpfgen/btfparse"
)

// addressSizes are those of IPv4 and IPv6.
var addressSizes = []uint64{4, 16}

// addressSize is the size of a part that is an address, else 0.
func (p lpmPart) addressSize() uint64 {
	if slices.Contains(addressSizes, p.size()) && p.isAddress(nil) {
		return p.size()
	}
	return 0
}

// isAddress says whether a part is an address. names are those of the members
// around it.
func (p lpmPart) isAddress(names []string) bool {
	if len(p.leaves) == 1 {
		return p.leaves[0].isAddress(names)
	}
	whole := false // one of the members of a union has all its bytes
	for _, l := range p.leaves {
		if l.union == nil || !l.isPlainData() {
			return false
		}
		whole = whole || l.bytes() == p.span && l.isAddress(names)
	}
	return whole
}

// isAddress says whether a member is an address by its tag, or its type and name.
func (l *leaf) isAddress(names []string) bool {
	names = append(slices.Clone(names), l.field.Name)
	switch {
	case l.field.Bitfield || !l.isPlainData():
		return false
	case l.ref.base.address:
		return len(l.ref.dims) == 0
	case l.ref.decl != nil:
		parts := l.ref.decl.lpmParts(nil, "", 0)
		return len(l.ref.dims) == 0 && len(parts) == 1 && parts[0].size() == uint64(l.ref.decl.typ.Size()) && parts[0].isAddress(names)
	case l.isByteOrdered() || len(l.ref.dims) == 1:
		return !sayAny(names, noAddress)
	}
	return len(l.ref.dims) == 0 && sayAny(names, anAddress)
}

// isPlainData says whether a member is made of unsigned integers alone, none of
// which is little-endian or text, or is what C says to be an address.
func (l *leaf) isPlainData() bool {
	if l.ref.base.address {
		return true
	}
	if v := l.ref.decl; v != nil {
		_, isStruct := v.typ.(*btfparse.Struct)
		return isStruct && !slices.ContainsFunc(v.leaves, func(l *leaf) bool { return !l.isPlainData() })
	}
	t, ok := btfparse.Innermost(l.field.Type).(*btfparse.Int)
	return ok && t.Encoding == btfparse.Unsigned && t.Bytes <= 8 && !l.ref.char && l.ref.base.order != littleEndian
}

// isByteOrdered says whether a member is of a type that has a byte order.
func (l *leaf) isByteOrdered() bool {
	return l.ref.decl == nil && l.ref.base.order != hostOrder
}

// anAddress and noAddress are what names of members say, in words without
// digits.
var (
	anAddress = setOf("addr", "address", "cidr", "daddr", "data", "dest", "destination", "dip", "dst", "gateway", "gw", "host",
		"ip", "ipaddr", "ipv", "net", "network", "nexthop", "peer", "prefix", "saddr", "sip", "source", "src", "subnet", "v")
	noAddress = setOf("class", "comm", "cookie", "cpu", "dev", "device", "digest", "dir", "dport", "eth", "family", "file", "flags",
		"guid", "hash", "hwaddr", "id", "iface", "ifindex", "ifname", "index", "inode", "label", "mac", "mark", "name", "nonce", "ns",
		"netns", "pad", "padding", "path", "pid", "port", "ports", "priority", "proto", "protocol", "queue", "reserved", "rsvd",
		"sport", "string", "tag", "tenant", "text", "uid", "unused", "uuid", "vlan", "vni", "vrf", "zone")
)

// sayAny says whether a word of these names is in the list.
func sayAny(names []string, list map[string]bool) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return slices.ContainsFunc(wordsOf(name), func(word string) bool { return list[word] })
	})
}

// wordsOf are those of a C name, in lower case and without digits: src and ip of
// src_ip4 and of srcIp.
func wordsOf(name string) []string {
	var spaced strings.Builder
	last := ' '
	for _, r := range name {
		if unicode.IsLower(last) && unicode.IsUpper(r) {
			spaced.WriteByte(' ')
		}
		spaced.WriteRune(r)
		last = r
	}
	return strings.FieldsFunc(strings.ToLower(spaced.String()), func(r rune) bool { return !unicode.IsLetter(r) })
}
