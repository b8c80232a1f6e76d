//go:build linux

package typed

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"structs"
	"testing"

	"github.com/bpfgen/bpfgen/typed/ctypes"
	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// What generated code has for struct { __u32 prefixlen; __u8 data[4]; }.
type blockKey struct {
	_         structs.HostLayout
	Prefixlen uint32
	Data      [4]uint8
}

func newBlockKey(prefix netip.Prefix) (blockKey, error) {
	var k blockKey
	bits, err := ctypes.PutLPMPrefix(&k.Data, prefix)
	k.Prefixlen = bits
	return k, err
}

func (k blockKey) Prefix() netip.Prefix { return ctypes.LPMPrefix(&k.Data, k.Prefixlen) }

// … and for struct { __u32 prefixlen; __u16 vlan; __u8 pad[2]; __u32 addr[4]; }.
type vlanKey struct {
	_         structs.HostLayout
	Prefixlen uint32
	VLAN      uint16
	Pad       [2]uint8
	Addr      [4]uint32
}

func newVLANKey(vlan uint16, prefix netip.Prefix) (vlanKey, error) {
	k := vlanKey{VLAN: vlan}
	bits, err := ctypes.PutLPMPrefixMapped(&k.Addr, prefix)
	k.Prefixlen = 32 + bits
	return k, err
}

func (k vlanKey) Prefix() netip.Prefix { return ctypes.LPMPrefix(&k.Addr, k.Prefixlen-32) }

func lpmSpec(key, entries uint32) *ebpf.MapSpec {
	return &ebpf.MapSpec{Type: ebpf.LPMTrie, KeySize: key, ValueSize: 4, MaxEntries: entries, Flags: unix.BPF_F_NO_PREALLOC}
}

func block24(t testing.TB, prefix string) blockKey {
	return got(newBlockKey(netip.MustParsePrefix(prefix)))(t)
}

func TestLPMOperations(t *testing.T) {
	m := testMap[LPMTrie[blockKey, uint32]](t, lpmSpec(8, 3))
	failsWith(t, "delete of a missing prefix", m.Delete(block24(t, "10.0.0.0/8")), notExist...)
	must(t, m.Put(block24(t, "10.0.0.0/8"), 8))
	must(t, m.Put(block24(t, "10.1.0.0/16"), 16))
	must(t, m.Put(block24(t, "10.1.0.0/16"), 17))
	must(t, m.Put(block24(t, "10.1.2.3/32"), 32))
	for address, want := range map[string]uint32{"10.1.2.3/32": 32, "10.1.2.4/32": 17, "10.2.0.0/32": 8, "10.1.0.0/12": 8} {
		equal(t, address, got(m.Lookup(block24(t, address)))(t), want)
	}
	var v uint32
	failsWith(t, "lookup outside", m.LookupInto(block24(t, "11.0.0.0/32"), &v), notExist...)
	failsWith(t, "put into a full trie", m.Put(block24(t, "12.0.0.0/8"), 1), ErrMapFull, unix.ENOSPC)
	failsWith(t, "wrong flag", m.Put(blockKey{Prefixlen: 33}, 1), unix.EINVAL)
	failsWith(t, "wrong flag", m.Update(block24(t, "10.0.0.0/8"), 1, 1<<20), unix.EINVAL)

	seq, errf := m.All()
	all := make(map[netip.Prefix]uint32)
	for k, v := range seq {
		all[k.Prefix()] = v
	}
	must(t, errf())
	equal(t, "entries", fmt.Sprint(all), "map[10.0.0.0/8:8 10.1.0.0/16:17 10.1.2.3/32:32]")

	must(t, m.Delete(block24(t, "10.1.0.0/16")))
	equal(t, "covering prefix", got(m.Lookup(block24(t, "10.1.2.4/32")))(t), 8)
	n, err := BatchDelete(m, []blockKey{block24(t, "10.0.0.0/8"), block24(t, "10.1.0.0/16")})
	equal(t, "deleted before the missing prefix", n, 1)
	failsWith(t, "batch delete of a missing prefix", err, notExist...)

	must(t, m.Close())
	failsWith(t, "put into a closed trie", m.Put(block24(t, "10.0.0.0/8"), 8), os.ErrClosed)
	failsWith(t, "put into no trie", new(LPMTrie[blockKey, uint32]).Put(blockKey{}, 8), ErrNotLoaded)
}

func TestLPMUpdateFlags(t *testing.T) {
	sinceKernel(t, 6, 13, "update flags of LPM tries")
	m := testMap[LPMTrie[blockKey, uint32]](t, lpmSpec(8, 1))
	ten, twelve := block24(t, "10.0.0.0/8"), block24(t, "12.0.0.0/8")
	failsWith(t, "replace a missing prefix", m.Update(ten, 1, UpdateExist), notExist...)
	must(t, m.Update(ten, 1, UpdateNoExist))
	failsWith(t, "create again", m.Update(ten, 2, UpdateNoExist), exist...)
	must(t, m.Update(ten, 3, UpdateExist)) // though the trie is full
	equal(t, "value", got(m.Lookup(ten))(t), 3)
	failsWith(t, "replace a missing prefix in a full trie", m.Update(twelve, 1, UpdateExist), notExist...)
	failsWith(t, "create in a full trie", m.Update(twelve, 1, UpdateNoExist), ErrMapFull)
}

// TestLPMExactFields: fields before the address match exactly, and IPv4 lies
// under ::ffff:0:0/96.
func TestLPMExactFields(t *testing.T) {
	m := testMap[LPMTrie[vlanKey, uint32]](t, lpmSpec(24, 10))
	key := func(vlan uint16, prefix string) vlanKey {
		return got(newVLANKey(vlan, netip.MustParsePrefix(prefix)))(t)
	}
	must(t, m.Put(key(1, "10.0.0.0/8"), 1))
	must(t, m.Put(key(2, "10.0.0.0/16"), 2))
	must(t, m.Put(key(2, "2001:db8::/32"), 3))
	equal(t, "VLAN 1", got(m.Lookup(key(1, "10.0.0.1/32")))(t), 1)
	equal(t, "VLAN 2", got(m.Lookup(key(2, "10.0.0.1/32")))(t), 2)
	equal(t, "IPv6", got(m.Lookup(key(2, "2001:db8::1/128")))(t), 3)
	_, err := m.Lookup(key(2, "10.1.0.1/32"))
	failsWith(t, "prefix of another VLAN", err, notExist...)
	equal(t, "prefix", key(2, "10.0.0.0/16").Prefix().String(), "10.0.0.0/16")
}

// tries fills a trie with n random prefixes.
func fillTrie(t testing.TB, m *LPMTrie[blockKey, uint32], n int) map[blockKey]uint32 {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	all := make(map[blockKey]uint32)
	for len(all) < n {
		var a [4]byte
		binary.BigEndian.PutUint32(a[:], r.Uint32())
		k := got(newBlockKey(netip.PrefixFrom(netip.AddrFrom4(a), 8+r.IntN(25))))(t)
		all[k] = r.Uint32()
		must(t, m.Put(k, all[k]))
	}
	return all
}

// TestLPMDeleteWhileIterating: a loop may delete what it was given.
func TestLPMDeleteWhileIterating(t *testing.T) {
	m := testMap[LPMTrie[blockKey, uint32]](t, lpmSpec(8, 15000)) // more than a page
	for _, single := range []bool{false, true} {
		all := fillTrie(t, m, 15000)
		w := m.c.newWalk(bpf.MapLookupBatch, 0)
		w.single = single
		must(t, each(w, func(k blockKey, v uint32) bool {
			if want, ok := all[k]; !ok || want != v {
				t.Fatalf("%v: got %d, want %d, %v", k, v, want, ok)
			}
			delete(all, k)
			must(t, m.Delete(k))
			return true
		}))
		equal(t, "not seen", len(all), 0)
	}
}

func TestLPMDeleteFuncAndDrain(t *testing.T) {
	m := testMap[LPMTrie[blockKey, uint32]](t, lpmSpec(8, 15000))
	all := fillTrie(t, m, 15000)
	n := got(m.DeleteFunc(func(k blockKey, v *uint32) bool {
		if *v%2 == 0 {
			delete(all, k)
		}
		return *v%2 == 0
	}))(t)
	equal(t, "deleted", n, 15000-len(all))
	seq, errf := m.Drain()
	drained := collect(t, seq, errf)
	equal(t, "drained", len(drained), len(all))
	for k, v := range all {
		equal(t, k.Prefix().String(), drained[k], v)
	}
	seq, errf = m.All()
	equal(t, "left", len(collect(t, seq, errf)), 0)
}

// TestLPMDrainEndsEarly: what the loop did not get is still there.
func TestLPMDrainEndsEarly(t *testing.T) {
	m := testMap[LPMTrie[blockKey, uint32]](t, lpmSpec(8, 100))
	fillTrie(t, m, 100)
	seq, errf := m.Drain()
	for range seq {
		break
	}
	must(t, errf())
	seq, errf = m.All()
	equal(t, "left", len(collect(t, seq, errf)), 99)
}

// TestLPMDrainUnderChange: nothing is lost of what comes while a trie is
// drained.
func TestLPMDrainUnderChange(t *testing.T) {
	const n = 5000
	m := testMap[LPMTrie[blockKey, uint32]](t, lpmSpec(8, 2*n))
	drainUnderChange(t, n, func(i int) error {
		k := blockKey{Prefixlen: 32}
		binary.BigEndian.PutUint32(k.Data[:], uint32(i)*0x10001)
		return m.Put(k, uint32(i))
	}, func(got func(i int)) error {
		seq, errf := m.Drain()
		for _, v := range seq {
			got(int(v))
		}
		return errf()
	})
}

func TestLPMBatchLookup(t *testing.T) {
	m := testMap[LPMTrie[blockKey, uint32]](t, lpmSpec(8, 1000))
	all := fillTrie(t, m, 1000)
	var c Cursor
	keys, values := make([]blockKey, 300), make([]uint32, 300)
	for !c.Done() {
		n := got(BatchLookup(m, &c, keys, values, nil))(t)
		for i, k := range keys[:n] {
			if want, ok := all[k]; !ok || values[i] != want {
				t.Errorf("%v: %d, want %d", k, values[i], want)
			}
			delete(all, k)
		}
	}
	equal(t, "not read", len(all), 0)
}
