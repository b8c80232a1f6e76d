package ctypes

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"
)

func TestBoolOfAnyByte(t *testing.T) {
	for i := range 256 {
		b := Bool(i)
		if b.Get() != (i != 0) || uint8(b) != uint8(i) {
			t.Errorf("byte %#x is %v", i, b.Get())
		}
		text, err := json.Marshal(b)
		if want := fmt.Sprint(i != 0); b.String() != want || err != nil || string(text) != want || fmt.Sprint(b) != want {
			t.Errorf("byte %#x: %s, %s, %v", i, b, text, err)
		}
	}
	if BoolOf(true) != 1 || BoolOf(false) != 0 {
		t.Errorf("BoolOf gives %d and %d", BoolOf(true), BoolOf(false))
	}
	b := Bool(0xc8)
	for _, v := range []bool{true, false, true} {
		if b.Set(v); b.Get() != v || b > 1 {
			t.Errorf("Set(%v) stores %#x", v, uint8(b))
		}
	}
}

func TestBoolPrintsAndReads(t *testing.T) {
	for format, want := range map[string]string{
		"%v": "true", "%t": "true", "%s": "true", "%q": `"true"`, "%6t|": "  true|", "%d": "200", "%#x": "0xc8",
	} {
		if got := fmt.Sprintf(format, Bool(0xc8)); got != want {
			t.Errorf("%s: %s, want %s", format, got, want)
		}
	}
	var v struct{ A, B, C Bool }
	v.C = 0xc8
	if err := json.Unmarshal([]byte(`{"A":true,"B":false,"C":null}`), &v); err != nil || v.A != 1 || v.B != 0 || v.C != 0xc8 {
		t.Errorf("%d %d %d, %v", v.A, v.B, v.C, err)
	}
	for _, text := range []string{"1", `"yes"`, "[]"} {
		if err := json.Unmarshal([]byte(text), &v.C); err == nil || v.C != 0xc8 {
			t.Errorf("%s is %d", text, v.C)
		}
	}
}

func TestPointerPrintsAndReads(t *testing.T) {
	p := Pointer(0xffff888003a2c000)
	for format, want := range map[string]string{
		"%v": "0xffff888003a2c000", "%s": "0xffff888003a2c000", "%x": "ffff888003a2c000", "%#x": "0xffff888003a2c000",
		"%d": "18446612682131030016", "%20v|": "  0xffff888003a2c000|",
	} {
		if got := fmt.Sprintf(format, p); got != want {
			t.Errorf("%s: %s, want %s", format, got, want)
		}
	}
	text, err := json.Marshal(p)
	if err != nil || string(text) != `"0xffff888003a2c000"` {
		t.Errorf("%s, %v", text, err)
	}
	var back Pointer
	if err := json.Unmarshal(text, &back); err != nil || back != p {
		t.Errorf("%v, %v", back, err)
	}
	if err := back.UnmarshalText([]byte("a hill")); err == nil || back != p {
		t.Errorf("%v", back)
	}
}

func TestAddresses(t *testing.T) {
	var v struct {
		V4 IPv4
		V6 IPv6
	}
	text := `{"V4":"192.0.2.1","V6":"2001:db8::1"}`
	if err := json.Unmarshal([]byte(text), &v); err != nil || v.V4 != (IPv4{192, 0, 2, 1}) || v.V6 != (IPv6{0x20, 1, 0xd, 0xb8, 15: 1}) {
		t.Errorf("%v, %v", v, err)
	}
	if back, err := json.Marshal(v); err != nil || string(back) != text {
		t.Errorf("%s, %v", back, err)
	}
	if got := fmt.Sprintf("%v %s", v, v.V6); got != "{192.0.2.1 2001:db8::1} 2001:db8::1" {
		t.Error(got)
	}
	if v.V4.Addr() != netip.MustParseAddr("192.0.2.1") || v.V6.Addr() != netip.MustParseAddr("2001:db8::1") {
		t.Errorf("%v %v", v.V4.Addr(), v.V6.Addr())
	}
	if err := v.V6.SetAddr(v.V4.Addr()); err != nil || v.V6.String() != "::ffff:192.0.2.1" {
		t.Errorf("%v, %v", v.V6, err)
	}
	v.V4 = IPv4{}
	if err := v.V4.SetAddr(v.V6.Addr()); err != nil || v.V4.String() != "192.0.2.1" {
		t.Errorf("%v, %v", v.V4, err)
	}
}

func TestAddressesThatDoNotFit(t *testing.T) {
	v4, v6 := IPv4{192, 0, 2, 1}, IPv6{15: 1}
	for _, c := range []struct {
		err  error
		want string
	}{
		{v4.SetAddr(netip.MustParseAddr("2001:db8::1")), "not an IPv4 address"},
		{v4.SetAddr(netip.Addr{}), "not an IPv4 address"},
		{v6.SetAddr(netip.Addr{}), "no address"},
		{v6.SetAddr(netip.MustParseAddr("fe80::1%eth0")), "has a zone"},
		{v6.UnmarshalText([]byte("localhost")), "localhost"},
		{v4.UnmarshalText(nil), "ParseAddr"},
	} {
		if c.err == nil || !strings.Contains(c.err.Error(), c.want) {
			t.Errorf("%v, want %s", c.err, c.want)
		}
	}
	if v4 != (IPv4{192, 0, 2, 1}) || v6 != (IPv6{15: 1}) {
		t.Errorf("something was stored: %v %v", v4, v6)
	}
}

func TestSetCString(t *testing.T) {
	wantSet(t, SetCString[int8], "", "\x00\x00\x00\x00")
	wantSet(t, SetCString[int8], "ü", "ü\x00\x00")
	wantSet(t, SetCString[int8], "sh3", "sh3\x00")
	wantNotSet(t, SetCString[int8], "bash", `"bash" has 4 bytes; an array of 4 holds 3 and a NUL`)
	wantNotSet(t, SetCString[int8], "nginx", "holds 3 and a NUL")
	wantNotSet(t, SetCString[int8], "a\x00b", "has a NUL in it")
	if err := SetCString([]uint8{}, ""); err == nil {
		t.Error("an array of no bytes has room for a NUL")
	}
}

func TestSetChars(t *testing.T) {
	wantSet(t, SetChars[int8], "", "\x00\x00\x00\x00")
	wantSet(t, SetChars[int8], "sh3", "sh3\x00")
	wantSet(t, SetChars[int8], "bash", "bash")
	wantNotSet(t, SetChars[int8], "nginx", `"nginx" has 5 bytes, the array 4`)
	wantNotSet(t, SetChars[int8], "a\x00b", "has a NUL in it")
	if err := SetChars([]uint8(nil), ""); err != nil {
		t.Error(err)
	}
}

// wantSet stores text in an array that is full, and reads it back.
func wantSet(t *testing.T, set func([]int8, string) error, text, want string) {
	t.Helper()
	chars := [4]int8{-1, -1, -1, -1}
	if err := set(chars[:], text); err != nil || string(textOf(chars[:])) != want || CString(chars[:]) != text {
		t.Errorf("%q: %q, %v", text, textOf(chars[:]), err)
	}
}

// wantNotSet demands an error, and that nothing is stored.
func wantNotSet(t *testing.T, set func([]int8, string) error, text, problem string) {
	t.Helper()
	chars := [4]int8{-1, -1, -1, -1}
	if err := set(chars[:], text); err == nil || !strings.Contains(err.Error(), problem) || chars != [4]int8{-1, -1, -1, -1} {
		t.Errorf("%q: %q, %v", text, textOf(chars[:]), err)
	}
}

// encoding/json writes the keys of maps by MarshalText and reads them by
// UnmarshalJSON.
func TestKeysOfMapsInJSON(t *testing.T) {
	testKeys(t, `{"443":1}`, NewBE16(443))
	testKeys(t, `{"1":1}`, NewBE32(1))
	testKeys(t, `{"18446744073709551615":1}`, NewBE64(1<<64-1))
	testKeys(t, `{"443":1}`, NewLE16(443))
	testKeys(t, `{"1":1}`, NewLE32(1))
	testKeys(t, `{"1":1}`, NewLE64(1))
	testKeys(t, `{"1":1}`, NewUint16(1))
	testKeys(t, `{"1":1}`, NewUint32(1))
	testKeys(t, `{"1":1}`, NewUint64(1))
	testKeys(t, `{"-1":1}`, NewInt16(-1))
	testKeys(t, `{"-1":1}`, NewInt32(-1))
	testKeys(t, `{"-9223372036854775808":1}`, NewInt64(-1<<63))
	testKeys(t, `{"1.5":1}`, NewFloat32(1.5))
	testKeys(t, `{"1e+30":1}`, NewFloat64(1e30))
	testKeys(t, `{"true":1}`, BoolOf(true))
	testKeys(t, `{"0x10":1}`, Pointer(16))
	testKeys(t, `{"192.0.2.1":1}`, IPv4{192, 0, 2, 1})
	testKeys(t, `{"::1":1}`, IPv6{15: 1})
}

func testKeys[K comparable](t *testing.T, text string, key K) {
	t.Helper()
	got, err := json.Marshal(map[K]int{key: 1})
	if err != nil || string(got) != text {
		t.Errorf("%T: %s, %v, want %s", key, got, err, text)
	}
	var back map[K]int
	if err := json.Unmarshal(got, &back); err != nil || back[key] != 1 || len(back) != 1 {
		t.Errorf("%T: %s is %v, %v", key, got, back, err)
	}
}
