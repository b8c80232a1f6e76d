package typed

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/bpfgen/bpfgen/typed/internal/ring"
)

// The part of a Reader that knows no types: bytes go from the memory that is
// shared with the kernel (internal/ring) straight to the caller's. A call tries
// first, under a mutex that nobody holds for long. If there is no record it waits
// (ring.Waiter), with the context registered for as long, and tries again.
//
// Generic code over it is compiled once for each type in each program that uses
// it: it stays as thin as that of event.go.

// reader is what a Reader[T] is for a T of size bytes.
type reader struct {
	name   string // of the map
	size   int    // of T; isRaw if that is []byte
	min    int    // bytes that a record must have
	waiter *ring.Waiter
	disown func()

	mu      sync.Mutex     // protects what follows
	ring    *ring.Consumer // this one
	perf    *ring.Perf     // or that one, nil after Close
	waiting int            // goroutines that wait

	flushed atomic.Bool // Flush was called and not yet reported
	closed  atomic.Bool
	closing sync.Once
}

// isRaw is the size of a T that is []byte.
const isRaw = -1

// errNoReader is the error of a zero Reader.
var errNoReader error = &fixedError{"reader", &os.ErrClosed}

// errNoRecord is the error of a nil Record.
var errNoRecord error = &fixedError{"reader: no record to read into", &os.ErrInvalid}

// errNone is no error of the user's: there is no record yet.
var errNone = ring.ErrNone

// next reads a record, and waits for one if there is none. event is the address of a
// Record, which begins with the event; its RecordInfo is that many bytes behind.
//
//go:noinline
func (r *reader) next(ctx context.Context, event unsafe.Pointer, info uintptr) error {
	if r == nil {
		return errNoReader
	}
	if event == nil {
		return errNoRecord
	}
	rec := (*RecordInfo)(unsafe.Add(event, info))
	if r.exact(event, rec) {
		return nil
	}
	if err := r.try(event, rec, 0); !isNone(err) {
		return err
	}
	w := waiting{ctx: ctx}
	defer w.stop()
	return r.wait(&w, event, rec)
}

// try reads a record if there is one; else it returns errNone. own is 1 if the
// caller is one of those that wait.
func (r *reader) try(event unsafe.Pointer, rec *RecordInfo, own int) error {
	r.mu.Lock()
	err := r.take(event, rec)
	if r.waiting > own && !isNone(err) {
		r.passOn()
	}
	r.mu.Unlock()
	return err
}

// exact is try of a record that is exactly as long as the event, as nearly all
// are, where nobody else waits.
func (r *reader) exact(event unsafe.Pointer, rec *RecordInfo) bool {
	r.mu.Lock()
	ok := r.ring != nil && r.size > 0 && r.waiting == 0 && r.ring.Copy(unsafe.Slice((*byte)(event), r.size))
	r.mu.Unlock()
	if ok {
		exactly(rec, event, r.size)
	}
	return ok
}

// take is try with the mutex held.
func (r *reader) take(event unsafe.Pointer, rec *RecordInfo) error {
	if r.ring == nil {
		return r.takeOther(event, rec)
	}
	for {
		raw, err := r.ring.Next()
		if err != nil {
			return r.failed(err, rec)
		}
		short := decode(raw, event, r.size, r.min, rec)
		if !r.ring.Done() {
			continue // what was copied had gone
		}
		rec.CPU = -1
		return r.named(short)
	}
}

// takeOther is take of what is not a ring buffer.
func (r *reader) takeOther(event unsafe.Pointer, rec *RecordInfo) error {
	if r.perf == nil {
		return r.failed(os.ErrClosed, rec)
	}
	raw, cpu, err := r.perf.Next()
	if err != nil {
		return r.failed(err, rec)
	}
	short := decode(raw, event, r.size, r.min, rec)
	r.perf.Done()
	rec.CPU = cpu
	return r.named(short)
}

// exactly makes a record of a ring buffer out of an event that is all of it.
func exactly(rec *RecordInfo, event unsafe.Pointer, size int) {
	if unsafe.Pointer(unsafe.SliceData(rec.Raw)) != event || len(rec.Raw) != size {
		rec.Raw = unsafe.Slice((*byte)(event), size)
	}
	if rec.Tail != nil {
		rec.Tail = nil
	}
	rec.CPU = -1
}

// named puts the map's name into the error of a short record.
func (r *reader) named(err *ShortRecordError) error {
	if err == nil {
		return nil
	}
	err.Map = r.name
	return err
}

// failed is the error of a read without a record.
func (r *reader) failed(err error, rec *RecordInfo) error {
	if isNone(err) {
		return err
	}
	rec.Raw, rec.Tail = nil, nil
	var lost *ring.LostError
	var overwritten *ring.OverwrittenError
	switch {
	case errors.Is(err, io.EOF):
		return err
	case errors.As(err, &lost):
		return &LostSamplesError{Map: r.name, CPU: lost.CPU, Count: lost.Count}
	case errors.As(err, &overwritten):
		return &OverwrittenError{Map: r.name, Bytes: overwritten.Bytes}
	}
	return fmt.Errorf("map %s: %w", r.name, err)
}

// passOn wakes the goroutine in the poller if there is more for it to read: the
// kernel wakes it for one record of many, which may be the one that another
// goroutine has taken.
func (r *reader) passOn() {
	if r.hasRecord() {
		r.waiter.Wake()
	}
}

func (r *reader) hasRecord() bool {
	switch {
	case r.ring != nil:
		return r.ring.HasRecord()
	case r.perf != nil:
		return r.perf.HasRecord()
	}
	return true // closed
}

// waiting is a context that is registered when a call first waits: it wakes the
// goroutine in the poller, which may be the one that the context is of.
type waiting struct {
	ctx  context.Context
	undo func() bool
}

func (w *waiting) register(wake func()) {
	if w.undo == nil && w.ctx.Done() != nil {
		w.undo = context.AfterFunc(w.ctx, wake)
	}
}

func (w *waiting) stop() {
	if w.undo != nil {
		w.undo()
	}
}

// wait is next with a context that may be registered already.
func (r *reader) wait(w *waiting, event unsafe.Pointer, rec *RecordInfo) error {
	r.count(1)
	defer r.count(-1)
	for {
		flushed := r.flushed.Load() // before the look at what there is
		if err := r.try(event, rec, 1); !isNone(err) {
			return err
		}
		if flushed && r.flushed.CompareAndSwap(true, false) {
			return r.flushedError(rec)
		}
		if err := w.ctx.Err(); err != nil {
			return r.ended(err, rec)
		}
		w.register(r.waiter.Wake)
		if err := r.waiter.Wait(w.ctx, nil, r.ready); err != nil {
			return r.ended(err, rec)
		}
	}
}

func (r *reader) count(n int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting += n
}

// ready is what the waiter asks.
func (r *reader) ready() bool {
	if r.flushed.Load() {
		return true
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.hasRecord()
}

// ended is the error of a call that has waited in vain.
func (r *reader) ended(err error, rec *RecordInfo) error {
	if r.closed.Load() {
		return r.failed(os.ErrClosed, rec)
	}
	rec.Raw, rec.Tail = nil, nil
	return err
}

// flushedError is ErrFlushed, or a loss that the kernel has not yet told of:
// the flush is then reported by the next call.
func (r *reader) flushedError(rec *RecordInfo) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	rec.Raw, rec.Tail = nil, nil
	switch {
	case r.closed.Load():
		return r.failed(os.ErrClosed, rec)
	case r.perf == nil:
		return ErrFlushed
	}
	if err := r.perf.Lost(); err != nil {
		r.flushed.Store(true)
		return r.failed(err, rec)
	}
	return ErrFlushed
}

// minSize is Reader.MinSize.
//
//go:noinline
func (r *reader) minSize() int {
	if r == nil {
		return 0
	}
	return r.min
}

//go:noinline
func (r *reader) flush() error {
	if r == nil {
		return errNoReader
	}
	if r.closed.Load() {
		return fmt.Errorf("map %s: flush: %w", r.name, os.ErrClosed)
	}
	r.flushed.Store(true)
	r.waiter.Wake()
	return nil
}

//go:noinline
func (r *reader) bufferSize() int {
	if r == nil {
		return 0
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.ring != nil:
		return r.ring.Capacity()
	case r.perf != nil:
		return r.perf.Capacity()
	}
	return 0
}

// Close is Reader.Close.
func (r *reader) Close() (err error) {
	if r == nil {
		return nil
	}
	r.closing.Do(func() {
		r.closed.Store(true)
		err = errors.Join(r.waiter.Close(), r.release())
		r.disown()
	})
	return err
}

func (r *reader) release() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	consumer, perf := r.ring, r.perf
	r.ring, r.perf = nil, nil
	if consumer != nil {
		return consumer.Close()
	}
	return perf.Close()
}

// each reads record after record into event and rec, and calls use after each, with
// what is to be told beside it, until use returns false or the loop is over. Without a
// reader it is a loop over the error of that.
//
//go:noinline
func (r *reader) each(ctx context.Context, event unsafe.Pointer, rec *RecordInfo, use func(error) bool) {
	loop := readLoop{reader: r, waiting: waiting{ctx: ctx}}
	defer loop.waiting.stop()
	for loop.next(event, rec) && use(loop.err) {
	}
}

// readLoop is what each knows between two records.
type readLoop struct {
	reader  *reader
	waiting waiting
	err     error // beside the record
	over    bool  // err is the last one
}

// next reads the next record, or the next error to tell of. It returns false
// when the loop is over.
func (l *readLoop) next(event unsafe.Pointer, rec *RecordInfo) bool {
	if l.waiting.ctx.Err() != nil {
		return false
	}
	if l.over || l.reader == nil {
		return l.without()
	}
	r := l.reader // exact by hand: the call is a tenth of the time
	r.mu.Lock()
	ok := r.ring != nil && r.size > 0 && r.waiting == 0 && r.ring.Copy(unsafe.Slice((*byte)(event), r.size))
	r.mu.Unlock()
	if ok {
		exactly(rec, event, r.size)
		l.err = nil
		return true
	}
	return l.slow(event, rec)
}

// without ends the loop, after the error of one that has no reader.
func (l *readLoop) without() bool {
	more := !l.over
	l.over, l.err = true, errNoReader
	return more
}

// failed waits for a record that is not there yet, and says whether there is
// something to tell.
func (l *readLoop) slow(event unsafe.Pointer, rec *RecordInfo) bool {
	l.err = l.reader.try(event, rec, 0)
	if isNone(l.err) {
		l.err = l.reader.wait(&l.waiting, event, rec)
	}
	if l.err == nil {
		return true
	}
	l.over = !isRecordError(l.err)
	return !l.over || !l.ends()
}

// ends says that the error only ends the loop.
func (l *readLoop) ends() bool {
	return errors.Is(l.err, io.EOF) || errors.Is(l.err, os.ErrClosed) || l.waiting.ctx.Err() != nil && errors.Is(l.err, l.waiting.ctx.Err())
}

// decode makes the record that is raw: a T of size bytes, or []byte if that is
// isRaw, in *event and the rest in *rec. If raw has fewer than least bytes, *event
// is as it was.
func decode(raw []byte, event unsafe.Pointer, size, least int, rec *RecordInfo) *ShortRecordError {
	if len(raw) == size { // nearly always
		rec.Raw, rec.Tail = unsafe.Slice((*byte)(event), size), nil
		copy(rec.Raw, raw)
		return nil
	}
	if len(raw) >= least && len(raw) < size { // an older version, or an empty tail
		whole := unsafe.Slice((*byte)(event), size)
		clear(whole[copy(whole, raw):])
		rec.Raw, rec.Tail = whole[:len(raw)], nil
		return nil
	}
	rec.buf = append(rec.buf[:0], raw...)
	rec.Raw, rec.Tail = rec.buf, nil
	switch {
	case size == isRaw:
		*(*[]byte)(event) = rec.Raw
	case len(raw) < least:
		return &ShortRecordError{Want: least, Got: len(raw)}
	default:
		copy(unsafe.Slice((*byte)(event), size), raw)
		rec.Tail = rec.Raw[size:]
	}
	return nil
}

// DecodeRecord makes the record that is raw, as a reader with that
// [Reader.MinSize] does, for readers of one's own: of files, for tests. 0 is the
// MinSize of a reader without options. The CPU is left as it is.
func DecodeRecord[T any](raw []byte, minSize int, rec *Record[T]) error {
	size, least, err := eventSizes((*T)(nil), minSize)
	if err != nil {
		return err
	}
	if rec == nil {
		return errNoRecord
	}
	if short := decode(raw, unsafe.Pointer(&rec.Event), size, least, &rec.RecordInfo); short != nil {
		return short
	}
	return nil
}

// isNone says whether err is errNone. It is never wrapped, and errors.Is would
// cost as much as the rest of Next; hence the comparison of interfaces.
func isNone(err error) bool { return any(err) == any(errNone) }
