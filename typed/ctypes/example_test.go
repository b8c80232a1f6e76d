package ctypes_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/ctypes"
)

// A struct as bpfgen generates them: a __be16, a __be32, and a packed __u32.
type flow struct {
	Port  ctypes.BE16
	Saddr ctypes.BE32
	Bytes ctypes.Uint32
}

func ExampleNewUint32() {
	f := flow{Port: ctypes.NewBE16(443), Bytes: ctypes.NewUint32(1500)}
	f.Bytes.Set(f.Bytes.Get() + 1)
	fmt.Printf("%+v\n", f)
	text, _ := json.Marshal(f)
	fmt.Println(string(text))
	// Output:
	// {Port:443 Saddr:0 Bytes:1501}
	// {"Port":443,"Saddr":0,"Bytes":1501}
}

// Numbers that C has at places where Go's own cannot stand, in the byte order of the
// host: they are arrays of bytes, and print as numbers.
func ExampleFloat64() {
	sample := struct {
		Kind  uint8
		Small ctypes.Int16
		Delta ctypes.Int32
		Total ctypes.Int64
		Port  ctypes.Uint16
		Bytes ctypes.Uint64
		Ratio ctypes.Float32
		Mean  ctypes.Float64
	}{
		1, ctypes.NewInt16(-2), ctypes.NewInt32(-3), ctypes.NewInt64(-4),
		ctypes.NewUint16(443), ctypes.NewUint64(1 << 40), ctypes.NewFloat32(0.5), ctypes.NewFloat64(0.25),
	}
	fmt.Println(unsafe.Sizeof(sample), sample)
	fmt.Println(sample.Mean.Get() / 2)
	// Output:
	// 37 {1 -2 -3 -4 443 1099511627776 0.5 0.25}
	// 0.125
}

// Numbers of a fixed byte order: what C calls __be16 or __le32.
func ExampleNewBE64() {
	wire := struct {
		Port ctypes.BE16
		Addr ctypes.BE32
		ID   ctypes.BE64
		Len  ctypes.LE16
		Sum  ctypes.LE32
		Time ctypes.LE64
	}{ctypes.NewBE16(443), ctypes.NewBE32(1), ctypes.NewBE64(2), ctypes.NewLE16(3), ctypes.NewLE32(4), ctypes.NewLE64(5)}
	fmt.Printf("%+v\n", wire)
	fmt.Println([2]byte(wire.Port), [2]byte(wire.Len)) // as they lie in memory
	// Output:
	// {Port:443 Addr:1 ID:2 Len:3 Sum:4 Time:5}
	// [1 187] [3 0]
}

// An address of the kernel: it is hexadecimal as text.
func ExamplePointer() {
	p := ctypes.Pointer(0xffff888003a2c000)
	text, _ := json.Marshal(p)
	fmt.Println(p, string(text))
	// Output: 0xffff888003a2c000 "0xffff888003a2c000"
}

// Bitfields, as the methods of generated types read and write them.
func ExampleBits() {
	var storage [4]byte // unsigned version:4; signed delta:5; bool last:1;
	ctypes.SetBits(storage[:], 0, 4, 6)
	delta := int64(-3)
	ctypes.SetBits(storage[:], 4, 5, uint64(delta))
	ctypes.SetBits(storage[:], 9, 1, ctypes.Bit(true))
	fmt.Println(ctypes.Bits(storage[:], 0, 4), ctypes.SignedBits(storage[:], 4, 5), ctypes.Bits(storage[:], 9, 1) != 0)
	// Output: 6 -3 true
}

// Members of packed structs and of unions go by value.
func ExampleLoad() {
	storage := make([]byte, 9)
	ctypes.Store(storage[1:], uint64(7))
	fmt.Println(ctypes.Load[uint64](storage[1:]), ctypes.Load[uint64](storage[9:]))
	// Output: 7 0
}

// Text of a record of a tracepoint, which says where it lies: __data_loc char[].
func ExampleDataLoc() {
	record := struct{ Filename uint32 }{5<<16 | 4} // 5 bytes, 4 from the start of the record
	rest := []byte("bash\x00")
	fmt.Printf("%q\n", ctypes.DataLoc(&record, rest, record.Filename, 0))
	// Output: "bash\x00"
}

func ExampleBE32_SetAddr() {
	var f flow
	if err := f.Saddr.SetAddr(netip.MustParseAddr("192.0.2.1")); err != nil {
		fmt.Println(err)
	}
	fmt.Println(f.Saddr.Addr(), ctypes.IPv4(f.Saddr))
	fmt.Println(f.Saddr.SetAddr(netip.MustParseAddr("2001:db8::1")))
	// Output:
	// 192.0.2.1 192.0.2.1
	// 2001:db8::1 is not an IPv4 address
}

func ExampleIPv6() {
	address := ctypes.IPv6{0x20, 0x01, 0x0d, 0xb8, 15: 1}
	text, _ := json.Marshal(map[string]ctypes.IPv6{"source": address})
	fmt.Println(address, string(text))
	// Output: 2001:db8::1 {"source":"2001:db8::1"}
}

// Any byte that is not zero is true, and the byte is kept.
func ExampleBool() {
	b := ctypes.Bool(0xc8)
	fmt.Printf("%v %#x %v\n", b, b, b.Get() == true)
	b.Set(false)
	fmt.Println(b, b == ctypes.BoolOf(false))
	// Output:
	// true 0xc8 true
	// false true
}

func ExampleSetCString() {
	var comm [8]int8
	fmt.Println(ctypes.SetCString(comm[:], "bash"), ctypes.CString(comm[:]))
	fmt.Println(ctypes.SetCString(comm[:], "systemd-"))
	fmt.Println(ctypes.SetChars(comm[:], "systemd-"), ctypes.CString(comm[:]))
	// Output:
	// <nil> bash
	// "systemd-" has 8 bytes; an array of 8 holds 7 and a NUL
	// <nil> systemd-
}

// The key of an LPM trie of IPv6 networks, as a constructor of generated code
// makes it.
func ExamplePutLPMPrefix() {
	var key struct {
		Prefixlen uint32
		Address   [16]byte
	}
	bits, err := ctypes.PutLPMPrefix(&key.Address, netip.MustParsePrefix("2001:db8::1/32"))
	key.Prefixlen = bits
	fmt.Println(ctypes.LPMPrefix(&key.Address, key.Prefixlen), err)
	// Output: 2001:db8::/32 <nil>
}

// Keys of 16 bytes hold IPv4 prefixes in one of two forms, which the C code knows.
func ExamplePutLPMPrefix4() {
	prefix := netip.MustParsePrefix("192.0.2.0/24")
	var first, mapped [16]byte
	bits, err := ctypes.PutLPMPrefix4(&first, prefix) // in the first 4 bytes
	fmt.Println(bits, ctypes.LPMPrefix4(&first, bits), err)
	bits, err = ctypes.PutLPMPrefixMapped(&mapped, prefix) // as ::ffff:192.0.2.0
	fmt.Println(bits, ctypes.LPMPrefix(&mapped, bits), err)
	// Output:
	// 24 192.0.2.0/24 <nil>
	// 120 192.0.2.0/24 <nil>
}

func ExampleTail() {
	record := []byte{7, 1, 0, 2, 0, 3, 0} // a struct of one byte, and what is behind it
	for _, v := range ctypes.Tail[ctypes.LE16](nil, record[1:]) {
		fmt.Print(v, " ")
	}
	// Output: 1 2 3
}
