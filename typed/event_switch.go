package typed

import (
	"context"
	"fmt"
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
// By hand it is a loop over All and a switch, with As(r.Record()) in each case.

// As is a record as a T: its first bytes, the rest is ignored. If the record
// has fewer, the error is a [*ShortRecordError].
func As[T any](record []byte) (event T, err error) {
	_, err = AsInto(record, &event)
	return event, err
}

// AsInto is As into the caller's memory. It also returns what is behind the T.
// After an error *event is as it was.
func AsInto[T any](record []byte, event *T) (tail []byte, err error) {
	if err := checkEvent[T](); err != nil {
		return nil, err
	}
	tail, short := decodeRecord(record, event, false)
	if short != nil {
		return nil, short
	}
	return tail, nil
}

// Switch calls a function for each record, by the type of the record.
type Switch[T any, K comparable] struct {
	reader  EventReader[T]
	kind    func(T) K
	cases   map[K]func(record []byte) error
	onError func(error) error
	err     error // of Case
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
	return &Switch[T, K]{
		reader:  r,
		kind:    kind,
		cases:   make(map[K]func([]byte) error),
		onError: func(err error) error { return err },
	}
}

// Case makes s call handle with the records of a kind, as an E. The event and
// its tail are valid until handle returns. An error of handle ends Run. A
// second Case for a kind replaces the first.
func Case[E, T any, K comparable](s *Switch[T, K], kind K, handle func(event *E, tail []byte) error) {
	if err := checkEvent[E](); err != nil && s.err == nil {
		s.err = fmt.Errorf("records of kind %v: %w", kind, err)
	}
	event := new(E)
	s.cases[kind] = func(record []byte) error {
		tail, short := decodeRecord(record, event, false)
		if short != nil {
			return s.onError(short)
		}
		return handle(event, tail)
	}
}

// OnError sets what is done about records that are short, lost or of a kind
// without case ([*UnknownEventError]). If handle returns nil, Run goes on.
// Without OnError, Run ends with the error.
func (s *Switch[T, K]) OnError(handle func(error) error) { s.onError = handle }

// Run reads records until the context is cancelled or the reader is closed,
// which are no errors, or a handler returns one.
func (s *Switch[T, K]) Run(ctx context.Context) error {
	if s.err != nil {
		return s.err
	}
	for header, err := range s.reader.All(ctx) {
		if err != nil {
			err = s.onError(err)
		} else {
			err = s.dispatch(header)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *Switch[T, K]) dispatch(header T) error {
	kind := s.kind(header)
	handle := s.cases[kind]
	if handle == nil {
		return s.onError(&UnknownEventError{Kind: fmt.Sprint(kind)})
	}
	return handle(s.reader.Record())
}
