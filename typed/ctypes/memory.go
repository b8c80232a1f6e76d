package ctypes

// Members at any offset, and flexible arrays.
//
// All functions go by value: they copy bytes out of and into storage and never
// hand out a pointer into it, so that alignment does not matter (a packed
// member may stand anywhere, and 8-byte alignment is not to be had on 386 and
// arm).

import "unsafe"

// Load copies a T out of storage, whatever its alignment. Bytes that b lacks
// are zero. T must hold no Go pointer, which is so for every generated type.
func Load[T any](b []byte) (v T) {
	copy(memoryOf(&v), b)
	return v
}

// Store copies a T into storage, whatever its alignment. It stops where b ends.
func Store[T any](b []byte, v T) { copy(b, memoryOf(&v)) }

// Tail is a flexible array: the elements in the bytes that stand behind a
// struct, as a copy. head are those of its bytes that lie within the struct
// (in what would else be padding), rest those behind it. Bytes that do not
// fill an element are left out. An element must have a size.
func Tail[T any](head, rest []byte) []T {
	var elem T
	size := int(unsafe.Sizeof(elem))
	tail := make([]T, (len(head)+len(rest))/size)
	if len(tail) == 0 {
		return tail
	}
	// unsafe: as in memoryOf, for all elements at once.
	to := unsafe.Slice((*byte)(unsafe.Pointer(&tail[0])), size*len(tail))
	copy(to[copy(to, head):], rest)
	return tail
}

// DataLoc is an array in the record of a tracepoint, as a copy. record is the
// struct at the start of the record, rest are the bytes behind it. loc says where
// the array is: its offset in bytes, from the byte from of the record on, in the
// lower 16 bits, and its length in the upper ones (include/trace/stages of the
// kernel). What is not in the record is left out.
func DataLoc[T any](record *T, rest []byte, loc uint32, from uintptr) []byte {
	start := from + uintptr(loc&0xffff)
	end := start + uintptr(loc>>16)
	head := memoryOf(record)
	size := uintptr(len(head) + len(rest))
	start, end = min(start, size), min(end, size)
	array := make([]byte, end-start)
	n := uintptr(0)
	if start < uintptr(len(head)) {
		n = uintptr(copy(array, head[start:]))
	}
	if n < uintptr(len(array)) {
		copy(array[n:], rest[start+n-uintptr(len(head)):])
	}
	return array
}

// memoryOf is the memory of *v, blank padding fields included. T must hold no
// Go pointer.
func memoryOf[T any](v *T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(v)), unsafe.Sizeof(*v))
}
