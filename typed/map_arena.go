package typed

import "github.com/cilium/ebpf"

// Arena is a BPF_MAP_TYPE_ARENA (Linux ≥ 6.9): MaxEntries pages that programs and user
// space share.
type Arena MapHandle

// Shape is what the type is made for.
func (*Arena) Shape() MapShape { return MapShape{Class: ClassArena} }

// Memory is the arena, mapped into the process, wherever that is: addresses
// that programs store in it are theirs. It outlives the handle.
func (m *Arena) Memory() (*ebpf.Memory, error) { return m.Handle().core().memory() }

// Handle has what all maps have in common: CloneMap, Info, Freeze, Layout.
func (m *Arena) Handle() *MapHandle { return (*MapHandle)(m) }

// Name is the C name of the map.
func (m *Arena) Name() string { return m.Handle().Name() }

// Err is why the methods do not work, nil if they do.
func (m *Arena) Err() error { return m.Handle().Err() }

// Loaded says whether there is a map, which may be closed.
func (m *Arena) Loaded() bool { return m.Handle().Loaded() }

// Map is the library's object, nil where the map was not loaded.
func (m *Arena) Map() *ebpf.Map { return m.Handle().Map() }

// Use calls f with the library's object, which no Close takes away meanwhile.
func (m *Arena) Use(f func(*ebpf.Map) error) error { return m.Handle().Use(f) }

// Pin gives the map a name in a bpf file system, which keeps it.
func (m *Arena) Pin(path string) error { return m.Handle().Pin(path) }

// Unpin removes that name. An unpinned map is no error.
func (m *Arena) Unpin() error { return m.Handle().Unpin() }

// Close closes the map in this process. Later calls return an error that wraps
// [os.ErrClosed].
func (m *Arena) Close() error { return m.Handle().Close() }

// ArrayMemory is the memory of an array, mapped into the process, if the map has
// the flag BPF_F_MMAPABLE (Linux ≥ 5.5). Values lie 8-byte aligned one after the other. It
// outlives the handle.
func ArrayMemory[K, V any](m FixedMap[K, V]) (*ebpf.Memory, error) { return mapOf(m).memory() }

// OpaqueMap is a map of a type that has no class: only what all maps have in
// common, and the library's object.
type OpaqueMap MapHandle

// Shape is what the type is made for.
func (*OpaqueMap) Shape() MapShape { return MapShape{Class: ClassOpaque} }

// Handle has what all maps have in common: CloneMap, Info, Freeze, Layout.
func (m *OpaqueMap) Handle() *MapHandle { return (*MapHandle)(m) }

// Name is the C name of the map.
func (m *OpaqueMap) Name() string { return m.Handle().Name() }

// Err is why the methods do not work, nil if they do.
func (m *OpaqueMap) Err() error { return m.Handle().Err() }

// Loaded says whether there is a map, which may be closed.
func (m *OpaqueMap) Loaded() bool { return m.Handle().Loaded() }

// Map is the library's object, nil where the map was not loaded.
func (m *OpaqueMap) Map() *ebpf.Map { return m.Handle().Map() }

// Use calls f with the library's object, which no Close takes away meanwhile.
func (m *OpaqueMap) Use(f func(*ebpf.Map) error) error { return m.Handle().Use(f) }

// Pin gives the map a name in a bpf file system, which keeps it.
func (m *OpaqueMap) Pin(path string) error { return m.Handle().Pin(path) }

// Unpin removes that name. An unpinned map is no error.
func (m *OpaqueMap) Unpin() error { return m.Handle().Unpin() }

// Close closes the map in this process. Later calls return an error that wraps
// [os.ErrClosed].
func (m *OpaqueMap) Close() error { return m.Handle().Close() }
