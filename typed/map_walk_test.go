package typed

import (
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
)

var (
	// keyWalkers are the types that are walked by key: what map_handle.go says
	// nothing of.
	keyWalkers = []ebpf.MapType{
		ebpf.LPMTrie, ebpf.DevMapHash, ebpf.SockHash, ebpf.CGroupStorage, ebpf.PerCPUCGroupStorage, ebpf.StructOpsMap,
	}
	// notWalked are the types without a map_get_next_key that finds anything.
	notWalked = []ebpf.MapType{
		ebpf.Queue, ebpf.Stack, ebpf.BloomFilter, ebpf.RingBuf, ebpf.UserRingbuf, ebpf.Arena,
		ebpf.SkStorage, ebpf.InodeStorage, ebpf.TaskStorage, ebpf.CgroupStorage,
	}
)

// Of every map type of the library one list says how it is walked.
func TestEveryMapTypeIsWalked(t *testing.T) {
	lists := [][]ebpf.MapType{arrayLikes, bucketWalkers, keyWalkers, notWalked}
	for typ := ebpf.Hash; !strings.Contains(typ.String(), "("); typ++ {
		n := 0
		for _, list := range lists {
			if slices.Contains(list, typ) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%s is in %d of the lists that say how a map is walked: arrayLikes and bucketWalkers in map_handle.go, keyWalkers and notWalked here", typ, n)
		}
	}
}
