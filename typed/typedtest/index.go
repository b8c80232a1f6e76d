package typedtest

import (
	"encoding/binary"
	"fmt"
	"reflect"
	"sync"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/ctypes"
)

// Arrays have indices of four bytes, of any Go type.

// checkIndex panics if K is not the key type of an array.
func checkIndex[K any](maxEntries int) {
	if t := reflect.TypeFor[K](); t.Size() != 4 {
		panic(fmt.Sprintf("typedtest: an array has keys of 4 bytes, %v has %d", t, t.Size()))
	}
	if maxEntries < 1 {
		panic("typedtest: a map has at least one entry")
	}
}

func indexOf[K any](key K, n int) (i uint32, ok bool) {
	i = binary.NativeEndian.Uint32(bytesOf(key))
	return i, uint64(i) < uint64(n)
}

func keyOf[K any](i int) K {
	return ctypes.Load[K](binary.NativeEndian.AppendUint32(nil, uint32(i)))
}

// writeIndex is the index to write to, in the order of checks of the kernel
// (kernel/bpf/arraymap.c, array_map_update_elem).
func writeIndex[K any](key K, n int, flags typed.UpdateFlags) (uint32, error) {
	i, ok := indexOf(key, n)
	switch {
	case flags > typed.UpdateExist:
		return 0, errFlags
	case !ok:
		return 0, errOutOfRange
	case flags == typed.UpdateNoExist:
		return 0, errExist
	}
	return i, nil
}

// mutex is one that is locked and unlocked in a single statement.
type mutex struct{ sync.Mutex }

func (m *mutex) lock() (unlock func()) {
	m.Lock()
	return m.Unlock
}
