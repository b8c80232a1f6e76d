package ctypes

import (
	"net/netip"
	"testing"
)

func TestPutLPMPrefix(t *testing.T) {
	for _, test := range []struct {
		prefix string
		data   [16]byte
		bits   uint32
		back   string // "" if the same
	}{
		{"10.1.2.3/8", [16]byte{10}, 8, "a00::/8"},
		{"0.0.0.0/0", [16]byte{}, 0, "::/0"},
		{"255.255.255.255/31", [16]byte{255, 255, 255, 254}, 31, "ffff:fffe::/31"},
		{"2001:db8::1/33", [16]byte{0x20, 0x01, 0x0d, 0xb8}, 33, "2001:db8::/33"},
		{"2001:db8:ffff::/33", [16]byte{0x20, 0x01, 0x0d, 0xb8, 0x80}, 33, "2001:db8:8000::/33"},
		{"::1/128", [16]byte{15: 1}, 128, "::1/128"},
		{"::ffff:10.1.2.3/120", [16]byte{10: 255, 255, 10, 1, 2}, 120, "10.1.2.0/24"},
	} {
		data := [16]byte{5: 0xee, 12: 0xee}
		put := PutLPMPrefix[[16]byte]
		if netip.MustParsePrefix(test.prefix).Addr().Is4() {
			put = PutLPMPrefix4
		}
		bits, err := put(&data, netip.MustParsePrefix(test.prefix))
		if err != nil || bits != test.bits || data != test.data {
			t.Errorf("%s: %v, %d bits, %v", test.prefix, data, bits, err)
		}
		if back := LPMPrefix(&data, bits).String(); back != test.back {
			t.Errorf("%s: came back as %s", test.prefix, back)
		}
		if want := netip.MustParsePrefix(test.prefix).Masked(); want.Addr().Is4() && LPMPrefix4(&data, bits) != want {
			t.Errorf("%s: came back as %s", test.prefix, LPMPrefix4(&data, bits))
		}
	}
}

func TestPutLPMPrefixMapped(t *testing.T) {
	var data [16]byte
	for prefix, want := range map[string]uint32{"10.1.2.3/8": 104, "0.0.0.0/0": 96, "1.2.3.4/32": 128, "2001:db8::/32": 32} {
		bits, err := PutLPMPrefixMapped(&data, netip.MustParsePrefix(prefix))
		if err != nil || bits != want {
			t.Errorf("%s: %d bits, %v", prefix, bits, err)
		}
		if back := LPMPrefix(&data, bits); back != netip.MustParsePrefix(prefix).Masked() {
			t.Errorf("%s: came back as %s", prefix, back)
		}
	}
}

// TestLPMPrefixOfNumbers: data that C declares as a number is in network order
// all the same.
func TestLPMPrefixOfNumbers(t *testing.T) {
	prefix := netip.MustParsePrefix("192.168.1.0/24")
	var number uint32
	bits, err := PutLPMPrefix(&number, prefix)
	if err != nil || [4]byte(memoryOf(&number)) != [4]byte{192, 168, 1, 0} {
		t.Errorf("data %v, %v", memoryOf(&number), err)
	}
	if back := LPMPrefix(&number, bits); back != prefix {
		t.Errorf("came back as %s", back)
	}
	var words [4]uint32
	if _, err := PutLPMPrefix(&words, netip.MustParsePrefix("2001:db8::/32")); err != nil {
		t.Error(err)
	}
	if words[0] == 0 || words[1] != 0 {
		t.Errorf("data %v", words)
	}
	mapped := netip.MustParsePrefix("::ffff:10.0.0.0/104")
	if bits, err := PutLPMPrefix(&number, mapped); err != nil || bits != 8 || LPMPrefix(&number, bits).String() != "10.0.0.0/8" {
		t.Errorf("%s: %d bits, %v", mapped, bits, err)
	}
}

func TestLPMPrefixErrors(t *testing.T) {
	var four [4]byte
	var eight uint64
	for name, err := range map[string]error{
		"invalid": second(PutLPMPrefix(&four, netip.Prefix{})),
		"IPv6 into 4 bytes, though only the first bits count": second(PutLPMPrefix(&four, netip.MustParsePrefix("2001::/16"))),
		"mapped into 4 bytes, but shorter than the mapping":   second(PutLPMPrefix(&four, netip.MustParsePrefix("::ffff:0:0/80"))),
		"IPv4 into 16 bytes, in no form":                      second(PutLPMPrefix(new([16]byte), netip.MustParsePrefix("10.0.0.0/8"))),
		"IPv6 into the first 4":                               second(PutLPMPrefix4(new([16]byte), netip.MustParsePrefix("2001:db8::/32"))),
		"IPv4 into the first 4 of 2 bytes":                    second(PutLPMPrefix4(new(uint16), netip.MustParsePrefix("10.0.0.0/8"))),
		"8 bytes":                                             second(PutLPMPrefix(&eight, netip.MustParsePrefix("10.0.0.0/8"))),
		"mapped invalid":                                      second(PutLPMPrefixMapped(new([16]byte), netip.Prefix{})),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	for name, prefix := range map[string]netip.Prefix{
		"more bits than data":     LPMPrefix(&four, 33),
		"fewer bits than exact":   LPMPrefix(&four, ^uint32(0)-23), // 8 - 32
		"more bits than 4 bytes":  LPMPrefix4(new([16]byte), 33),
		"data that is no address": LPMPrefix(&eight, 8),
		"data shorter than 4":     LPMPrefix4(new(uint16), 8),
	} {
		if prefix.IsValid() {
			t.Errorf("%s: %s", name, prefix)
		}
	}
}

func second[A, B any](_ A, b B) B { return b }
