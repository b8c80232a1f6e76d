package layout

import (
	"testing"

	"github.com/cilium/ebpf/btf"
)

// An integer that a tag makes an address is stored as __be32 is; without the tag
// it has another meaning.
func TestAddressTags(t *testing.T) {
	number := &btf.Int{Name: "unsigned int", Size: 4}
	big := &btf.Typedef{Name: "__be32", Type: number}
	four := &btf.Array{Index: number, Type: number, Nelems: 4}
	fourBig := &btf.Array{Index: number, Type: big, Nelems: 4}
	of := func(typ btf.Type, size uint32, tags ...string) Layout {
		l, err := Of(&btf.Struct{Name: "s", Size: size, Members: []btf.Member{{Name: "address", Type: typ, Tags: tags}}})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	for _, test := range []struct {
		name     string
		old, new Layout
		want     int
	}{
		{"ipv4 and __be32", of(number, 4, "bpfgen:type=ipv4"), of(big, 4), 0},
		{"ipv4 of __be32", of(big, 4, "bpfgen:type=ipv4"), of(big, 4), 0},
		{"ipv4 and a number", of(number, 4, "bpfgen:type=ipv4"), of(number, 4), 1},
		{"ipv6 and __be32", of(four, 16, "bpfgen:type=ipv6"), of(fourBig, 16), 0},
		{"ipv6 and numbers", of(four, 16, "bpfgen:type=ipv6"), of(four, 16), 1},
	} {
		if diffs := Compare(test.old, test.new); len(diffs) != test.want {
			t.Errorf("%s: %v", test.name, diffs)
		}
	}
}
