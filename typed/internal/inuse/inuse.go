// Package inuse counts the calls in flight on something that can be closed, so
// that closing takes no descriptor and no memory from under a call. The idea is
// that of fdMutex in Go's internal/poll.
//
//	func (r *Reader) Read(b []byte) (int, error) {
//		if !r.calls.Enter() {
//			return 0, fmt.Errorf("reader: %w", os.ErrClosed)
//		}
//		defer r.calls.Leave() // or without defer where nothing can panic
//		…
//	}
//
//	func (r *Reader) Close() error { return r.calls.Close() }
//
// What is counted is a call, never a loop over calls: Close inside such a loop
// must return, and the next call of the loop then finds it closed.
package inuse

import "sync/atomic"

// Count is the number of calls in flight and whether Close was called. It must
// not be copied. The zero Count is open and has nothing to release.
type Count struct {
	state   atomic.Uint32
	release func() error
}

// The bits of the state; what is below them is the number of calls.
const (
	closedBit = 1 << 31 // Close was called
	doneBit   = 1 << 30 // somebody releases, or has
)

// Init sets what happens once, when Close was called and no call is in flight
// any more: on the goroutine of Close, or on that of the last call. Init comes
// before all other methods.
func (c *Count) Init(release func() error) { c.release = release }

// Enter begins a call. If it returns true, Leave ends it. It returns false once
// Close was called; there is nothing to leave then.
func (c *Count) Enter() bool {
	return c.state.Add(1)&closedBit == 0 || c.late()
}

// Leave ends a call that Enter began.
func (c *Count) Leave() {
	if c.state.Add(^uint32(0)) == closedBit {
		c.last()
	}
}

// late takes back what Enter has counted. It can be the last to leave.
//
//go:noinline
func (c *Count) late() bool {
	c.Leave()
	return false
}

// last releases. Late calls come and go after the last true one, so that the
// count may reach zero more than once: doneBit picks one of these.
//
//go:noinline
func (c *Count) last() { _ = c.finish() }

func (c *Count) finish() error {
	if c.state.CompareAndSwap(closedBit, closedBit|doneBit) && c.release != nil {
		return c.release()
	}
	return nil
}

// Close makes Enter return false. If no call is in flight it releases and
// returns the error of that; else the last call releases, and its error is
// lost. It does not wait. Every further Close returns nil.
func (c *Count) Close() error {
	if c.state.Or(closedBit)&closedBit != 0 {
		return nil
	}
	return c.finish()
}

// Closed says whether Close was called.
func (c *Count) Closed() bool { return c.state.Load()&closedBit != 0 }
