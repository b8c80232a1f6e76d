package layout

import (
	"bytes"
	"net/netip"
	"testing"

	lpmtrie "github.com/bpfgen/bpfgen/golden/lpm-trie"
)

// TestLPMKeys compares keys that constructors make with those that C has.
func TestLPMKeys(t *testing.T) {
	prefix := netip.MustParsePrefix("2001:db8::/32")
	nested, err := lpmtrie.NewLpmTrieKeyNested(0x123, 5, 7, 80, prefix)
	testKey(t, "in_vlan", []lpmtrie.LpmTrieKeyNested{nested}, err)
	equal(t, "prefix of in_vlan", nested.Prefix(), prefix)

	v4 := netip.MustParsePrefix("10.0.0.0/8")
	misaligned, err := lpmtrie.NewLpmTrieKeyMisaligned(0x123, 5, 7, 9, netip.MustParsePrefix("0.0.0.0/8"))
	testKey(t, "in_rule", []lpmtrie.LpmTrieKeyMisaligned{misaligned}, err)
	equal(t, "prefix of in_rule", misaligned.Prefix_(), netip.MustParsePrefix("0.0.0.0/8"))

	union, err := lpmtrie.NewLpmTrieKeyUnionIPv4(2, v4)
	testKey(t, "in_union", []lpmtrie.LpmTrieKeyUnion{union}, err)
	equal(t, "prefix of in_union", union.Prefix4(), v4)
	if key, err := lpmtrie.NewLpmTrieKeyUnion(2, v4); err == nil {
		t.Errorf("the plain constructor made %v of %s, want an error", key, v4)
	}
}

func testKey[K any](t *testing.T, symbol string, key []K, err error) {
	t.Helper()
	want, err2 := variable("lpm-trie", symbol)
	if err != nil || err2 != nil {
		t.Fatal(err, err2)
	}
	if got := memory(key); !bytes.Equal(got, want) {
		t.Errorf("%s: % x in Go, % x in C", symbol, got, want)
	}
}
