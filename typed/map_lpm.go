package typed

import "github.com/cilium/ebpf"

// LPMTrie is a BPF_MAP_TYPE_LPM_TRIE (4.11): prefixes to V. K is the C struct:
// the length of the prefix in bits, in native byte order, then the data, the
// most significant byte first. Generated code has constructors of K from
// [netip.Prefix], see lpm.go.
//
// Lookup finds the longest prefix that covers the key, everything else the
// prefix itself. Kernels before 6.13, unless they have the fix, take no notice
// of [UpdateExist] and [UpdateNoExist], and replace nothing in a full trie. Iteration is from long prefixes to the short ones that cover
// them.
type LPMTrie[K, V any] struct {
	deleteMap[K, V]
}

func (m *LPMTrie[K, V]) bind(name string, em *ebpf.Map) error { return m.bindAs(m.shape(), name, em) }

func (m *LPMTrie[K, V]) checkSpec(name string, spec *ebpf.MapSpec) error {
	return m.shape().checkSpec(name, spec)
}

func (*LPMTrie[K, V]) shape() mapShape { return keyValueShape[K, V](ebpf.LPMTrie) }
