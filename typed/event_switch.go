package typed

import (
	"context"
	"fmt"
	"unsafe"
)

// Several types of records on one map. They start alike, with a header that
// says which type it is; the header is the T of the map, and a function of the
// user's takes the discriminator out of it:
//
//	s := typed.NewSwitch(r, func(h counterHeader) uint32 { return h.Kind })
//	typed.Case(s, kindExec, func(ev *counterExec, tail []byte) error { … })
//	typed.Case(s, kindExit, func(ev *counterExit, tail []byte) error { … })
//	err := s.Run(ctx)
//
// By hand it is a loop over Records and a switch, with As(rec.Raw) in each case.

// As is a record as a T: its first bytes, the rest is ignored. If the record
// has fewer, the error is a [*ShortRecordError].
func As[T any](record []byte) (event T, err error) {
	_, err = AsInto(record, &event)
	return event, err
}

// AsInto is As into the caller's memory. It also returns what is behind the T.
// After an error *event is as it was. If T is []byte, *event and the tail are the
// memory of record.
func AsInto[T any](record []byte, event *T) (tail []byte, err error) {
	size, least, err := eventSizes((*T)(nil), 0)
	if err != nil {
		return nil, err
	}
	if event == nil {
		return nil, errNoRecord
	}
	return asInto(record, unsafe.Pointer(event), size, least)
}

// asInto copies the record to the memory of a T of size bytes, and returns what
// is behind. It must have at least so many.
func asInto(record []byte, event unsafe.Pointer, size, least int) (tail []byte, err error) {
	switch {
	case size == isRaw:
		*(*[]byte)(event) = record
		return nil, nil
	case len(record) < least:
		return nil, &ShortRecordError{Want: least, Got: len(record)}
	}
	memory := unsafe.Slice((*byte)(event), size)
	n := copy(memory, record)
	clear(memory[n:])
	return record[n:], nil
}

// Switch calls a function for each record, by the type of the record.
type Switch[T any, K comparable] struct {
	reader  EventReader[T]
	kind    func(T) K
	cases   map[K]func(record []byte) error
	onError func(error) error // nil: the error ends Run
	short   int               // bytes that records have at least, 0 if that is their own size
	err     error             // of Case
}

// UnknownEventError says that a record is of a kind that a [Switch] has no
// case for.
type UnknownEventError struct {
	// Kind is what the discriminating function returned, as text.
	Kind string
}

func (e *UnknownEventError) Error() string { return "no case for records of kind " + e.Kind }

// NewSwitch makes a Switch of the records of r. kind says which case a header
// belongs to.
func NewSwitch[T any, K comparable](r EventReader[T], kind func(header T) K) *Switch[T, K] {
	s := &Switch[T, K]{reader: r, kind: kind}
	if _, least, err := eventSizes((*T)(nil), 0); r != nil && err == nil && r.MinSize() < least {
		s.short = r.MinSize()
	}
	return s
}

// Case makes s call handle with the records of a kind, as an E. The event and
// its tail are valid until handle returns. An error of handle ends Run. A
// second Case for a kind replaces the first.
//
// If the reader takes short records ([Reader.MinSize] is less than the header has
// by itself), the cases take records that have as many bytes: what they lack of
// an E is zero.
func Case[E, T any, K comparable](s *Switch[T, K], kind K, handle func(event *E, tail []byte) error) {
	size, least, err := eventSizes((*E)(nil), 0)
	if err != nil && s.err == nil {
		s.err = fmt.Errorf("records of kind %v: %w", kind, err)
	}
	if s.short > 0 {
		least = min(least, s.short)
	}
	event := new(E)
	if s.cases == nil {
		s.cases = make(map[K]func([]byte) error)
	}
	s.cases[kind] = func(record []byte) error {
		tail, err := asInto(record, unsafe.Pointer(event), size, least)
		if err != nil {
			return s.failed(err)
		}
		return handle(event, tail)
	}
}

// OnError sets what is done about records that are short, lost, overwritten or
// of a kind without case ([*UnknownEventError]). If handle returns nil, Run goes
// on. Without OnError, Run ends with the error.
func (s *Switch[T, K]) OnError(handle func(error) error) {
	if s != nil {
		s.onError = handle
	}
}

func (s *Switch[T, K]) failed(err error) error {
	if s.onError == nil {
		return err
	}
	return s.onError(err)
}

// Run reads records until the context ends or the reader is closed, which are no
// errors, or a handler returns one.
func (s *Switch[T, K]) Run(ctx context.Context) error {
	switch {
	case s == nil || s.err == nil && s.reader == nil:
		return errNoReader
	case s.err != nil:
		return s.err
	}
	for rec, err := range s.reader.Records(ctx) {
		if err != nil {
			err = s.failed(err)
		} else {
			err = s.dispatch(rec)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Switch[T, K]) dispatch(rec *Record[T]) error {
	kind := s.kind(rec.Event)
	handle := s.cases[kind]
	if handle == nil {
		return s.failed(&UnknownEventError{Kind: fmt.Sprint(kind)})
	}
	return handle(rec.Raw)
}
