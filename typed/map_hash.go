package typed

import "github.com/cilium/ebpf"

// HashMap is a BPF_MAP_TYPE_HASH or BPF_MAP_TYPE_LRU_HASH (3.19, 4.10): K to V,
// the least recently used entries making room in the latter.
type HashMap[K, V any] struct {
	deleteMap[K, V]
}

func (m *HashMap[K, V]) bind(name string, em *ebpf.Map) error { return m.bindAs(m.shape(), name, em) }

func (m *HashMap[K, V]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*HashMap[K, V]) shape() mapShape { return keyValueShape[K, V](ebpf.Hash, ebpf.LRUHash) }

// LookupAndDelete removes a key and returns its value, in one step for others.
// Linux 5.14.
func (m *HashMap[K, V]) LookupAndDelete(key K) (V, error) {
	var value V
	err := takeElem(&m.boundMap, &key, &value, 0)
	return value, err
}

// LookupAndDeleteWithFlags is LookupAndDelete into the caller's memory, with
// flags: [LookupLock] reads the value under its spin lock.
func (m *HashMap[K, V]) LookupAndDeleteWithFlags(key K, value *V, flags LookupFlags) error {
	return takeElem(&m.boundMap, &key, value, flags)
}

// BatchLookupAndDelete is BatchLookup that removes what it reads.
func (m *HashMap[K, V]) BatchLookupAndDelete(c *Cursor, keys []K, values []V) (int, error) {
	return batchLookup(&m.boundMap, bpfMapLookupAndDelBatch, c, keys, values)
}
