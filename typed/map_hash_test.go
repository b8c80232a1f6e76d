//go:build linux

package typed

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"structs"
	"testing"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"
)

// flowKey has padding, as generated code writes it.
type flowKey struct {
	_     structs.HostLayout
	Proto uint8
	_     [1]byte
	Port  uint16
	Addr  uint32
	ID    uint64
	VLAN  uint16
	_     [6]byte
}

type flowStats struct {
	_       structs.HostLayout
	Packets uint64
	Bytes   uint64
	Last    uint32
	_       [4]byte
}

type flows = HashMap[flowKey, flowStats]

func flowSpec(kind ebpf.MapType, entries uint32) *ebpf.MapSpec {
	return &ebpf.MapSpec{Type: kind, KeySize: 24, ValueSize: 24, MaxEntries: entries}
}

func flow(i int) (flowKey, flowStats) {
	return flowKey{Proto: uint8(i), Port: uint16(i), ID: uint64(i)}, flowStats{Packets: uint64(i), Last: uint32(i)}
}

// fillFlows puts n flows into a map.
func fillFlows(t testing.TB, m *flows, n int) {
	t.Helper()
	keys, values := make([]flowKey, n), make([]flowStats, n)
	for i := range n {
		keys[i], values[i] = flow(i)
	}
	equal(t, "filled", got(BatchUpdate(m, keys, values, nil))(t), n)
}

func TestHashOperations(t *testing.T) {
	m := testMap[flows](t, flowSpec(ebpf.Hash, 2))
	k1, v1 := flow(1)
	k2, v2 := flow(2)
	k3, v3 := flow(3)

	_, err := m.Lookup(k1)
	failsWith(t, "lookup of a missing key", err, notExist...)
	failsWith(t, "delete of a missing key", m.Delete(k1), notExist...)
	failsWith(t, "update of a missing key", m.Update(k1, v1, UpdateExist), notExist...)

	must(t, m.Put(k1, v1))
	must(t, m.Update(k2, v2, UpdateNoExist))
	equal(t, "value", got(m.Lookup(k1))(t), v1)
	failsWith(t, "create again", m.Update(k1, v2, UpdateNoExist), exist...)
	must(t, m.Update(k1, v2, UpdateExist))
	var into flowStats
	must(t, m.LookupInto(k1, &into))
	equal(t, "replaced value", into, v2)

	failsWith(t, "put into a full map", m.Put(k3, v3), ErrMapFull, unix.E2BIG)
	failsWith(t, "wrong flag", m.Update(k1, v1, 1<<20), unix.EINVAL)
	failsWith(t, "lock without a lock", LookupWith(m, k1, &into, &ReadOptions{Flags: LookupLock}), unix.EINVAL)

	must(t, m.Delete(k1))
	must(t, m.Delete(k2))
	equal(t, "entries left", len(collect2(t, m)), 0)
}

func TestHashLookupAndDelete(t *testing.T) {
	sinceKernel(t, 5, 14, "lookup and delete in hashes")
	m := testMap[flows](t, flowSpec(ebpf.Hash, 2))
	k1, v1 := flow(1)
	k2, v2 := flow(2)
	_, err := m.LookupAndDelete(k1)
	failsWith(t, "lookup and delete of a missing key", err, notExist...)
	must(t, m.Put(k1, v1))
	must(t, m.Put(k2, v2))
	equal(t, "taken", got(m.LookupAndDelete(k2))(t), v2)
	var into flowStats
	must(t, LookupAndDeleteWith(m, k1, &into, &ReadOptions{Flags: 0}))
	equal(t, "taken into memory", into, v1)
	equal(t, "entries left", len(collect2(t, m)), 0)
}

func collect2(t testing.TB, m Map[flowKey, flowStats]) map[flowKey]flowStats {
	t.Helper()
	seq, errf := m.All()
	return collect(t, seq, errf)
}

func TestLRUHashEvicts(t *testing.T) {
	m := testMap[flows](t, flowSpec(ebpf.LRUHash, 4))
	for i := range 1000 {
		must(t, m.Put(flow(i)))
	}
	n := len(collect2(t, m))
	if n == 0 || n > 4 {
		t.Errorf("an LRU hash of 4 has %d entries", n)
	}
}

// refused is every operation of a hash, each with its error.
func refused(m *flows) []failing {
	k, v := flow(1)
	_, lookup := m.Lookup(k)
	_, take := m.LookupAndDelete(k)
	_, update := BatchUpdate(m, []flowKey{k}, []flowStats{v}, nil)
	_, remove := BatchDelete(m, []flowKey{k})
	_, read := BatchLookup(m, new(Cursor), []flowKey{k}, []flowStats{v}, nil)
	_, readDelete := BatchLookupAndDelete(m, new(Cursor), []flowKey{k}, []flowStats{v}, nil)
	_, deleteFunc := m.DeleteFunc(func(flowKey, *flowStats) bool { return true })
	all, allErr := m.All()
	drain, drainErr := m.Drain()
	for range all {
	}
	for range drain {
	}
	return []failing{
		{"Lookup", lookup}, {"LookupInto", m.LookupInto(k, &v)}, {"LookupWith", LookupWith(m, k, &v, &ReadOptions{Flags: 0})},
		{"Put", m.Put(k, v)}, {"Update", m.Update(k, v, UpdateAny)}, {"Delete", m.Delete(k)},
		{"LookupAndDelete", take}, {"LookupAndDeleteWith", LookupAndDeleteWith(m, k, &v, &ReadOptions{Flags: 0})},
		{"BatchUpdate", update}, {"BatchDelete", remove}, {"BatchLookup", read},
		{"BatchLookupAndDelete", readDelete}, {"DeleteFunc", deleteFunc}, {"All", allErr()}, {"Drain", drainErr()},
	}
}

func TestHashNotLoaded(t *testing.T) {
	m := new(flows)
	failsWith(t, "bind", bindMap(m, "test", nil), ErrNotLoaded)
	_, info := m.Handle().Info()
	ops := append(refused(m), []failing{
		{"Info", info}, {"Freeze", m.Handle().Freeze()}, {"Pin", m.Pin("/x")}, {"Unpin", m.Unpin()}, {"Err", m.Err()},
	}...)
	eachFails(t, ErrNotLoaded, ops)
	eachFails(t, ErrNotLoaded, refused(new(flows)))
	if m.Map() != nil {
		t.Error("a map that was not loaded has an object of the library")
	}
	equal(t, "Loaded", m.Handle().Loaded(), false)
	must(t, m.Close())
}

func TestHashClosed(t *testing.T) {
	m := testMap[flows](t, flowSpec(ebpf.Hash, 2))
	must(t, m.Close())
	must(t, m.Close())
	eachFails(t, os.ErrClosed, refused(m))
	eachFails(t, unix.EBADF, refused(m))
	failsWith(t, "Err", m.Err(), os.ErrClosed)
}

func TestHashLayout(t *testing.T) {
	needKernel(t)
	for _, test := range []struct {
		property  string
		kind      ebpf.MapType
		key, size uint32
	}{
		{"map type", ebpf.PerCPUHash, 24, 24},
		{"key size", ebpf.Hash, 16, 24},
		{"value size", ebpf.Hash, 24, 32},
	} {
		spec := &ebpf.MapSpec{Type: test.kind, KeySize: test.key, ValueSize: test.size, MaxEntries: 1}
		raw, err := ebpf.NewMap(spec)
		must(t, err)
		defer raw.Close()

		var h flows
		for _, err := range []error{checkMapSpec(&h, "test", spec), bindMap(&h, "test", raw)} {
			if layoutError(err).Property != test.property {
				t.Errorf("%s: got %v", test.property, err)
			}
		}
		eachFails(t, h.Err(), refused(&h))
		if h.Map() != raw {
			t.Error("the raw map is not kept")
		}
	}
}

func TestUnfitTypes(t *testing.T) {
	needKernel(t)
	type hole struct {
		A uint8
		B uint32
	}
	raw, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Hash, KeySize: 8, ValueSize: 8, MaxEntries: 1})
	must(t, err)
	defer raw.Close()
	for what, h := range map[string]AnyMap{
		"pointer as value":         new(HashMap[uint64, *int32]),
		"pointer as key":           new(HashMap[[1]*int32, uint64]),
		"size that depends on CPU": new(HashMap[uint64, int]),
		"implicit padding in key":  new(HashMap[hole, uint64]),
	} {
		if layoutError(bindMap(h, "test", raw)).Property == "" {
			t.Errorf("%s: accepted", what)
		}
	}
	must(t, bindMap(new(HashMap[uint64, hole]), "test", raw))
}

// TestHashKeyPadding: padding of keys is zero for the kernel, whatever the stack
// had before.
func TestHashKeyPadding(t *testing.T) {
	m := testMap[flows](t, flowSpec(ebpf.Hash, 100))
	for i := range 100 {
		soil(i)
		must(t, m.Put(flow(i)))
	}
	for i := range 100 {
		k, v := flow(i)
		soil(i)
		equal(t, "value", got(m.Lookup(k))(t), v)
	}
}

//go:noinline
func soil(i int) byte {
	var dirt [2048]byte
	for j := range dirt {
		dirt[j] = 0xAA
	}
	return dirt[i]
}

func TestHashBatches(t *testing.T) {
	m := testMap[flows](t, flowSpec(ebpf.Hash, 1000))
	fillFlows(t, m, 1000)

	k1, _ := flow(1)
	kx, vx := flow(5000)
	n, err := BatchUpdate(m, []flowKey{k1, kx}, []flowStats{vx, vx}, nil)
	equal(t, "updated before the map was full", n, 1)
	failsWith(t, "batch update of a full map", err, ErrMapFull)
	_, err = BatchUpdate(m, []flowKey{k1}, nil, nil)
	if err == nil {
		t.Error("a key without a value was accepted")
	}

	read := make(map[flowKey]flowStats)
	var c Cursor
	keys, values := make([]flowKey, 100), make([]flowStats, 100)
	for !c.Done() {
		n := got(BatchLookup(m, &c, keys, values, nil))(t)
		for i := range n {
			read[keys[i]] = values[i]
		}
	}
	equal(t, "entries read", len(read), 1000)
	equal(t, "after the end", got(BatchLookup(m, &c, keys, values, nil))(t), 0)
	if _, err := BatchLookupAndDelete(m, &c, keys, values, nil); err == nil {
		t.Error("a cursor changed its kind of call")
	}

	n, err = BatchDelete(m, []flowKey{k1, kx, k1})
	equal(t, "deleted before the missing key", n, 1)
	failsWith(t, "batch delete of a missing key", err, notExist...)

	taken := 0
	c = Cursor{}
	for !c.Done() {
		taken += got(BatchLookupAndDelete(m, &c, keys, values, nil))(t)
	}
	equal(t, "taken", taken, 999)
	equal(t, "left", len(collect2(t, m)), 0)
}

// TestHashSmallBatch: a batch smaller than a bucket is an error, iteration is
// not. All keys are in a few buckets, as max_entries decides their number.
func TestHashSmallBatch(t *testing.T) {
	m := testMap[HashMap[uint32, uint32]](t, &ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 64})
	for i := range uint32(64) {
		must(t, m.Put(i, i))
	}
	failed := false
	for size := 1; size < 8 && !failed; size++ {
		var c Cursor
		for !c.Done() {
			if _, err := BatchLookup(m, &c, make([]uint32, size), make([]uint32, size), nil); err != nil {
				failsWith(t, "small batch", err, unix.ENOSPC)
				failed = true
				break
			}
		}
	}
	if !failed {
		t.Error("no batch was too small: the test shows nothing")
	}

	// The same through iteration, which begins with a page of one.
	w := m.c.newWalk(bpf.MapLookupBatch, 0)
	r := &pageReader{w: w, free: m.c.newPage(1, 0)}
	seen := 0
	for !w.done {
		p := got(r.read())(t)
		seen += p.got
		r.free = m.c.newPage(1, 0)
	}
	equal(t, "entries by growing pages", seen, 64)
}

// TestHashAllUnderChange: what All promises. Stable keys come exactly once,
// others at most once, while a goroutine creates and deletes them.
func TestHashAllUnderChange(t *testing.T) {
	for _, kind := range []ebpf.MapType{ebpf.Hash, ebpf.LRUHash} {
		t.Run(kind.String(), func(t *testing.T) {
			m := testMap[flows](t, flowSpec(kind, 40000))
			const stable = 5000
			fillFlows(t, m, stable)
			stop, done := make(chan struct{}), make(chan struct{})
			go func() {
				defer close(done)
				for r := rand.New(rand.NewPCG(1, 2)); ; {
					select {
					case <-stop:
						return
					default:
					}
					k, v := flow(stable + r.IntN(10000))
					m.Put(k, v)
					k, _ = flow(stable + r.IntN(10000))
					m.Delete(k)
				}
			}()
			for range 10 {
				all := collect2(t, m) // fails on a key that comes twice
				for i := range stable {
					if k, v := flow(i); all[k] != v {
						t.Fatalf("key %d: got %v", i, all[k])
					}
				}
			}
			close(stop)
			<-done
		})
	}
}

func TestHashDeleteFunc(t *testing.T) {
	m := testMap[flows](t, flowSpec(ebpf.Hash, 20000))
	fillFlows(t, m, 20000)
	n := got(m.DeleteFunc(func(k flowKey, v *flowStats) bool {
		if k.ID%5 == 0 {
			m.Delete(k) // another was faster
		}
		return v.Packets%2 == 0
	}))(t)
	equal(t, "deleted", n, 8000)
	equal(t, "left", len(collect2(t, m)), 8000)
	equal(t, "deleted again", got(m.DeleteFunc(func(k flowKey, v *flowStats) bool { return v.Packets%2 == 0 }))(t), 0)
}

func TestHashDrain(t *testing.T) {
	m := testMap[flows](t, flowSpec(ebpf.Hash, 20000))
	fillFlows(t, m, 20000)
	seq, errf := m.Drain()
	want := make(map[flowKey]flowStats)
	for i := range 20000 {
		k, v := flow(i)
		want[k] = v
	}
	if !maps.Equal(collect(t, seq, errf), want) {
		t.Error("drained something else")
	}
	equal(t, "left", len(collect2(t, m)), 0)
}

// TestHashDrainEndsEarly: what the loop did not get is still there.
func TestHashDrainEndsEarly(t *testing.T) {
	m := testMap[flows](t, flowSpec(ebpf.Hash, 1000))
	fillFlows(t, m, 1000)
	seq, errf := m.Drain()
	var last flowKey
	n := 0
	for k := range seq {
		last = k
		if n++; n == 10 {
			break
		}
	}
	must(t, errf())
	left := collect2(t, m)
	equal(t, "left", len(left), 990)
	if _, ok := left[last]; ok {
		t.Error("what was yielded is still there")
	}

	// A loop that panics ends early, too.
	func() {
		defer func() { recover() }()
		seq, _ := m.Drain()
		for range seq {
			panic("in the loop")
		}
	}()
	equal(t, "left after a panic", len(collect2(t, m)), 989)

	// Somebody else creates all of them again meanwhile: their values stay, and
	// the loss is told.
	seq, errf = m.Drain()
	for range seq {
		fillFlows(t, m, 1000)
		break
	}
	failsWith(t, "drain into a filled map", errf(), exist...)
}

// drainUnderChange puts n entries into a map while others drain it, and demands
// that each of them is drained once.
func drainUnderChange(t *testing.T, n int, put func(i int) error, drain func(got func(i int)) error) {
	t.Helper()
	done := make(chan error, 1)
	go func() {
		for i := range n {
			if err := put(i); err != nil {
				done <- err
				return
			}
		}
		done <- nil
	}()
	times := make([]int, n)
	for last := false; !last; {
		select {
		case err := <-done:
			must(t, err)
			last = true // drain what came since
		default:
		}
		must(t, drain(func(i int) { times[i]++ }))
	}
	for i, n := range times {
		if n != 1 {
			t.Fatalf("entry %d was drained %d times", i, n)
		}
	}
}

// TestHashDrainUnderChange: nothing is lost of what comes while a map is
// drained, with batches and without.
func TestHashDrainUnderChange(t *testing.T) {
	const n = 10000
	for _, kind := range []ebpf.MapType{ebpf.Hash, ebpf.LRUHash} {
		for _, single := range []bool{false, true} {
			t.Run(fmt.Sprint(kind, " single ", single), func(t *testing.T) {
				m := testMap[flows](t, flowSpec(kind, 2*n+128*uint32(ebpf.MustPossibleCPU())))
				drainUnderChange(t, n, func(i int) error {
					k, v := flow(i)
					return m.Update(k, v, UpdateNoExist)
				}, func(got func(i int)) error {
					w := m.c.newWalk(bpf.MapLookupAndDelBatch, 0)
					w.single = single
					return each(w, func(k flowKey, v flowStats) bool {
						equal(t, "value", v.Packets, k.ID)
						got(int(k.ID))
						return true
					})
				})
			})
		}
	}
}

// TestHashNestedLoops: loops within loops, which end early, do not disturb each
// other.
func TestHashNestedLoops(t *testing.T) {
	m := testMap[flows](t, flowSpec(ebpf.Hash, 20000))
	fillFlows(t, m, 20000) // several pages
	n := 0
	outer, errf := m.All()
	for k, v := range outer {
		equal(t, "outer", v.Packets, k.ID)
		if n++; n%1000 != 0 {
			continue
		}
		inner, errf := m.All()
		limit := n
		for k, v := range inner {
			equal(t, "inner", v.Packets, k.ID)
			if limit--; limit == 0 {
				break
			}
		}
		must(t, errf())
	}
	must(t, errf())
	equal(t, "entries", n, 20000)
}

// TestHugeValues: iteration takes memory for few of them at a time.
func TestHugeValues(t *testing.T) {
	type huge [1 << 20]byte
	m := testMap[HashMap[uint32, huge]](t, arraySpec(ebpf.Hash, 1<<20, 6))
	equal(t, "values at a time", m.c.pageLen(0), 4)
	value := new(huge)
	for i := range uint32(6) {
		value[0], value[len(value)-1] = byte(i), byte(i)
		must(t, (*MapCore)(m).Update(unsafe.Pointer(&i), unsafe.Pointer(value), UpdateAny))
	}
	equal(t, "deleted", got(m.DeleteFunc(func(k uint32, v *huge) bool { return k%2 == 0 }))(t), 3)
	n := 0
	seq, errf := m.Drain()
	for k, v := range seq {
		equal(t, "first and last byte", [2]byte{v[0], v[len(v)-1]}, [2]byte{byte(k), byte(k)})
		n++
	}
	must(t, errf())
	equal(t, "drained", n, 3)

	one := testMap[ArrayMap[uint32, huge]](t, arraySpec(ebpf.Array, 1<<20, 1))
	equal(t, "values of one", one.c.pageLen(0), 1)
}

// TestHashWithoutBatches is the way of kernels before 5.6.
func TestHashWithoutBatches(t *testing.T) {
	m := testMap[flows](t, flowSpec(ebpf.Hash, 5000))
	fillFlows(t, m, 5000)
	w := m.c.newWalk(bpf.MapLookupBatch, 0)
	w.single = true
	seen := make(map[flowKey]bool)
	must(t, each(w, func(k flowKey, v flowStats) bool {
		if seen[k] {
			t.Errorf("key %v comes twice", k)
		}
		seen[k] = true
		must(t, m.Delete(k)) // what the loop was given may be deleted
		return true
	}))
	equal(t, "entries", len(seen), 5000)

	fillFlows(t, m, 5000)
	for _, noTake := range []bool{false, true} {
		fillFlows(t, m, 5000)
		w = m.c.newWalk(bpf.MapLookupAndDelBatch, 0)
		w.single, w.noTake = true, noTake
		n := 0
		must(t, each(w, func(flowKey, flowStats) bool { n++; return true }))
		equal(t, "taken", n, 5000)
		equal(t, "left", len(collect2(t, m)), 0)
	}
}

// TestHashIterationAborted: without batches, keys that vanish under the walk
// make it start over, but not for ever.
func TestHashIterationAborted(t *testing.T) {
	m := testMap[HashMap[uint32, uint32]](t, &ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 4, MaxEntries: 100})
	for i := range uint32(100) {
		must(t, m.Put(i, i))
	}
	w := m.c.newWalk(bpf.MapLookupBatch, 0)
	w.single = true
	var key, value [1]uint32
	var err error
	for err == nil && !w.done {
		if _, err = w.next(m.c.blockOf(unsafe.Pointer(&key), unsafe.Pointer(&value), 1, 0)); err == nil {
			// The place of the walk goes, and comes back when the walk is elsewhere.
			must(t, m.Delete(key[0]))
			_, err = w.next(m.c.blockOf(unsafe.Pointer(&value), unsafe.Pointer(&value), 1, 0))
			must(t, m.Put(key[0], 0))
		}
	}
	failsWith(t, "walk", err, ebpf.ErrIterationAborted)
}

// locked has a struct bpf_spin_lock.
type locked struct {
	Lock  uint32
	Count uint32
}

func lockedMap(t testing.TB) *HashMap[uint32, locked] {
	u32 := &btf.Int{Name: "unsigned int", Size: 4}
	lock := &btf.Struct{Name: "bpf_spin_lock", Size: 4, Members: []btf.Member{{Name: "val", Type: u32}}}
	value := &btf.Struct{Name: "locked", Size: 8, Members: []btf.Member{
		{Name: "lock", Type: lock}, {Name: "count", Type: u32, Offset: 32},
	}}
	return testMap[HashMap[uint32, locked]](t, &ebpf.MapSpec{
		Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 10, Key: u32, Value: value,
	})
}

func TestLookupAndDeleteUnderSpinLock(t *testing.T) {
	sinceKernel(t, 5, 14, "lookup and delete in hashes")
	m := lockedMap(t)
	must(t, m.Put(1, locked{Count: 7}))
	var v locked
	must(t, LookupAndDeleteWith(m, 1, &v, &ReadOptions{Flags: LookupLock}))
	equal(t, "locked value", v, locked{Count: 7})
}

func TestSpinLock(t *testing.T) {
	sinceKernel(t, 5, 1, "spin locks in maps")
	m := lockedMap(t)
	must(t, m.Put(1, locked{Count: 7}))
	must(t, m.Update(1, locked{Lock: 99, Count: 8}, UpdateExist|UpdateLock))
	var v locked
	must(t, LookupWith(m, 1, &v, &ReadOptions{Flags: LookupLock}))
	equal(t, "locked value", v, locked{Count: 8})
	seq, errf := AllWith(m, &ReadOptions{Flags: LookupLock})
	equal(t, "locked entries", collect(t, seq, errf)[1], locked{Count: 8})
	must(t, m.Delete(1))
	failsWith(t, "update of a missing key under the lock", m.Update(1, v, UpdateExist|UpdateLock), notExist...)
}

// The functions with options that write do so under the spin lock, and their
// flags reach the kernel.
func TestWritesUnderSpinLock(t *testing.T) {
	sinceKernel(t, 5, 1, "spin locks in maps")
	m := lockedMap(t)
	failsWith(t, "update of a missing key", UpdateWith(m, 1, locked{Count: 1}, &WriteOptions{Flags: UpdateExist | UpdateLock}), notExist...)
	must(t, UpdateWith(m, 1, locked{Count: 7}, &WriteOptions{Flags: UpdateNoExist}))
	failsWith(t, "create again", UpdateWith(m, 1, locked{Count: 8}, &WriteOptions{Flags: UpdateNoExist}), exist...)
	must(t, UpdateWith(m, 1, locked{Lock: 99, Count: 9}, &WriteOptions{Flags: UpdateExist | UpdateLock}))
	must(t, UpdateWith(m, 2, locked{Count: 20}, nil))
	equal(t, "locked value", got(m.Lookup(1))(t), locked{Count: 9})

	n, err := DeleteFuncWith(m, &ReadOptions{Flags: LookupLock}, func(key uint32, value *locked) bool {
		equal(t, "entry", *value, map[uint32]locked{1: {Count: 9}, 2: {Count: 20}}[key])
		return key == 1
	})
	must(t, err)
	equal(t, "deleted", n, 1)
	seq, errf := DrainWith(m, &ReadOptions{Flags: LookupLock})
	drained := collect(t, seq, errf)
	equal(t, "entries drained", len(drained), 1)
	equal(t, "drained", drained[2], locked{Count: 20})
	_, err = m.Lookup(2)
	failsWith(t, "after the drain", err, notExist...)
}

// Flags of reading that the kernel does not have for a map are an error, also where no
// element is there that it would say so of.
func TestFlagsOfReadingAnEmptyMap(t *testing.T) {
	needKernel(t)
	hash := testMap[flows](t, flowSpec(ebpf.Hash, 8))
	lru := testMap[flows](t, flowSpec(ebpf.LRUHash, 8))
	perCPU := testMap[PerCPUHashMap[uint32, uint64]](t, arraySpec(ebpf.PerCPUHash, 8, 8))
	for _, flags := range []LookupFlags{LookupLock, 1 << 20, LookupLock | 1<<20} {
		opts := &ReadOptions{Flags: flags}
		fails := func(what string, err error) {
			t.Helper()
			failsWith(t, fmt.Sprintf("%s with flags %#x", what, flags), err, unix.EINVAL)
		}
		for name, m := range map[string]*flows{"hash": hash, "LRU": lru} {
			seq, errf := AllWith(m, opts)
			equal(t, "entries", len(collect(t, seq, func() error { return nil })), 0)
			fails(name+": AllWith", errf())
			seq, errf = DrainWith(m, opts)
			equal(t, "entries", len(collect(t, seq, func() error { return nil })), 0)
			fails(name+": DrainWith", errf())
			_, err := DeleteFuncWith(m, opts, func(flowKey, *flowStats) bool { return true })
			fails(name+": DeleteFuncWith", err)
			keys, values := make([]flowKey, 8), make([]flowStats, 8)
			_, err = BatchLookup(m, new(Cursor), keys, values, opts)
			fails(name+": BatchLookup", err)
			_, err = BatchLookupAndDelete(m, new(Cursor), keys, values, opts)
			fails(name+": BatchLookupAndDelete", err)
		}
		each, errf := PerCPUAllWith(perCPU, opts)
		for range each {
			t.Error("an entry")
		}
		fails("PerCPUAllWith", errf())
	}
	for _, m := range []*flows{hash, lru} { // of flags that there are, nothing is said
		seq, errf := AllWith(m, &ReadOptions{})
		equal(t, "entries", len(collect(t, seq, errf)), 0)
	}
	locked := lockedMap(t)
	seq, errf := DrainWith(locked, &ReadOptions{Flags: LookupLock})
	equal(t, "entries", len(collect(t, seq, errf)), 0)
}

func TestCommonMethods(t *testing.T) {
	m := testMap[flows](t, flowSpec(ebpf.Hash, 2))
	equal(t, "name", m.Name(), "test")
	equal(t, "entries", m.Handle().MaxEntries(), 2)
	equal(t, "type", got(m.Handle().Info())(t).Type, ebpf.Hash)
	equal(t, "loaded", m.Handle().Loaded(), true)
	equal(t, "error", m.Err(), nil)
	if m.Map() == nil {
		t.Error("no object of the library")
	}
	must(t, m.Handle().Freeze())
	k, v := flow(1)
	failsWith(t, "put into a frozen map", m.Put(k, v), unix.EPERM)
	_, err := m.Lookup(k)
	failsWith(t, "lookup in a frozen map", err, notExist...)
}

func TestPin(t *testing.T) {
	m := testMap[flows](t, flowSpec(ebpf.Hash, 2))
	path := mountBPF(t) + "/flows"
	must(t, m.Pin(path))
	equal(t, "pinned", m.Handle().IsPinned(), true)
	spec := &MapSpec[*flows]{s: mapSpec{name: "flows"}}
	again := got(OpenPinnedMap(spec, path, nil))(t)
	defer again.Close()
	k, v := flow(1)
	must(t, m.Put(k, v))
	equal(t, "through the pin", got(again.Lookup(k))(t), v)
	_, err := OpenPinnedMap(&MapSpec[*HashMap[uint32, uint32]]{s: mapSpec{name: "flows"}}, path, nil)
	if layout := layoutError(err); layout.Property != "key size" {
		t.Errorf("opened with other types: %v", err)
	}
	must(t, m.Unpin())
	equal(t, "pinned", m.Handle().IsPinned(), false)
}

// mountBPF mounts a bpf file system for the time of the test.
func mountBPF(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("bpf", dir, "bpf", 0, ""); err != nil {
		t.Fatalf("mount bpf: %v", err)
	}
	t.Cleanup(func() { unix.Unmount(dir, unix.MNT_DETACH) })
	return dir
}

// After Close a batch says so, also one that asks for nothing.
func TestEmptyBatchesAfterClose(t *testing.T) {
	m := testMap[flows](t, flowSpec(ebpf.Hash, 10))
	fillFlows(t, m, 3)
	keys, values := make([]flowKey, 10), make([]flowStats, 10)
	var begun, done Cursor
	for !done.Done() {
		got(BatchLookup(m, &done, keys, values, nil))(t)
	}
	got(BatchLookup(m, &begun, nil, nil, nil))(t)
	must(t, m.Close())
	for _, c := range []*Cursor{&begun, &done, {}} {
		_, err := BatchLookup(m, c, nil, nil, nil)
		failsWith(t, "batch lookup of nothing", err, os.ErrClosed)
	}
	_, err := BatchUpdate(m, nil, nil, nil)
	failsWith(t, "batch update of nothing", err, os.ErrClosed)
	_, err = BatchDelete(m, nil)
	failsWith(t, "batch delete of nothing", err, os.ErrClosed)
}
