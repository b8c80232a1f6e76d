package ctypes_test

import (
	"encoding/json"
	"fmt"
	"net/netip"

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

func ExampleTail() {
	record := []byte{7, 1, 0, 2, 0, 3, 0} // a struct of one byte, and what is behind it
	for _, v := range ctypes.Tail[ctypes.LE16](nil, record[1:]) {
		fmt.Print(v, " ")
	}
	// Output: 1 2 3
}
