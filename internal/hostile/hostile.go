// Package hostile finds objects that would exhaust the stack, the memory or the
// patience of what decodes them: debug/elf, and cilium/ebpf v0.22. Those trust
// counts and references of the file in many places, and a Go program does not
// survive an overflow of the stack or a lack of memory. So the file is measured
// here first, in time and memory that are in proportion to its own size.
//
// Whether an object is right otherwise, its decoders say.
//
// The limits are far from anything that compilers write: each constant says what
// real objects have.
package hostile

import (
	"bytes"
	"errors"
	"fmt"
	"iter"
)

const (
	// MaxBTFBytes bounds the BTF of one object or kernel. That of a vmlinux
	// with everything built in stays under 20 MiB.
	MaxBTFBytes = 256 << 20
	// maxSectionBytes bounds every section that is read.
	maxSectionBytes = 256 << 20
	// maxNameBytes bounds the names of one kind, counted as often as they are
	// used: debug/elf and the library copy them for each use. A vmlinux of Linux
	// 6.18 has 10 MB of names in its BTF, counted so.
	maxNameBytes = 256 << 20
	// maxLoaderBytes bounds what the library's loader may allocate. Objects with
	// 100 programs of 10,000 instructions take a tenth of it.
	maxLoaderBytes = 512 << 20
)

var errTruncated = errors.New("truncated ELF file")

// checkNames refuses strings that are used so often that a copy for each use
// does not fit into memory. uses are the offsets of count names in the table,
// of which the longest is known.
func checkNames(what string, table []byte, longest, count int, uses iter.Seq[uint32]) error {
	if uint64(count)*uint64(longest) <= maxNameBytes {
		return nil
	}
	left := maxNameBytes
	for offset := range uses {
		if left -= nameLength(table, offset); left < 0 {
			return fmt.Errorf("the names of %s take more than %d MiB", what, maxNameBytes>>20)
		}
	}
	return nil
}

// longest is the length of the longest string in a table of strings that end
// in NUL.
func longest(table []byte) int {
	most := 0
	for len(table) > 0 {
		n := nameLength(table, 0)
		most = max(most, n)
		table = table[min(n+1, len(table)):]
	}
	return most
}

// nameLength is the length of the string at an offset, 0 outside of the table.
func nameLength(table []byte, offset uint32) int {
	if uint64(offset) >= uint64(len(table)) {
		return 0
	}
	rest := table[offset:]
	if n := bytes.IndexByte(rest, 0); n >= 0 {
		return n
	}
	return len(rest)
}
