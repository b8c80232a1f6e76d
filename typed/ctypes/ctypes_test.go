package ctypes

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"reflect"
	"testing"
)

func TestByteOrderedIntegers(t *testing.T) {
	if got := NewBE16(0x0102); got != (BE16{1, 2}) || got.Get() != 0x0102 {
		t.Errorf("BE16: % x, Get %#x", got, got.Get())
	}
	if got := NewBE32(0x01020304); got != (BE32{1, 2, 3, 4}) || got.Get() != 0x01020304 {
		t.Errorf("BE32: % x, Get %#x", got, got.Get())
	}
	if got := NewBE64(0x0102030405060708); got != (BE64{1, 2, 3, 4, 5, 6, 7, 8}) || got.Get() != 0x0102030405060708 {
		t.Errorf("BE64: % x, Get %#x", got, got.Get())
	}
	if got := NewLE16(0x0102); got != (LE16{2, 1}) || got.Get() != 0x0102 {
		t.Errorf("LE16: % x, Get %#x", got, got.Get())
	}
	if got := NewLE32(0x01020304); got != (LE32{4, 3, 2, 1}) || got.Get() != 0x01020304 {
		t.Errorf("LE32: % x, Get %#x", got, got.Get())
	}
	if got := NewLE64(0x0102030405060708); got != (LE64{8, 7, 6, 5, 4, 3, 2, 1}) || got.Get() != 0x0102030405060708 {
		t.Errorf("LE64: % x, Get %#x", got, got.Get())
	}
	for _, s := range []interface{ String() string }{
		NewBE16(443), NewBE32(443), NewBE64(443), NewLE16(443), NewLE32(443), NewLE64(443),
	} {
		if s.String() != "443" {
			t.Errorf("%T prints as %q", s, s)
		}
	}
	if got := Pointer(0xffff888003a2c000).String(); got != "0xffff888003a2c000" {
		t.Errorf("Pointer prints as %q", got)
	}
}

func TestBE32Addr(t *testing.T) {
	var b BE32
	for _, addr := range []string{"192.0.2.1", "::ffff:192.0.2.1"} {
		if b = (BE32{}); b.SetAddr(netip.MustParseAddr(addr)) != nil || b != (BE32{192, 0, 2, 1}) {
			t.Errorf("SetAddr(%s): % d", addr, b)
		}
	}
	if got := b.Addr(); got != netip.MustParseAddr("192.0.2.1") {
		t.Errorf("Addr = %s", got)
	}
	if b.SetAddr(netip.MustParseAddr("2001:db8::1")) == nil || b != (BE32{192, 0, 2, 1}) {
		t.Errorf("an IPv6 address was stored: % d", b)
	}
	if b.SetAddr(netip.Addr{}) == nil {
		t.Error("the zero Addr was stored")
	}
}

// clangBits is what clang 19 makes, for bpfel and bpfeb, of
//
//	struct { unsigned a:3, b:5, c:12; int d:7; unsigned long long e:40, f:24; }
//	= { 5, 9, 0xabc, -3, 0x123456789a, 0xfedcba };
//
// with the offsets and widths that its BTF gives, the same on both.
var clangBits = struct {
	little, big []byte
	fields      []struct{ off, n uint32 }
	values      []uint64
}{
	little: []byte{0x4d, 0xbc, 0xda, 0x07, 0, 0, 0, 0, 0x9a, 0x78, 0x56, 0x34, 0x12, 0xba, 0xdc, 0xfe},
	big:    []byte{0xa9, 0xab, 0xcf, 0xa0, 0, 0, 0, 0, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xfe, 0xdc, 0xba},
	fields: []struct{ off, n uint32 }{{0, 3}, {3, 5}, {8, 12}, {20, 7}, {64, 40}, {104, 24}},
	values: []uint64{5, 9, 0xabc, 0x7d, 0x123456789a, 0xfedcba},
}

func TestBitsAsClang(t *testing.T) {
	for _, order := range []struct {
		name string
		want []byte
		get  func([]byte, uint32, uint32) uint64
		set  func([]byte, uint32, uint32, uint64)
	}{
		{"little-endian", clangBits.little, bitsLE, setBitsLE},
		{"big-endian", clangBits.big, bitsBE, setBitsBE},
	} {
		got := make([]byte, len(order.want))
		for i, f := range clangBits.fields {
			if v := order.get(order.want, f.off, f.n); v != clangBits.values[i] {
				t.Errorf("%s: bits %d+%d = %#x, want %#x", order.name, f.off, f.n, v, clangBits.values[i])
			}
			order.set(got, f.off, f.n, clangBits.values[i])
		}
		if !bytes.Equal(got, order.want) {
			t.Errorf("%s: stored % x\nwant % x", order.name, got, order.want)
		}
	}
}

// The host's own order is the one that Bits follows: this test says something
// else on s390x than on amd64.
func TestBitsFollowTheHost(t *testing.T) {
	b := clangBits.little
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		b = clangBits.big
	}
	if got := Bits(b, 8, 12); got != 0xabc {
		t.Errorf("Bits = %#x, want 0xabc", got)
	}
	if got := SignedBits(b, 20, 7); got != -3 {
		t.Errorf("SignedBits = %d, want -3", got)
	}
	b = bytes.Clone(b)
	SetBits(b, 20, 7, uint64(0xffffffffffffffff)) // -1
	if got := SignedBits(b, 20, 7); got != -1 {
		t.Errorf("SignedBits = %d after storing -1", got)
	}
	if got := Bits(b, 8, 12); got != 0xabc {
		t.Errorf("SetBits changed its neighbour to %#x", got)
	}
}

// Every field of every width and place: what is stored is read back, and no
// bit around it moves.
func TestBitsEverywhere(t *testing.T) {
	const pattern = 0xd3a5c7e9b1f80642
	for _, order := range []struct {
		get func([]byte, uint32, uint32) uint64
		set func([]byte, uint32, uint32, uint64)
	}{{bitsLE, setBitsLE}, {bitsBE, setBitsBE}} {
		for off := uint32(0); off < 16; off++ {
			for n := uint32(1); n <= 64; n++ {
				want := uint64(pattern) << (64 - n) >> (64 - n)
				for _, fill := range []byte{0x00, 0xff} {
					b := bytes.Repeat([]byte{fill}, 10)
					order.set(b, off, n, pattern)
					if got := order.get(b, off, n); got != want {
						t.Fatalf("bits %d+%d: %#x, want %#x", off, n, got, want)
					}
					order.set(b, off, n, uint64(int64(int8(fill))))
					if !bytes.Equal(b, bytes.Repeat([]byte{fill}, 10)) {
						t.Fatalf("bits %d+%d: a bit outside moved: % x", off, n, b)
					}
				}
			}
		}
	}
}

func TestLoadStore(t *testing.T) {
	type pair struct {
		A uint16
		B [2]int8
	}
	b := make([]byte, 7)
	want := pair{0x0102, [2]int8{-1, 3}}
	Store(b[1:5], want)
	if got := Load[pair](b[1:5]); got != want {
		t.Errorf("Load = %v, want %v", got, want)
	}
	if b[0] != 0 || b[5] != 0 {
		t.Errorf("Store wrote around its place: % x", b)
	}
	// misaligned by one
	Store(b[1:], uint32(0xdeadbeef))
	if got := Load[uint32](b[1:]); got != 0xdeadbeef {
		t.Errorf("Load = %#x", got)
	}
	Store(b[:2], uint64(0xffffffffffffffff))
	if b[0] != 0xff || b[1] != 0xff || b[6] != 0 {
		t.Errorf("Store did not stop at the end of its place: % x", b)
	}
	if got := Load[uint64](nil); got != 0 {
		t.Errorf("Load of nothing = %d", got)
	}
}

func TestLoadStoreDoNotAllocate(t *testing.T) {
	b := make([]byte, 16)
	sum := uint64(0)
	if n := testing.AllocsPerRun(100, func() {
		Store(b[1:9], sum)
		SetBits(b, 70, 9, sum)
		sum += Load[uint64](b[1:9]) + Bits(b, 70, 9)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestTail(t *testing.T) {
	type elem [2]uint8
	for _, c := range []struct {
		head, rest []byte
		want       []elem
	}{
		{nil, nil, []elem{}},
		{nil, []byte{1}, []elem{}},
		{nil, []byte{1, 2, 3, 4, 5}, []elem{{1, 2}, {3, 4}}},
		{[]byte{1, 2, 3}, []byte{4, 5}, []elem{{1, 2}, {3, 4}}},
		{[]byte{1, 2, 3}, nil, []elem{{1, 2}}},
		{[]byte{1, 2}, []byte{3, 4}, []elem{{1, 2}, {3, 4}}},
	} {
		if got := Tail[elem](c.head, c.rest); !reflect.DeepEqual(got, c.want) {
			t.Errorf("Tail(%v, %v) = %v, want %v", c.head, c.rest, got, c.want)
		}
	}
	rest := []byte{1, 2}
	Tail[elem](nil, rest)[0][0] = 9
	if rest[0] != 1 {
		t.Error("Tail is no copy")
	}
}

func TestCString(t *testing.T) {
	for _, c := range []struct {
		chars []int8
		want  string
	}{
		{nil, ""},
		{[]int8{0}, ""},
		{[]int8{'e', 't', 'h', '0', 0, 'x'}, "eth0"},
		{[]int8{'f', 'u', 'l', 'l'}, "full"},
		{[]int8{-61, -68, 0}, "ü"},
	} {
		if got := CString(c.chars); got != c.want {
			t.Errorf("CString(%v) = %q, want %q", c.chars, got, c.want)
		}
	}
	if got := CString([]uint8("lo\x00")); got != "lo" {
		t.Errorf("CString of uint8 = %q", got)
	}
}

func BenchmarkBits(b *testing.B) {
	storage := make([]byte, 16)
	var sum uint64
	for b.Loop() {
		sum += Bits(storage, 20, 7)
	}
	_ = sum
}
