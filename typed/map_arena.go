package typed

import "github.com/cilium/ebpf"

// Arena is a BPF_MAP_TYPE_ARENA (6.9): MaxEntries pages that programs and user
// space share.
type Arena struct{ MapHandle }

// Shape is what the type is made for.
func (*Arena) Shape() MapShape { return MapShape{Class: ClassArena} }

// Memory is the arena, mapped into the process, wherever that is: addresses
// that programs store in it are theirs. It outlives the handle.
func (m *Arena) Memory() (*ebpf.Memory, error) { return m.c.memory() }

// ArrayMemory is the memory of an array, mapped into the process, if the map has
// the flag BPF_F_MMAPABLE (5.5). Values lie 8-byte aligned one after the other. It
// outlives the handle.
func ArrayMemory[K, V any](m FixedMap[K, V]) (*ebpf.Memory, error) { return m.handle().c.memory() }

// OpaqueMap is a map of a type that has no class: only what all maps have in
// common, and the library's object.
type OpaqueMap struct{ MapHandle }

// Shape is what the type is made for.
func (*OpaqueMap) Shape() MapShape { return MapShape{Class: ClassOpaque} }
