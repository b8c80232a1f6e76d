package typedtest

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"sync"
	"syscall"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
)

// A map in memory does what bpf(2) would do with it, on bytes. All the rest,
// pages, cursors, errors, options, is package typed's, as for the kernel's maps.

// memory answers the commands on one map.
type memory struct {
	facts   bpf.MapFacts
	cpus    int
	special []span // of a value: what belongs to the kernel
	lock    bool   // one of them is a struct bpf_spin_lock

	mu    sync.Mutex
	table table
	fail  func(Call) error
}

// table is what a map type does with its elements. A value is that of all CPUs, in
// the slots that the kernel has for them. Errors are those of the kernel.
type table interface {
	// lookup returns the value itself.
	lookup(key []byte) ([]byte, error)
	// update writes a value; nil makes it zero, and returns it to be changed.
	update(key, value []byte, flags uint64) ([]byte, error)
	remove(key []byte) error
	// take is lookup and remove.
	take(key []byte) ([]byte, error)
	// next is the key after a key, the first after nil.
	next(key []byte) ([]byte, error)
}

var errNotSupported = syscall.Errno(524) // ENOTSUPP of the kernel

// kind is how a map type is made in memory.
type kind struct {
	table   func(bpf.MapFacts, int) table
	perCPU  bool
	storage bool
}

// kinds are the map types that can be made.
var kinds = map[ebpf.MapType]kind{
	ebpf.Hash:          {table: newHashTable},
	ebpf.LRUHash:       {table: newLRUTable},
	ebpf.PerCPUHash:    {table: newHashTable, perCPU: true},
	ebpf.LRUCPUHash:    {table: newLRUTable, perCPU: true},
	ebpf.Array:         {table: newArrayTable},
	ebpf.PerCPUArray:   {table: newArrayTable, perCPU: true},
	ebpf.LPMTrie:       {table: newTrieTable},
	ebpf.Queue:         {table: newQueueTable},
	ebpf.Stack:         {table: newStackTable},
	ebpf.BloomFilter:   {table: newFilterTable},
	ebpf.SkStorage:     {table: newStorageTable, storage: true},
	ebpf.InodeStorage:  {table: newStorageTable, storage: true},
	ebpf.TaskStorage:   {table: newStorageTable, storage: true},
	ebpf.CgroupStorage: {table: newStorageTable, storage: true},
}

// newMemory makes a map. cpus is for per-CPU types.
func newMemory(typ ebpf.MapType, key, value uintptr, maxEntries, cpus int) (*memory, error) {
	k, ok := kinds[typ]
	if !ok {
		return nil, fmt.Errorf("typedtest has no maps of type %s: %w", typ, ebpf.ErrNotSupported)
	}
	if !k.perCPU {
		cpus = 1
	}
	if k.storage {
		key = 4 // a descriptor
	}
	m := &memory{cpus: cpus, facts: bpf.MapFacts{
		Type: uint32(typ), KeySize: uint32(key), ValueSize: uint32(value), MaxEntries: uint32(maxEntries),
	}}
	m.table = k.table(m.facts, m.slotted())
	return m, nil
}

// bind makes h the handle of a new map. What cannot be one is a mistake in the
// test.
func bind(h typed.AnyMap, typ ebpf.MapType, o Options) {
	shape := h.Shape()
	if o.MaxEntries < 1 {
		panic("typedtest: a map has at least one entry")
	}
	if o.CPUs < 1 {
		panic("typedtest: a machine has at least one CPU")
	}
	m, err := newMemory(typ, shape.Key, shape.Value, o.MaxEntries, o.CPUs)
	if err == nil {
		m.special, m.lock = kernelFields(valueType(h))
		err = typed.BindMemoryMap(h, cmp.Or(o.Name, "typedtest"), m)
	}
	if err != nil {
		panic("typedtest: " + err.Error())
	}
}

func (m *memory) Facts() bpf.MapFacts { return m.facts }
func (m *memory) CPUs() int           { return m.cpus }

// stride is the size of the slot of one CPU's value.
func (m *memory) stride() int {
	if kinds[ebpf.MapType(m.facts.Type)].perCPU {
		return (int(m.facts.ValueSize) + 7) &^ 7
	}
	return int(m.facts.ValueSize)
}

// slotted is the size of the values of a key.
func (m *memory) slotted() int { return m.stride() * m.cpus }

// Elem does a command on one element.
func (m *memory) Elem(cmd bpf.Command, key, value []byte, flags uint64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.failing(Call{Operation: operations[cmd], Elements: 1}); err != nil {
		return err
	}
	return m.elem(cmd, key, value, flags)
}

func (m *memory) elem(cmd bpf.Command, key, value []byte, flags uint64) error {
	if err := m.checkFlags(flags, elemFlags[cmd]); err != nil {
		return err
	}
	switch cmd {
	case bpf.MapLookupElem:
		if ebpf.MapType(m.facts.Type) == ebpf.BloomFilter {
			key = value // the filter is asked for a value
		}
		return m.read(m.table.lookup, key, value, flags)
	case bpf.MapLookupAndDeleteElem:
		return m.read(m.table.take, key, value, flags)
	case bpf.MapUpdateElem:
		return m.write(key, value, flags)
	case bpf.MapDeleteElem:
		return m.table.remove(key)
	case bpf.MapGetNextKey:
		next, err := m.table.next(key)
		copy(value, next)
		return err
	default: // nothing to say of the others
	}
	return syscall.EINVAL
}

// read copies what find finds, or one CPU's part of it.
func (m *memory) read(find func([]byte) ([]byte, error), key, value []byte, flags uint64) error {
	found, err := find(key)
	if err != nil {
		return err
	}
	copy(value, m.part(found, flags))
	return nil
}

// write writes all of a value, or the part of one CPU or of each.
func (m *memory) write(key, value []byte, flags uint64) error {
	value = m.withoutKernelFields(value)
	each := flags & (bpf.FlagCPU | bpf.FlagAllCPUs)
	plain := flags & 0xffffffff &^ (bpf.FlagCPU | bpf.FlagAllCPUs | bpf.FlagLock)
	if each == 0 {
		_, err := m.table.update(key, value, plain)
		return err
	}
	slots, err := m.table.update(key, nil, plain)
	if err != nil {
		return err
	}
	if each == bpf.FlagCPU {
		copy(m.part(slots, flags), value)
		return nil
	}
	for cpu := range m.cpus {
		copy(slots[cpu*m.stride():], value)
	}
	return nil
}

// part is the value of the CPU that the flags name, or all of it.
func (m *memory) part(slots []byte, flags uint64) []byte {
	if flags&bpf.FlagCPU == 0 {
		return slots
	}
	return slots[int(flags>>32)*m.stride():][:m.facts.ValueSize]
}

// elemFlags and batchFlags are the flags that commands may have. An update looks at
// those that have nothing to do with CPUs and locks itself.
var (
	elemFlags = map[bpf.Command]uint32{
		bpf.MapLookupElem: bpf.FlagLock | bpf.FlagCPU, bpf.MapLookupAndDeleteElem: bpf.FlagLock, bpf.MapUpdateElem: 1<<32 - 1,
	}
	batchFlags = map[bpf.Command]uint32{
		bpf.MapLookupBatch: bpf.FlagLock | bpf.FlagCPU, bpf.MapLookupAndDelBatch: bpf.FlagLock | bpf.FlagCPU,
		bpf.MapUpdateBatch: bpf.FlagLock | bpf.FlagCPU | bpf.FlagAllCPUs, bpf.MapDeleteBatch: bpf.FlagLock,
	}
)

// checkFlags refuses flags of others, a lock where there is none, and CPUs where
// there are none (bpf_map_check_op_flags, include/linux/bpf.h).
func (m *memory) checkFlags(flags uint64, allowed uint32) error {
	named := flags & (bpf.FlagCPU | bpf.FlagAllCPUs)
	switch {
	case uint32(flags)&^allowed != 0 || flags&bpf.FlagLock != 0 && !m.lock:
		return syscall.EINVAL
	case flags&bpf.FlagCPU == 0 && flags>>32 != 0:
		return syscall.EINVAL
	case named != 0 && !kinds[ebpf.MapType(m.facts.Type)].perCPU || named == bpf.FlagCPU|bpf.FlagAllCPUs:
		return syscall.EINVAL
	case named == bpf.FlagCPU && flags>>32 >= uint64(m.cpus):
		return syscall.ERANGE
	}
	return nil
}

// Batch does a command on many elements.
func (m *memory) Batch(cmd bpf.Command, in, out, keys, values []byte, count int, flags uint64) (int, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.failing(Call{Operation: operations[cmd], Elements: count}); err != nil {
		return 0, err
	}
	if err := m.checkFlags(flags, batchFlags[cmd]); err != nil {
		return 0, err // package typed tries the elements one by one then
	}
	b := batch{m, keys, values, count, flags}
	hashes, isHash := m.table.(*hashTable)
	_, isKeyed := m.table.(keyed)
	switch {
	case !isKeyed:
		return 0, errNotSupported
	case cmd == bpf.MapUpdateBatch:
		return b.each(func(key, value []byte) error { return m.elem(bpf.MapUpdateElem, key, value, flags) })
	case cmd == bpf.MapDeleteBatch:
		return b.each(func(key, _ []byte) error { return m.table.remove(key) })
	case isHash:
		return b.buckets(hashes, in, out, cmd == bpf.MapLookupAndDelBatch)
	case cmd == bpf.MapLookupBatch:
		return b.keyByKey(in, out)
	}
	return 0, errNotSupported
}

// keyed are the tables that have batches.
type keyed interface{ keyed() }

// batch is the memory of a batch.
type batch struct {
	m            *memory
	keys, values []byte
	count        int
	flags        uint64
}

func (b batch) key(i int) []byte {
	size := int(b.m.facts.KeySize)
	return b.keys[i*size : (i+1)*size]
}

func (b batch) value(i int) []byte {
	if b.values == nil {
		return nil
	}
	size := b.m.slotted()
	if b.flags&(bpf.FlagCPU|bpf.FlagAllCPUs) != 0 {
		size = int(b.m.facts.ValueSize)
	}
	return b.values[i*size : (i+1)*size]
}

// each does something up to the first error (generic_map_update_batch).
func (b batch) each(do func(key, value []byte) error) (int, error) {
	for i := range b.count {
		if err := do(b.key(i), b.value(i)); err != nil {
			return i, err
		}
	}
	return b.count, nil
}

// keyByKey reads the next elements; the cursor is the last key
// (generic_map_lookup_batch).
func (b batch) keyByKey(in, out []byte) (int, error) {
	at, n := in, 0
	var err error
	for n < b.count {
		var next []byte
		if next, err = b.m.table.next(at); err != nil {
			break
		}
		at = next
		if err := b.m.elem(bpf.MapLookupElem, next, b.value(n), b.flags); err != nil {
			return n, err
		}
		copy(b.key(n), next)
		n++
	}
	if n > 0 {
		copy(out, at)
	}
	return n, err
}

// buckets reads whole buckets; the cursor is the number of the next
// (__htab_map_lookup_and_delete_batch).
func (b batch) buckets(t *hashTable, in, out []byte, remove bool) (int, error) {
	at, n := 0, 0
	if in != nil {
		at = int(binary.NativeEndian.Uint32(in))
	}
	for ; at < len(t.buckets); at++ {
		bucket := t.buckets[at]
		if n+len(bucket) > b.count {
			if n == 0 {
				binary.NativeEndian.PutUint32(out, uint32(at))
				return 0, syscall.ENOSPC
			}
			break
		}
		for _, e := range bucket {
			copy(b.key(n), e.key)
			copy(b.value(n), b.m.part(e.value, b.flags))
			n++
		}
		if remove {
			t.n -= len(bucket)
			t.buckets[at] = nil
		}
	}
	binary.NativeEndian.PutUint32(out, uint32(at))
	if at == len(t.buckets) {
		return n, syscall.ENOENT
	}
	return n, nil
}
