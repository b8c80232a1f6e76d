package typed

import (
	"errors"
	"fmt"
)

// ShortRecordError says that a record of a ring buffer or perf array has fewer
// bytes than its Go type. Reading may go on with the next record.
type ShortRecordError struct {
	// Map is the C name of the map, empty where [As] made the error.
	Map string
	// Want is the size of the Go type, Got that of the record, in bytes.
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

// isRecordError says that an error belongs to one record (or to records that
// are gone) and the reader still works.
func isRecordError(err error) bool {
	var short *ShortRecordError
	var lost *LostSamplesError
	return errors.As(err, &short) || errors.As(err, &lost) || errors.Is(err, ErrFlushed)
}
