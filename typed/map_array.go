package typed

import "github.com/cilium/ebpf"

// ArrayMap is a BPF_MAP_TYPE_ARRAY (3.19): every K below MaxEntries has a V,
// zero at first. K is a type of 4 bytes, mostly uint32. Nothing can be deleted.
type ArrayMap[K, V any] struct {
	writeMap[K, V]
}

func (m *ArrayMap[K, V]) bind(name string, em *ebpf.Map) error { return m.bindAs(m.shape(), name, em) }

func (m *ArrayMap[K, V]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*ArrayMap[K, V]) shape() mapShape { return keyValueShape[K, V](ebpf.Array) }

// Memory is the map's memory, mapped into the process, if the map has the flag
// BPF_F_MMAPABLE (5.5). Values lie 8-byte aligned one after the other.
func (m *ArrayMap[K, V]) Memory() (*ebpf.Memory, error) { return m.memory() }

// Arena is a BPF_MAP_TYPE_ARENA (6.9): MaxEntries pages that programs and user
// space share.
type Arena struct {
	boundMap
}

func (m *Arena) bind(name string, em *ebpf.Map) error { return m.bindAs(arenaShape, name, em) }

func (m *Arena) checkSpec(name string, spec *ebpf.MapSpec) error {
	return arenaShape.checkSpec(name, spec)
}

var arenaShape = mapShape{types: []ebpf.MapType{ebpf.Arena}, key: anySize}

// Memory is the arena, mapped into the process, wherever that is: addresses
// that programs store in it are theirs.
func (m *Arena) Memory() (*ebpf.Memory, error) { return m.memory() }

func (b *boundMap) memory() (*ebpf.Memory, error) {
	if _, err := b.ready(); err != nil {
		return nil, err
	}
	return b.Map.Memory()
}
