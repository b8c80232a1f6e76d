package typed_test

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"

	mapsall "github.com/bpfgen/bpfgen/golden/maps-all"
	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/typedtest"
	"github.com/cilium/ebpf"
)

// Examples of the classes of maps that can be had in memory: what they print they
// print without a kernel, too. In a program, the maps are bpf.Maps.Flows and so on,
// of what Load of generated code returned.

func ExampleHash() {
	flows := typedtest.New[mapsall.MapsAllHashMap](&typedtest.Options{MaxEntries: 8})
	key := mapsall.MapsAllKey{Id: 1}
	if err := flows.Put(key, mapsall.MapsAllValue{Count: 3}); err != nil {
		fmt.Println(err)
	}
	fmt.Println(errors.Is(flows.Update(key, mapsall.MapsAllValue{}, typed.UpdateNoExist), ebpf.ErrKeyExist))
	value, err := flows.LookupAndDelete(key)
	fmt.Println(value.Count, err)
	_, err = flows.Lookup(key)
	fmt.Println(errors.Is(err, ebpf.ErrKeyNotExist))
	// Output:
	// true
	// 3 <nil>
	// true
}

// Loops read many entries at a time. What ended them early comes out afterwards.
func ExampleMapReader() {
	flows := typedtest.New[mapsall.MapsAllHashMap](&typedtest.Options{MaxEntries: 8})
	for id := range uint32(3) {
		if err := flows.Put(mapsall.MapsAllKey{Id: id}, mapsall.MapsAllValue{Count: uint64(id)}); err != nil {
			fmt.Println(err)
		}
	}
	sum := uint64(0)
	entries, errf := flows.All()
	for _, value := range entries {
		sum += value.Count
	}
	fmt.Println(sum, errf())
	// Output: 3 <nil>
}

func ExampleMap() {
	flows := typedtest.New[mapsall.MapsAllHashMap](&typedtest.Options{MaxEntries: 8})
	for id := range uint32(4) {
		if err := flows.Put(mapsall.MapsAllKey{Id: id}, mapsall.MapsAllValue{Last: id}); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(flows.DeleteFunc(func(_ mapsall.MapsAllKey, value *mapsall.MapsAllValue) bool { return value.Last < 2 }))
	var left []uint32
	entries, errf := flows.Drain() // the map is empty afterwards
	for key := range entries {
		left = append(left, key.Id)
	}
	slices.Sort(left)
	fmt.Println(left, errf())
	// Output:
	// 2 <nil>
	// [2 3] <nil>
}

// The key of a trie comes from a prefix; a lookup finds the longest that covers the
// address.
func ExampleMap_lpmTrie() {
	routes := typedtest.New[mapsall.MapsAllLpmTrieMap](&typedtest.Options{MaxEntries: 8})
	for i, prefix := range []string{"10.0.0.0/8", "10.1.0.0/16"} {
		key, err := mapsall.NewMapsAllLpmTrieKey(netip.MustParsePrefix(prefix))
		if err == nil {
			err = routes.Put(key, mapsall.MapsAllValue{Count: uint64(i)})
		}
		if err != nil {
			fmt.Println(err)
		}
	}
	address, err := mapsall.NewMapsAllLpmTrieKey(netip.MustParsePrefix("10.1.2.3/32"))
	if err != nil {
		fmt.Println(err)
	}
	value, err := routes.Lookup(address)
	fmt.Println(value.Count, err)
	// Output: 1 <nil>
}

func ExampleFixedMap() {
	array := typedtest.New[mapsall.MapsAllArrayMap](&typedtest.Options{MaxEntries: 2})
	err := array.Put(1, mapsall.MapsAllValue{Count: 5})
	fmt.Println(err)
	entries, errf := array.All() // every index has a value
	for index, value := range entries {
		fmt.Println(index, value.Count)
	}
	fmt.Println(errf())
	// Output:
	// <nil>
	// 0 0
	// 1 5
	// <nil>
}

// A per-CPU map has a value on each possible CPU.
func ExamplePerCPUMap() {
	flows := typedtest.New[mapsall.MapsAllPercpuHashMap](&typedtest.Options{MaxEntries: 8, CPUs: 2})
	key := mapsall.MapsAllKey{Id: 1}
	if err := flows.Put(key, []mapsall.MapsAllValue{{Count: 1}, {Count: 2}}); err != nil {
		fmt.Println(err)
	}
	var reader typed.PerCPUReader[mapsall.MapsAllKey, mapsall.MapsAllValue] = flows // all that code may need
	values, err := reader.Lookup(key)
	count := typed.SumOf(values, func(v *mapsall.MapsAllValue) uint64 { return v.Count })
	fmt.Println(len(values), count, err)
	// Output: 2 3 <nil>
}

func ExampleFixedPerCPUMap() {
	array := typedtest.New[mapsall.MapsAllPercpuArrayMap](&typedtest.Options{MaxEntries: 2, CPUs: 4})
	if err := array.PutEach(0, mapsall.MapsAllValue{Count: 1}); err != nil {
		fmt.Println(err)
	}
	values := make([]mapsall.MapsAllValue, array.CPUs()) // to be used again and again
	err := array.LookupInto(0, values)
	total := typed.Merge(values, func(sum, cpu *mapsall.MapsAllValue) { sum.Count += cpu.Count })
	fmt.Println(total.Count, err)
	// Output: 4 <nil>
}

func ExampleQueueLike() {
	queue := typedtest.New[mapsall.MapsAllQueueMap](&typedtest.Options{MaxEntries: 2})
	for i := range uint64(2) {
		if err := queue.Push(mapsall.MapsAllValue{Count: i}); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println(errors.Is(queue.Push(mapsall.MapsAllValue{}), typed.ErrMapFull))
	first, err := queue.Pop()
	fmt.Println(first.Count, err)
	// Output:
	// true
	// 0 <nil>
}

func ExampleQueueLike_stack() {
	stack := typedtest.New[mapsall.MapsAllStackMap](&typedtest.Options{MaxEntries: 2})
	for i := range uint64(2) {
		if err := stack.Push(mapsall.MapsAllValue{Count: i}); err != nil {
			fmt.Println(err)
		}
	}
	values, errf := stack.Drain()
	for value := range values {
		fmt.Println(value.Count)
	}
	fmt.Println(errf())
	// Output:
	// 1
	// 0
	// <nil>
}

func ExampleFilterLike() {
	filter := typedtest.New[mapsall.MapsAllBloomFilterMap](nil)
	if err := filter.Add(mapsall.MapsAllValue{Count: 1}); err != nil {
		fmt.Println(err)
	}
	fmt.Println(filter.Contains(mapsall.MapsAllValue{Count: 1}))
	fmt.Println(filter.Contains(mapsall.MapsAllValue{Count: 2})) // false is certain
	// Output:
	// true <nil>
	// false <nil>
}

// Storage of sockets, inodes, tasks and cgroups is found by a descriptor of the
// object: of a socket, a file, a pidfd ([typed.OpenPID]), a directory.
func ExampleStorageLike() {
	storage := typedtest.New[mapsall.MapsAllTaskStorageMap](nil)
	const pidfd = 7
	if err := storage.Put(pidfd, mapsall.MapsAllValue{Count: 1}); err != nil {
		fmt.Println(err)
	}
	value, err := storage.Lookup(pidfd)
	fmt.Println(value.Count, err)
	// Output: 1 <nil>
}

// Batches are functions: they cost where they are called.
func ExampleBatchUpdate() {
	flows := typedtest.New[mapsall.MapsAllHashMap](&typedtest.Options{MaxEntries: 8})
	keys := []mapsall.MapsAllKey{{Id: 1}, {Id: 2}}
	n, err := typed.BatchUpdate(flows, keys, make([]mapsall.MapsAllValue, 2), &typed.WriteOptions{Flags: typed.UpdateNoExist})
	fmt.Println(n, err)
	n, err = typed.BatchDelete(flows, keys)
	fmt.Println(n, err)
	// Output:
	// 2 <nil>
	// 2 <nil>
}

// A cursor goes over a map in pieces.
func ExampleCursor() {
	array := typedtest.New[mapsall.MapsAllArrayMap](&typedtest.Options{MaxEntries: 5})
	var at typed.Cursor
	keys, values := make([]uint32, 2), make([]mapsall.MapsAllValue, 2)
	for !at.Done() {
		n, err := typed.BatchLookup(array, &at, keys, values, nil)
		if err != nil {
			fmt.Println(err)
			break
		}
		fmt.Println(keys[:n])
	}
	// Output:
	// [0 1]
	// [2 3]
	// [4]
}
