//go:build linux

package typedtest_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/typedtest"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"golang.org/x/sys/unix"
)

// The functions with options on a map of the kernel and on one in memory: what the
// kernel refuses, of flags, CPUs and numbers of elements, is refused in memory.

// readOptions are all flags that reading has, one that it has not, and the CPUs
// that there are, one that there is not and all.
func (p *pair) readOptions(cpus bool) *typed.ReadOptions {
	flags := []typed.LookupFlags{0, 0, typed.LookupLock, 1, 2, 1 << 6}
	o := &typed.ReadOptions{Flags: flags[p.rng.IntN(len(flags))]}
	if cpus {
		o.CPU = p.someCPU()
	}
	return o
}

func (p *pair) writeOptions(cpus bool) *typed.WriteOptions {
	flags := []typed.UpdateFlags{0, 0, 1, 2, typed.UpdateLock, typed.UpdateLock | 1, typed.UpdateLock | 2, 1 << 6}
	o := &typed.WriteOptions{Flags: flags[p.rng.IntN(len(flags))]}
	if cpus {
		o.CPU = p.someCPU()
	}
	return o
}

// someCPU is no CPU where the kernel has no flags for them.
func (p *pair) someCPU() typed.CPUs {
	all := []typed.CPUs{{}, {}, typed.OneCPU(0), typed.OneCPU(1), typed.OneCPU(1 << 20), typed.OneCPU(-1), typed.EveryCPU()}
	return all[p.rng.IntN(len(all))]
}

// withOptions are the functions with options on maps with one value for each key.
func withOptions[K any](p *pair, kernel, memory typed.FixedMap[K, testValue], cpus bool, key func() K) func() {
	keys := func() []K {
		keys := make([]K, p.rng.IntN(4))
		for i := range keys {
			keys[i] = key()
		}
		return keys
	}
	return func() {
		k, v := key(), p.value()
		r, w := p.readOptions(cpus), p.writeOptions(cpus)
		switch p.rng.IntN(6) {
		case 0:
			var a, b testValue
			kerr, merr := typed.LookupWith(kernel, k, &a, r), typed.LookupWith(memory, k, &b, r)
			p.same(fmt.Sprintf("lookup %+v %+v", k, *r), a, b, kerr, merr)
		case 1, 2:
			p.same(fmt.Sprintf("update %+v %+v", k, *w), nil, nil, typed.UpdateWith(kernel, k, v, w), typed.UpdateWith(memory, k, v, w))
		case 3:
			a, kerr := entries(typed.AllWith(kernel, r))
			b, merr := entries(typed.AllWith(memory, r))
			p.same(fmt.Sprintf("all %+v", *r), a, b, kerr, merr)
		case 4:
			ks := keys()
			vs := make([]testValue, len(ks)+p.rng.IntN(8)/7)
			a, kerr := typed.BatchUpdate(kernel, ks, vs, w)
			b, merr := typed.BatchUpdate(memory, ks, vs, w)
			p.same(fmt.Sprintf("batch update %+v %d %+v", ks, len(vs), *w), a, b, kerr, merr)
		case 5:
			a, kerr := allBatches(kernel, r)
			b, merr := allBatches(memory, r)
			p.same(fmt.Sprintf("batches %+v", *r), a, b, kerr, merr)
		}
	}
}

// allBatches are the entries of batches that each have room for all.
func allBatches[K any](m typed.MapReader[K, testValue], opts *typed.ReadOptions) ([]string, error) {
	var c typed.Cursor
	all := []string{}
	keys, values := make([]K, 64), make([]testValue, 64)
	for !c.Done() {
		n, err := typed.BatchLookup(m, &c, keys, values, opts)
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

// deletingWithOptions are those on maps whose elements can be removed.
func deletingWithOptions[K any](p *pair, kernel, memory typed.Map[K, testValue], cpus bool, key func() K) func() {
	common := withOptions(p, kernel, memory, cpus, key)
	third := func(_ K, v *testValue) bool { return v.A%3 == 0 }
	return func() {
		r := p.readOptions(cpus)
		switch p.rng.IntN(12) {
		case 0:
			a, kerr := entries(typed.DrainWith(kernel, r))
			b, merr := entries(typed.DrainWith(memory, r))
			p.same(fmt.Sprintf("drain %+v", *r), a, b, kerr, merr)
		case 1:
			a, kerr := typed.DeleteFuncWith(kernel, r, third)
			b, merr := typed.DeleteFuncWith(memory, r, third)
			p.same(fmt.Sprintf("delete func %+v", *r), a, b, kerr, merr)
		case 2:
			a, kerr := takeAll(kernel, r)
			b, merr := takeAll(memory, r)
			p.same(fmt.Sprintf("batches that take %+v", *r), a, b, kerr, merr)
		default:
			common()
		}
	}
}

func takeAll[K any](m typed.Map[K, testValue], opts *typed.ReadOptions) ([]string, error) {
	var c typed.Cursor
	all := []string{}
	keys, values := make([]K, 64), make([]testValue, 64)
	for !c.Done() {
		n, err := typed.BatchLookupAndDelete(m, &c, keys, values, opts)
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

func TestHashWithOptionsLikeTheKernel(t *testing.T) {
	for name, maxEntries := range map[string]uint32{"hash": 16, "lru": 1 << 14} {
		t.Run(name, func(t *testing.T) {
			someSequences(t, 4, 200, func(p *pair) func() {
				spec := &ebpf.MapSpec{Type: ebpf.Hash, KeySize: 8, ValueSize: 24, MaxEntries: maxEntries}
				memory := typedtest.NewHash[testKey, testValue](int(maxEntries))
				if name == "lru" {
					spec.Type, memory = ebpf.LRUHash, typedtest.NewLRUHash[testKey, testValue](int(maxEntries))
				}
				kernel := kernelMap[hashMap](p.t, spec)
				cpus := !kernelBefore(p.t, 7, 0)
				common := deletingWithOptions(p, kernel, memory, cpus, p.key)
				return func() {
					if kernelBefore(p.t, 5, 14) || p.rng.IntN(10) > 0 {
						common()
						return
					}
					var a, b testValue
					k, r := p.key(), p.readOptions(cpus)
					kerr, merr := typed.LookupAndDeleteWith(kernel, k, &a, r), typed.LookupAndDeleteWith(memory, k, &b, r)
					p.same(fmt.Sprintf("lookup and delete %+v %+v", k, *r), a, b, kerr, merr)
				}
			})
		})
	}
}

func TestArrayWithOptionsLikeTheKernel(t *testing.T) {
	someSequences(t, 4, 200, func(p *pair) func() {
		kernel := kernelMap[arrayMap](p.t, &ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 24, MaxEntries: 8})
		memory := typedtest.NewArray[uint32, testValue](8)
		return withOptions(p, kernel, memory, !kernelBefore(p.t, 7, 0), func() uint32 { return p.rng.Uint32N(10) })
	})
}

func TestLPMTrieWithOptionsLikeTheKernel(t *testing.T) {
	needKernel(t)
	if !trieTakesFlags(t) {
		t.Skip("flags of updates of tries: Linux 6.13")
	}
	someSequences(t, 4, 200, func(p *pair) func() {
		kernel := kernelMap[trieMap](p.t, &ebpf.MapSpec{
			Type: ebpf.LPMTrie, KeySize: 8, ValueSize: 24, MaxEntries: 24, Flags: unix.BPF_F_NO_PREALLOC,
		})
		key := func() prefix {
			return prefix{Len: p.rng.Uint32N(26), Data: [3]uint8{uint8(p.rng.UintN(2)) << 7, 0, uint8(p.rng.UintN(4)) << 3}}
		}
		return deletingWithOptions(p, kernel, typedtest.NewLPMTrie[prefix, testValue](24), !kernelBefore(p.t, 7, 0), key)
	})
}

// perCPUWithOptions are the functions with options on maps with a value for each CPU.
func perCPUWithOptions[K any](p *pair, kernel, memory typed.FixedPerCPUMap[K, uint32], cpus int, key func() K) func() {
	named := !kernelBefore(p.t, 7, 0)
	return func() {
		k := key()
		r, w := p.readOptions(named), p.writeOptions(named)
		n := []int{cpus, cpus, 1, 1, 0, cpus + 1}[p.rng.IntN(6)]
		values := make([]uint32, n)
		for i := range values {
			values[i] = p.rng.Uint32()
		}
		a, b := make([]uint32, n), make([]uint32, n)
		switch p.rng.IntN(6) {
		case 0:
			kerr, merr := typed.PerCPULookupWith(kernel, k, a, r), typed.PerCPULookupWith(memory, k, b, r)
			p.same(fmt.Sprintf("lookup %+v %d %+v", k, n, *r), a, b, kerr, merr)
		case 1, 2:
			kerr, merr := typed.PerCPUUpdateWith(kernel, k, values, w), typed.PerCPUUpdateWith(memory, k, values, w)
			p.same(fmt.Sprintf("update %+v %d %+v", k, n, *w), nil, nil, kerr, merr)
		case 3:
			a, kerr := entries(typed.PerCPUAllWith(kernel, r))
			b, merr := entries(typed.PerCPUAllWith(memory, r))
			p.same(fmt.Sprintf("all %+v", *r), a, b, kerr, merr)
		case 4:
			keys := []K{k, key()}
			values := slices.Concat(values, values)
			a, kerr := typed.PerCPUBatchUpdate(kernel, keys, values, w)
			b, merr := typed.PerCPUBatchUpdate(memory, keys, values, w)
			p.same(fmt.Sprintf("batch update %+v %d %+v", keys, len(values), *w), a, b, kerr, merr)
		case 5:
			each := 1
			if r.CPU == (typed.CPUs{}) {
				each = cpus
			}
			a, kerr := perCPUBatches(kernel, r, each)
			b, merr := perCPUBatches(memory, r, each)
			p.same(fmt.Sprintf("batches %+v", *r), a, b, kerr, merr)
		}
	}
}

func perCPUBatches[K any](m typed.PerCPUReader[K, uint32], opts *typed.ReadOptions, each int) ([]string, error) {
	var c typed.Cursor
	all := []string{}
	keys, values := make([]K, 64), make([]uint32, 64*each)
	for !c.Done() {
		n, err := typed.PerCPUBatchLookup(m, &c, keys, values, opts)
		if err != nil {
			return nil, err
		}
		for i := range n {
			all = append(all, fmt.Sprintf("%+v: %+v", keys[i], values[i*each:(i+1)*each]))
		}
	}
	slices.Sort(all)
	return all, nil
}

func TestPerCPUArrayWithOptionsLikeTheKernel(t *testing.T) {
	cpus := ebpf.MustPossibleCPU()
	someSequences(t, 4, 200, func(p *pair) func() {
		kernel := kernelMap[cpuArray](p.t, &ebpf.MapSpec{Type: ebpf.PerCPUArray, KeySize: 4, ValueSize: 4, MaxEntries: 4})
		memory := typedtest.NewPerCPUArray[uint32, uint32](4, cpus)
		return perCPUWithOptions(p, kernel, memory, cpus, func() uint32 { return p.rng.Uint32N(5) })
	})
}

func TestPerCPUHashWithOptionsLikeTheKernel(t *testing.T) {
	cpus := ebpf.MustPossibleCPU()
	someSequences(t, 4, 200, func(p *pair) func() {
		kernel := kernelMap[cpuHash](p.t, &ebpf.MapSpec{Type: ebpf.PerCPUHash, KeySize: 8, ValueSize: 4, MaxEntries: 16})
		memory := typedtest.NewPerCPUHash[testKey, uint32](16, cpus)
		common := perCPUWithOptions(p, kernel, memory, cpus, p.key)
		return func() {
			if p.rng.IntN(8) > 0 {
				common()
				return
			}
			r := p.readOptions(!kernelBefore(p.t, 7, 0))
			each := 1
			if r.CPU == (typed.CPUs{}) {
				each = cpus
			}
			a, kerr := perCPUTakes(kernel, r, each)
			b, merr := perCPUTakes(memory, r, each)
			p.same(fmt.Sprintf("batches that take %+v", *r), a, b, kerr, merr)
		}
	})
}

func perCPUTakes(m typed.PerCPUMap[testKey, uint32], opts *typed.ReadOptions, each int) ([]string, error) {
	var c typed.Cursor
	all := []string{}
	keys, values := make([]testKey, 64), make([]uint32, 64*each)
	for !c.Done() {
		n, err := typed.PerCPUBatchLookupAndDelete(m, &c, keys, values, opts)
		if err != nil {
			return nil, err
		}
		for i := range n {
			all = append(all, fmt.Sprintf("%+v: %+v", keys[i], values[i*each:(i+1)*each]))
		}
	}
	slices.Sort(all)
	return all, nil
}

func TestStorageWithOptionsLikeTheKernel(t *testing.T) {
	needKernel(t)
	if kernelBefore(t, 5, 2) {
		t.Skip("socket storage: Linux 5.2")
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	someSequences(t, 4, 200, func(p *pair) func() {
		kernel := kernelMap[skStorage](p.t, &ebpf.MapSpec{
			Type: ebpf.SkStorage, KeySize: 4, ValueSize: 8, Flags: unix.BPF_F_NO_PREALLOC,
			Key:   &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed},
			Value: &btf.Int{Name: "unsigned long long", Size: 8},
		})
		memory := typedtest.NewStorage[uint64]()
		return func() {
			fd := []int{fd, -1}[p.rng.IntN(8)/7]
			var a, b uint64
			switch r, w := p.readOptions(!kernelBefore(p.t, 7, 0)), p.writeOptions(false); p.rng.IntN(3) {
			case 0:
				kerr, merr := typed.StorageLookupWith(kernel, fd, &a, r), typed.StorageLookupWith(memory, fd, &b, r)
				p.same(fmt.Sprintf("lookup %+v", *r), a, b, kerr, merr)
			case 1:
				v := p.rng.Uint64()
				kerr := again(func() error { return kernel.Update(fd, v, w.Flags) })
				p.same(fmt.Sprintf("update %+v", w.Flags), nil, nil, kerr, memory.Update(fd, v, w.Flags))
			case 2:
				p.same("delete", nil, nil, kernel.Delete(fd), memory.Delete(fd))
			}
		}
	})
}
