package typed

import (
	"errors"
	"fmt"

	"github.com/bpfgen/bpfgen/typed/internal/ring"
)

// ShortRecordError says that a record of a ring buffer or perf array has fewer
// bytes than its Go type. Reading may go on with the next record.
type ShortRecordError struct {
	// Map is the C name of the map, empty where [As] made the error.
	Map string
	// Want is how many bytes a record of its type has at least: the size of the
	// Go type, or less ([RingBufOptions]). Got is what the record has.
	Want, Got int
}

func (e *ShortRecordError) Error() string {
	s := fmt.Sprintf("record of %d bytes is shorter than the %d bytes of its type", e.Got, e.Want)
	if e.Map != "" {
		return "map " + e.Map + ": " + s
	}
	return s
}

// LostSamplesError says that the kernel dropped records because the buffer of
// one CPU of a perf array was full. Reading may go on with the next record.
//
// The kernel tells of them with the next record of the CPU, and when the reader is
// flushed ([Reader.Flush], Linux 6.0): received and lost records together are those
// that were sent.
//
// A ring buffer has no such count: there bpf_ringbuf_output and
// bpf_ringbuf_reserve fail in the BPF program, which alone can count.
type LostSamplesError struct {
	// Map is the C name of the map.
	Map string
	// CPU is the one whose buffer was full.
	CPU int
	// Count of records lost since the last such error of that CPU.
	Count uint64
}

func (e *LostSamplesError) Error() string {
	return fmt.Sprintf("map %s: %d records lost on CPU %d", e.Map, e.Count, e.CPU)
}

// OverwrittenError says that a ring buffer in overwrite mode
// (BPF_F_RB_OVERWRITE, Linux ≥ 6.19) was full, and that the program wrote over records
// that had not been read. Reading may go on with the oldest record that is there.
type OverwrittenError struct {
	// Map is the C name of the map.
	Map string
	// Bytes is what the records took of the ring: each has 8 bytes of header and
	// is rounded up to a multiple of 8. The kernel has no count of records.
	Bytes uint64
}

func (e *OverwrittenError) Error() string {
	return fmt.Sprintf("map %s: records of %d bytes were overwritten before they were read", e.Map, e.Bytes)
}

// ErrTwoReaders says that somebody else, through another handle of the map or in
// another process, reads the ring buffer as well. See [RingBuf.NewReader].
var ErrTwoReaders = ring.ErrShared

// isRecordError says that an error belongs to one record (or to records that
// are gone) and the reader still works.
func isRecordError(err error) bool {
	var short *ShortRecordError
	var lost *LostSamplesError
	var overwritten *OverwrittenError
	return errors.As(err, &short) || errors.As(err, &lost) || errors.As(err, &overwritten) || errors.Is(err, ErrFlushed)
}
