//go:build linux

package typedtest_test

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/typedtest"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"
)

// The kernel is the oracle: the same random sequence of operations is done on a
// map of the kernel and on one in memory, and every answer must be the same.
// Seeds are fixed, so that a failure can be repeated.

const (
	seeds      = 8   // sequences for each type of map
	operations = 600 // of each
)

// mapOf says that *M is a type of maps.
type mapOf[M any] interface {
	*M
	typed.AnyMap
	Close() error
}

// kernelMap creates a map of the kernel with the type of one in memory.
func kernelMap[M any, P mapOf[M]](t *testing.T, spec *ebpf.MapSpec) *M {
	t.Helper()
	needKernel(t)
	c := &typed.CollectionSpec{Spec: &ebpf.CollectionSpec{Maps: map[string]*ebpf.MapSpec{"m": spec}}}
	s := (*typed.MapSpec[P])(typed.BindMapSpec(c, "m", *new(P)))
	m, err := typed.NewMap(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

type (
	hashMap   = typedtest.Hash[testKey, testValue]
	arrayMap  = typedtest.Array[uint32, testValue]
	trieMap   = typedtest.LPMTrie[prefix, testValue]
	cpuHash   = typedtest.PerCPUHash[testKey, uint32]
	cpuArray  = typedtest.PerCPUArray[uint32, uint32]
	queueMap  = typedtest.Queue[uint64]
	stackMap  = typedtest.Stack[uint64]
	filterMap = typedtest.BloomFilter[testKey]
)

// skStorage is storage of sockets; that in memory is of tasks.
type skStorage struct{ typedtest.Storage[uint64] }

func (*skStorage) Shape() typed.MapShape {
	return typed.ShapeOf[struct{}, uint64](typed.ClassSkStorage)
}

// meaning is what an error says to callers, as text.
func meaning(err error) string {
	for _, known := range []error{
		ebpf.ErrKeyNotExist, ebpf.ErrKeyExist, typed.ErrMapFull, unix.EINVAL, unix.EBADF, unix.ERANGE, ebpf.ErrNotSupported,
	} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return fmt.Sprint(err)
}

// pair is a map of the kernel and one in memory, of any class.
type pair struct {
	t    *testing.T
	rng  *rand.Rand
	step int
	log  []string
}

// same compares two answers.
func (p *pair) same(what string, kernel, memory any, kerr, merr error) {
	p.t.Helper()
	k := fmt.Sprintf("%+v, %s", kernel, meaning(kerr))
	m := fmt.Sprintf("%+v, %s", memory, meaning(merr))
	p.log = append(p.log, what+": "+k)
	if k != m {
		p.t.Fatalf("step %d, %s:\nkernel: %s\nmemory: %s\nbefore: %q", p.step, what, k, m, p.log[max(0, len(p.log)-8):])
	}
}

// sequences runs random operations over new pairs of maps.
func sequences(t *testing.T, start func(p *pair) (operation func())) {
	someSequences(t, seeds, operations, start)
}

func someSequences(t *testing.T, seeds uint64, operations int, start func(p *pair) (operation func())) {
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			p := &pair{t: t, rng: rand.New(rand.NewPCG(seed, 2))}
			operation := start(p)
			for p.step = range operations {
				operation()
			}
		})
	}
}

func (p *pair) value() testValue {
	return testValue{A: p.rng.Uint64(), B: [3]uint32{p.rng.Uint32()}}
}

// flags are all that there are and one that is not. What both at once mean is
// not the same everywhere: per-CPU maps of Linux 7.x no longer refuse them.
func (p *pair) flags() typed.UpdateFlags {
	all := []typed.UpdateFlags{typed.UpdateAny, typed.UpdateNoExist, typed.UpdateExist, 1 << 20}
	return all[p.rng.IntN(len(all))]
}

// perCPUFlags are flags for values of all CPUs. Kernels that let an update name
// a CPU (BPF_F_CPU, 8, and BPF_F_ALL_CPUS, 16) refuse only what is larger, and
// no longer 3.
func (p *pair) perCPUFlags() typed.UpdateFlags {
	if f := p.flags(); f <= typed.UpdateExist {
		return f
	}
	return 1 << 6
}

// entries are those of a map, as text in the order of it.
func entries[K, V any](seq iter.Seq2[K, V], errf func() error) ([]string, error) {
	all := []string{}
	for k, v := range seq {
		all = append(all, fmt.Sprintf("%+v: %+v", k, v))
	}
	slices.Sort(all)
	return all, errf()
}

// keyed are the operations on maps with one value per key. key makes keys.
func keyed[K any](p *pair, kernel, memory typed.Map[K, testValue], key func() K, flags func() typed.UpdateFlags) func() {
	keys := func() []K {
		keys := make([]K, 1+p.rng.IntN(4))
		for i := range keys {
			keys[i] = key()
		}
		return keys
	}
	odd := func(_ K, v *testValue) bool { return v.A%8 == 0 }
	fixed := fixedOps(p, kernel, memory, key, keys, flags)
	return func() {
		switch n := p.rng.IntN(100); {
		case n < 20:
			k := key()
			p.same(fmt.Sprintf("delete %+v", k), nil, nil, kernel.Delete(k), memory.Delete(k))
		case n < 24:
			ks := keys()
			a, kerr := typed.BatchDelete(kernel, ks)
			b, merr := typed.BatchDelete(memory, ks)
			p.same(fmt.Sprintf("delete %+v", ks), a, b, kerr, merr)
		case n < 26:
			a, kerr := kernel.DeleteFunc(odd)
			b, merr := memory.DeleteFunc(odd)
			p.same("delete func", a, b, kerr, merr)
		case n < 27:
			a, kerr := entries(kernel.Drain())
			b, merr := entries(memory.Drain())
			p.same("drain", a, b, kerr, merr)
		case n < 28:
			a, kerr := startDrain(kernel)
			b, merr := startDrain(memory)
			p.same("start of a drain", a, b, kerr, merr)
		default:
			fixed()
		}
	}
}

// startDrain says how many entries others see when a drain has given its first: a
// page of them is out of the map. Then the loop ends, and they are back. How many
// the loop has had is the same for maps of the same entries.
func startDrain[K any](m typed.Map[K, testValue]) (string, error) {
	left, had := 0, 0
	seq, errf := m.Drain()
	for key, value := range seq {
		all, _ := m.All()
		for range all {
			left++
		}
		had++
		// So that both go on with the same entries.
		if err := m.Update(key, value, typed.UpdateNoExist); err != nil {
			return "", err
		}
		break
	}
	return fmt.Sprintf("%d had, %d left", had, left), errf()
}

// hashOps are the operations that hashes alone have.
func hashOps(p *pair, kernel, memory typed.Hash[testKey, testValue], flags func() typed.UpdateFlags) func() {
	common := keyed(p, kernel, memory, p.key, flags)
	return func() {
		k := p.key()
		switch n := p.rng.IntN(100); {
		case n < 5:
			a, kerr := kernel.LookupAndDelete(k)
			b, merr := memory.LookupAndDelete(k)
			p.same(fmt.Sprintf("lookup and delete %+v", k), a, b, kerr, merr)
		case n < 8:
			a, kerr := batches(kernel, typed.BatchLookup)
			b, merr := batches(memory, typed.BatchLookup)
			p.same("batches", a, b, kerr, merr)
		case n < 9:
			a, kerr := batches(kernel, takeBatch)
			b, merr := batches(memory, takeBatch)
			p.same("batches that delete", a, b, kerr, merr)
		default:
			common()
		}
	}
}

func takeBatch(m typed.MapReader[testKey, testValue], c *typed.Cursor, keys []testKey, values []testValue, opts *typed.ReadOptions) (int, error) {
	return typed.BatchLookupAndDelete(m.(typed.Hash[testKey, testValue]), c, keys, values, opts)
}

// batches are the entries that a series of batches gives, as text.
func batches(m typed.MapReader[testKey, testValue], next func(typed.MapReader[testKey, testValue], *typed.Cursor, []testKey, []testValue, *typed.ReadOptions) (int, error)) ([]string, error) {
	var c typed.Cursor
	all := []string{}
	keys, values := make([]testKey, 16), make([]testValue, 16)
	for !c.Done() {
		n, err := next(m, &c, keys, values, nil)
		if err != nil {
			return nil, err
		}
		for i := range n {
			all = append(all, fmt.Sprintf("%+v: %+v", keys[i], values[i]))
		}
	}
	slices.Sort(all)
	return all, nil
}

// fixedOps are the operations on arrays, too.
func fixedOps[K any](p *pair, kernel, memory typed.FixedMap[K, testValue], key func() K, keys func() []K, flags func() typed.UpdateFlags) func() {
	return func() {
		k, v := key(), p.value()
		switch n := p.rng.IntN(100); {
		case n < 40:
			f := flags()
			what := fmt.Sprintf("update %+v flags %d", k, f)
			p.same(what, nil, nil, kernel.Update(k, v, f), memory.Update(k, v, f))
		case n < 60:
			a, kerr := kernel.Lookup(k)
			b, merr := memory.Lookup(k)
			p.same(fmt.Sprintf("lookup %+v", k), a, b, kerr, merr)
		case n < 75:
			p.same(fmt.Sprintf("put %+v", k), nil, nil, kernel.Put(k, v), memory.Put(k, v))
		case n < 85:
			ks := keys()
			vs := make([]testValue, len(ks))
			for i := range vs {
				vs[i] = p.value()
			}
			f := flags()
			a, kerr := typed.BatchUpdate(kernel, ks, vs, &typed.WriteOptions{Flags: f})
			b, merr := typed.BatchUpdate(memory, ks, vs, &typed.WriteOptions{Flags: f})
			p.same(fmt.Sprintf("update %+v flags %d", ks, f), a, b, kerr, merr)
		case n < 95:
			var a, b testValue
			kerr, merr := kernel.LookupInto(k, &a), memory.LookupInto(k, &b)
			p.same(fmt.Sprintf("lookup into %+v", k), kerr == nil && a == b, merr == nil && a == b, kerr, merr)
		default:
			a, kerr := entries(kernel.All())
			b, merr := entries(memory.All())
			p.same("all", a, b, kerr, merr)
		}
	}
}

// key makes keys of which some are there.
func (p *pair) key() testKey { return testKey{ID: p.rng.Uint32N(16), Kind: uint8(p.rng.UintN(2))} }

func TestHashLikeTheKernel(t *testing.T) {
	for name, flags := range map[string]uint32{"preallocated": 0, "on demand": unix.BPF_F_NO_PREALLOC} {
		t.Run(name, func(t *testing.T) {
			sequences(t, func(p *pair) func() {
				kernel := kernelMap[hashMap](p.t, &ebpf.MapSpec{
					Type: ebpf.Hash, KeySize: 8, ValueSize: 24, MaxEntries: 16, Flags: flags,
				})
				memory := typedtest.NewHash[testKey, testValue](16)
				if kernelBefore(p.t, 5, 14) { // without lookup and delete
					return keyed(p, kernel, memory, p.key, p.flags)
				}
				return hashOps(p, kernel, memory, p.flags)
			})
		})
	}
}

// As long as there is room, an LRU hash is a hash. The kernel keeps free
// entries in lists of each CPU, so that room is more than the number of keys.
func TestLRUHashWithRoomLikeTheKernel(t *testing.T) {
	sequences(t, func(p *pair) func() {
		const room = 1 << 14
		kernel := kernelMap[hashMap](p.t, &ebpf.MapSpec{
			Type: ebpf.LRUHash, KeySize: 8, ValueSize: 24, MaxEntries: room,
		})
		return keyed(p, kernel, typedtest.NewLRUHash[testKey, testValue](room), p.key, p.flags)
	})
}

// Without room the kernel and memory evict different entries. What both
// promise is checked of both.
func TestLRUHashEvicts(t *testing.T) {
	const maxEntries = 64
	maps := map[string]typed.Map[testKey, testValue]{
		"memory": typedtest.NewLRUHash[testKey, testValue](maxEntries),
		"kernel": kernelMap[hashMap](t, &ebpf.MapSpec{
			Type: ebpf.LRUHash, KeySize: 8, ValueSize: 24, MaxEntries: maxEntries,
		}),
	}
	for name, m := range maps {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			written := make(map[testKey]testValue)
			for range 2000 {
				k, v := testKey{ID: rng.Uint32N(500)}, testValue{A: rng.Uint64()}
				if err := m.Put(k, v); err != nil {
					t.Fatal(err)
				}
				written[k] = v
				if got, err := m.Lookup(k); err != nil || got != v {
					t.Fatalf("what was just written: %v, %v", got, err)
				}
			}
			n := 0
			all, errf := m.All()
			for k, v := range all {
				if n++; v != written[k] {
					t.Errorf("%v has %v, not %v", k, v, written[k])
				}
			}
			if err := errf(); err != nil || n == 0 || n > maxEntries {
				t.Errorf("%d entries of at most %d, %v", n, maxEntries, err)
			}
		})
	}
}

// In memory the order of eviction is exact.
func TestLRUHashEvictsTheOldest(t *testing.T) {
	m := typedtest.NewLRUHash[uint32, int32](3)
	for k := range uint32(3) {
		if err := m.Put(k, 0); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct{ put, gone uint32 }{{0, 99}, {3, 1}, {4, 2}, {5, 0}} {
		if err := m.Put(step.put, 1); err != nil {
			t.Fatal(err)
		}
		if _, err := m.Lookup(step.gone); !errors.Is(err, ebpf.ErrKeyNotExist) {
			t.Errorf("after %d was written: %d is there, %v", step.put, step.gone, err)
		}
	}
}

func TestArrayLikeTheKernel(t *testing.T) {
	sequences(t, func(p *pair) func() {
		kernel := kernelMap[arrayMap](p.t, &ebpf.MapSpec{
			Type: ebpf.Array, KeySize: 4, ValueSize: 24, MaxEntries: 8,
		})
		key := func() uint32 { return p.rng.Uint32N(10) }
		keys := func() []uint32 { return []uint32{key(), key()} }
		return fixedOps(p, kernel, typedtest.NewArray[uint32, testValue](8), key, keys, p.flags)
	})
}

// prefix is a key of a trie with 16 bits of data and one byte more.
type prefix struct {
	Len  uint32
	Data [3]uint8
	_    [1]byte
}

func TestLPMTrieLikeTheKernel(t *testing.T) {
	spec := &ebpf.MapSpec{
		Type: ebpf.LPMTrie, KeySize: 8, ValueSize: 24, MaxEntries: 24, Flags: unix.BPF_F_NO_PREALLOC,
	}
	sequences(t, func(p *pair) func() {
		spec, flags := spec.Copy(), p.flags
		if !trieTakesFlags(p.t) {
			spec.MaxEntries = 4096 // replacing needs room as well
			flags = func() typed.UpdateFlags { return typed.UpdateAny }
		}
		kernel := kernelMap[trieMap](p.t, spec)
		memory := typedtest.NewLPMTrie[prefix, testValue](int(spec.MaxEntries))
		key := func() prefix {
			// Few bits differ, so that prefixes cover each other. 33 is too long.
			return prefix{Len: p.rng.Uint32N(34), Data: [3]uint8{uint8(p.rng.UintN(2)) << 7, 0, uint8(p.rng.UintN(4)) << 3}}
		}
		return keyed(p, kernel, memory, key, flags)
	})
}

// trieTakesFlags says whether the kernel heeds flags of updates (6.13).
func trieTakesFlags(t *testing.T) bool {
	probe := kernelMap[trieMap](t, &ebpf.MapSpec{
		Type: ebpf.LPMTrie, KeySize: 8, ValueSize: 24, MaxEntries: 1, Flags: unix.BPF_F_NO_PREALLOC,
	})
	return errors.Is(probe.Update(prefix{}, testValue{}, typed.UpdateExist), ebpf.ErrKeyNotExist)
}

// perCPU are the operations on arrays and hashes with values of all CPUs.
func perCPU[K any](p *pair, kernel, memory typed.FixedPerCPUMap[K, uint32], cpus int, key func() K) func() {
	return func() {
		k := key()
		values := make([]uint32, cpus)
		for i := range values {
			values[i] = p.rng.Uint32()
		}
		switch p.rng.IntN(7) {
		case 0, 1:
			f := p.perCPUFlags()
			what := fmt.Sprintf("update %+v flags %d", k, f)
			p.same(what, nil, nil, kernel.Update(k, values, f), memory.Update(k, values, f))
		case 2:
			p.same(fmt.Sprintf("put %+v", k), nil, nil, kernel.Put(k, values), memory.Put(k, values))
		case 3:
			p.same(fmt.Sprintf("put each %+v", k), nil, nil, kernel.PutEach(k, values[0]), memory.PutEach(k, values[0]))
		case 4:
			a, kerr := kernel.Lookup(k)
			b, merr := memory.Lookup(k)
			p.same(fmt.Sprintf("lookup %+v", k), a, b, kerr, merr)
		case 5:
			a, b := make([]uint32, cpus), make([]uint32, cpus)
			kerr, merr := kernel.LookupInto(k, a), memory.LookupInto(k, b)
			p.same(fmt.Sprintf("lookup into %+v", k), a, b, kerr, merr)
		case 6:
			a, kerr := entries(kernel.All())
			b, merr := entries(memory.All())
			p.same("all", a, b, kerr, merr)
		}
	}
}

func TestPerCPUArrayLikeTheKernel(t *testing.T) {
	cpus := ebpf.MustPossibleCPU()
	sequences(t, func(p *pair) func() {
		kernel := kernelMap[cpuArray](p.t, &ebpf.MapSpec{
			Type: ebpf.PerCPUArray, KeySize: 4, ValueSize: 4, MaxEntries: 4,
		})
		memory := typedtest.NewPerCPUArray[uint32, uint32](4, cpus)
		return perCPU(p, kernel, memory, cpus, func() uint32 { return p.rng.Uint32N(5) })
	})
}

func TestPerCPUHashLikeTheKernel(t *testing.T) {
	perCPUHashLikeTheKernel(t, ebpf.PerCPUHash, 16, typedtest.NewPerCPUHash[testKey, uint32])
}

// As long as there is room, as TestLRUHashWithRoomLikeTheKernel.
func TestLRUPerCPUHashWithRoomLikeTheKernel(t *testing.T) {
	room := 1024 + 128*ebpf.MustPossibleCPU()
	perCPUHashLikeTheKernel(t, ebpf.LRUCPUHash, room, typedtest.NewLRUPerCPUHash[testKey, uint32])
}

func perCPUHashLikeTheKernel(t *testing.T, kind ebpf.MapType, maxEntries int, inMemory func(maxEntries, cpus int) *cpuHash) {
	cpus := ebpf.MustPossibleCPU()
	sequences(t, func(p *pair) func() {
		kernel := kernelMap[cpuHash](p.t, &ebpf.MapSpec{
			Type: kind, KeySize: 8, ValueSize: 4, MaxEntries: uint32(maxEntries),
		})
		memory := inMemory(maxEntries, cpus)
		common := perCPU(p, kernel, memory, cpus, p.key)
		large := func(_ testKey, v []uint32) bool { return v[0] > 1<<30 }
		return func() {
			k := p.key()
			switch n := p.rng.IntN(100); {
			case n < 20:
				p.same(fmt.Sprintf("delete %+v", k), nil, nil, kernel.Delete(k), memory.Delete(k))
			case n < 24:
				ks := []testKey{k, p.key()}
				a, kerr := typed.BatchDelete(kernel, ks)
				b, merr := typed.BatchDelete(memory, ks)
				p.same(fmt.Sprintf("delete %+v", ks), a, b, kerr, merr)
			case n < 26:
				a, kerr := kernel.DeleteFunc(large)
				b, merr := memory.DeleteFunc(large)
				p.same("delete func", a, b, kerr, merr)
			case n < 27:
				a, kerr := entries(kernel.Drain())
				b, merr := entries(memory.Drain())
				p.same("drain", a, b, kerr, merr)
			default:
				common()
			}
		}
	})
}

// queues are the operations on queues and stacks.
func queues(p *pair, kernel, memory typed.QueueLike[uint64]) func() {
	drain := func(q typed.QueueLike[uint64]) ([]uint64, error) {
		seq, errf := q.Drain()
		return slices.Collect(seq), errf()
	}
	return func() {
		v := p.rng.Uint64N(1000)
		switch n := p.rng.IntN(100); {
		case n < 40:
			p.same(fmt.Sprint("push ", v), nil, nil, kernel.Push(v), memory.Push(v))
		case n < 55:
			p.same(fmt.Sprint("overwrite ", v), nil, nil, kernel.PushOverwrite(v), memory.PushOverwrite(v))
		case n < 70:
			a, kerr := kernel.Peek()
			b, merr := memory.Peek()
			p.same("peek", a, b, kerr, merr)
		case n < 98:
			a, kerr := kernel.Pop()
			b, merr := memory.Pop()
			p.same("pop", a, b, kerr, merr)
		default:
			a, kerr := drain(kernel)
			b, merr := drain(memory)
			p.same("drain", a, b, kerr, merr)
		}
	}
}

func TestQueueLikeTheKernel(t *testing.T) {
	sequences(t, func(p *pair) func() {
		kernel := kernelMap[queueMap](p.t, &ebpf.MapSpec{Type: ebpf.Queue, ValueSize: 8, MaxEntries: 5})
		return queues(p, kernel, typedtest.NewQueue[uint64](5))
	})
}

func TestStackLikeTheKernel(t *testing.T) {
	sequences(t, func(p *pair) func() {
		kernel := kernelMap[stackMap](p.t, &ebpf.MapSpec{Type: ebpf.Stack, ValueSize: 8, MaxEntries: 5})
		return queues(p, kernel, typedtest.NewStack[uint64](5))
	})
}

// Storage of sockets, by their descriptors; -1 is none.
func TestStorageLikeTheKernel(t *testing.T) {
	needKernel(t)
	if kernelBefore(t, 5, 2) {
		t.Skip("socket storage: Linux 5.2")
	}
	fds := []int{-1}
	for range 4 {
		fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
		fds = append(fds, fd)
	}
	sequences(t, func(p *pair) func() {
		kernel := kernelMap[skStorage](p.t, &ebpf.MapSpec{
			Type: ebpf.SkStorage, KeySize: 4, ValueSize: 8, Flags: unix.BPF_F_NO_PREALLOC,
			Key:   &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed},
			Value: &btf.Int{Name: "unsigned long long", Size: 8},
		})
		return storages(p, kernel, typedtest.NewStorage[uint64](), fds)
	})
}

// again repeats a call that the kernel wants repeated: another map, of the sequence
// before, is just being taken off the same socket (net/core/bpf_sk_storage.c).
func again(call func() error) (err error) {
	for range 1000 {
		if err = call(); !errors.Is(err, unix.EAGAIN) {
			break
		}
		runtime.Gosched()
	}
	return err
}

// storages are the operations on local storage.
func storages(p *pair, kernel, memory typed.StorageLike[uint64], fds []int) func() {
	return func() {
		i, v := p.rng.IntN(len(fds)), p.rng.Uint64()
		fd := fds[i]
		switch n := p.rng.IntN(100); {
		case n < 35:
			f := p.flags()
			p.same(fmt.Sprintf("update %d flags %d", i, f), nil, nil, again(func() error { return kernel.Update(fd, v, f) }), memory.Update(fd, v, f))
		case n < 45:
			p.same(fmt.Sprint("put ", i), nil, nil, again(func() error { return kernel.Put(fd, v) }), memory.Put(fd, v))
		case n < 65:
			a, kerr := kernel.Lookup(fd)
			b, merr := memory.Lookup(fd)
			p.same(fmt.Sprint("lookup ", i), a, b, kerr, merr)
		case n < 75:
			var a, b uint64
			kerr, merr := kernel.LookupInto(fd, &a), memory.LookupInto(fd, &b)
			p.same(fmt.Sprint("lookup into ", i), a, b, kerr, merr)
		default:
			p.same(fmt.Sprint("delete ", i), nil, nil, kernel.Delete(fd), memory.Delete(fd))
		}
	}
}

// What memory contains the kernel contains too; the other way round there may
// be values that the kernel takes for added, but few.
func TestBloomFilterLikeTheKernel(t *testing.T) {
	needKernel(t)
	if kernelBefore(t, 5, 16) {
		t.Skip("Bloom filters: Linux 5.16")
	}
	kernel := kernelMap[filterMap](t, &ebpf.MapSpec{Type: ebpf.BloomFilter, ValueSize: 8, MaxEntries: 512})
	memory := typedtest.NewBloomFilter[testKey]()
	added := make(map[testKey]bool)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 256 {
		v := testKey{ID: rng.Uint32()}
		added[v] = true
		if err := errors.Join(kernel.Add(v), memory.Add(v)); err != nil {
			t.Fatal(err)
		}
	}
	for _, v := range slices.Collect(maps.Keys(added)) {
		a, kerr := kernel.Contains(v)
		b, merr := memory.Contains(v)
		if err := errors.Join(kerr, merr); err != nil || !a || !b {
			t.Errorf("%v: kernel %v, memory %v, %v", v, a, b, err)
		}
	}
	wrong := 0
	for range 1000 {
		v := testKey{ID: rng.Uint32(), Kind: 1}
		a, kerr := kernel.Contains(v)
		b, merr := memory.Contains(v)
		if err := errors.Join(kerr, merr); err != nil || b {
			t.Errorf("%v: memory %v, %v", v, b, err)
		}
		if a {
			wrong++
		}
	}
	if wrong > 200 {
		t.Errorf("the kernel takes %d of 1000 values for added", wrong)
	}
}
