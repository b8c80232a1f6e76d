package typed

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"
)

// Operations on one element: the border between Go types and the kernel. The
// generic functions turn *K and *V into the pointers that the methods of
// boundMap take; nothing else in the classes touches package unsafe. That the
// sizes behind the pointers are right is what ready stands for.

// lookupElem reads the value of a key.
func lookupElem[K, V any](b *boundMap, key *K, value *V, flags LookupFlags) error {
	return b.elem("lookup", bpfMapLookupElem, unsafe.Pointer(key), unsafe.Pointer(value), uint64(flags))
}

// takeElem reads and removes.
func takeElem[K, V any](b *boundMap, key *K, value *V, flags LookupFlags) error {
	return b.elem("lookup and delete", bpfMapLookupAndDeleteElem, unsafe.Pointer(key), unsafe.Pointer(value), uint64(flags))
}

// updateElem writes the value of a key.
func updateElem[K, V any](b *boundMap, key *K, value *V, flags UpdateFlags) error {
	return b.elem("update", bpfMapUpdateElem, unsafe.Pointer(key), unsafe.Pointer(value), uint64(flags))
}

// deleteElem removes a key.
func deleteElem[K any](b *boundMap, key *K) error {
	return b.elem("delete", bpfMapDeleteElem, unsafe.Pointer(key), nil, 0)
}

// pushValue, peekValue and popValue are for maps without keys.
func pushValue[V any](b *boundMap, value *V, flags UpdateFlags) error {
	return b.elem("push", bpfMapUpdateElem, nil, unsafe.Pointer(value), uint64(flags))
}

func peekValue[V any](b *boundMap, value *V) error {
	return b.elem("peek", bpfMapLookupElem, nil, unsafe.Pointer(value), 0)
}

func popValue[V any](b *boundMap, value *V) error {
	return b.elem("pop", bpfMapLookupAndDeleteElem, nil, unsafe.Pointer(value), 0)
}

// elem does a command on one element.
func (b *boundMap) elem(op string, cmd bpfCommand, key, value unsafe.Pointer, flags uint64) error {
	fd, err := b.ready()
	if err != nil {
		return err
	}
	errno := bpfElem(cmd, fd, key, value, flags)
	runtime.KeepAlive(b.checked)
	return b.fail(op, errno)
}

// elemFound is elem for loops that go on where there is no such key.
func (b *boundMap) elemFound(op string, cmd bpfCommand, key, value unsafe.Pointer, flags uint64) (bool, error) {
	fd, err := b.ready()
	if err != nil {
		return false, err
	}
	errno := bpfElem(cmd, fd, key, value, flags)
	runtime.KeepAlive(b.checked)
	if errno == syscall.ENOENT {
		return false, nil
	}
	return errno == 0, b.fail(op, errno)
}

// lookupBytes and updateBytes have the values of all CPUs in valueBytes bytes.
func lookupBytes[K any](b *boundMap, cmd bpfCommand, key *K, buf []byte) error {
	return b.elem("lookup", cmd, unsafe.Pointer(key), unsafe.Pointer(unsafe.SliceData(buf)), 0)
}

func updateBytes[K any](b *boundMap, key *K, buf []byte, flags UpdateFlags) error {
	return b.elem("update", bpfMapUpdateElem, unsafe.Pointer(key), unsafe.Pointer(unsafe.SliceData(buf)), uint64(flags))
}

// bytesOf is the memory of a slice.
func bytesOf[T any](s []T) []byte {
	if len(s) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(s[0])))
}

// sameLength is the error of batch arguments that do not go together.
func (b *boundMap) sameLength(keys, values, each int) error {
	if keys*each == values {
		return nil
	}
	return fmt.Errorf("map %s: %d keys need %d values, not %d", b.name, keys, keys*each, values)
}
