package ring

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// Waiter is a descriptor that any number of goroutines wait for. Go's poller
// has one waiter for a file: whose turn it is waits there, the others for their
// turn. Who comes back from the poller gives the turn away before it looks for
// a record, so that a burst of records wakes one after the other.
type Waiter struct {
	file *os.File
	poll func(ready func(fd uintptr) bool) error
	turn chan struct{} // full while a goroutine is in the poller
	done chan struct{} // closed by Close

	closing sync.Once
	mu      sync.Mutex
	woken   bool // the file's deadline is in the past
}

// Reading waits for a descriptor to be readable. It owns fd.
func Reading(fd int) (*Waiter, error) {
	return newWaiter(fd, func(conn syscall.RawConn) func(func(uintptr) bool) error { return conn.Read })
}

// Writing waits for a descriptor to be writable. It owns fd.
func Writing(fd int) (*Waiter, error) {
	return newWaiter(fd, func(conn syscall.RawConn) func(func(uintptr) bool) error { return conn.Write })
}

func newWaiter(fd int, poll func(syscall.RawConn) func(func(uintptr) bool) error) (*Waiter, error) {
	// O_NONBLOCK is what os.NewFile goes by; neither maps nor epoll instances
	// have calls that it changes.
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("make descriptor non-blocking: %w", err)
	}
	file := os.NewFile(uintptr(fd), "events")
	conn, err := file.SyscallConn()
	if err != nil {
		file.Close()
		return nil, err
	}
	return &Waiter{
		file: file, poll: poll(conn), turn: make(chan struct{}, 1), done: make(chan struct{}),
	}, nil
}

// Wait waits until ready returns true, Wake is called, again is closed (it may
// be nil), the context ends or Close is called. Only the last two are errors:
// that of the context, and os.ErrClosed.
//
// ready is asked before the goroutine sleeps and each time that the descriptor
// becomes ready. Whoever makes it true in another way calls Wake afterwards.
func (w *Waiter) Wait(ctx context.Context, again <-chan struct{}, ready func() bool) error {
	select {
	case w.turn <- struct{}{}:
	case <-again:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-w.done:
		return os.ErrClosed
	}
	defer func() { <-w.turn }()
	if err := w.rearm(); err != nil {
		return w.orClosed(err)
	}
	// The poller forgets what it was told before, and asks before it sleeps.
	err := w.poll(func(uintptr) bool { return w.closed() || ctx.Err() != nil || ready() })
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = nil // woken
	}
	return w.orClosed(err)
}

func (w *Waiter) closed() bool {
	select {
	case <-w.done:
		return true
	default:
		return false
	}
}

func (w *Waiter) orClosed(err error) error {
	if w.closed() {
		return os.ErrClosed
	}
	return err
}

// Wake makes the goroutine in the poller return. It may be called by anyone at
// any time: a wakeup that finds nothing to do costs a look.
func (w *Waiter) Wake() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.woken = true
	_ = w.file.SetDeadline(past) // fails once it is closed, which wakes as well
}

// past is over.
var past = time.Unix(1, 0)

// rearm takes wakeups of before back. Who waits looks at everything that
// wakeups are for after that.
func (w *Waiter) rearm() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.woken {
		return nil
	}
	w.woken = false
	return w.file.SetDeadline(time.Time{})
}

// Close makes Wait return os.ErrClosed, now and from now on, and closes the
// descriptor. When it returns, ready is not running any more. The caller must
// hold no lock that ready takes.
func (w *Waiter) Close() (err error) {
	w.closing.Do(func() {
		close(w.done)
		err = w.file.Close()
	})
	return err
}

// dup is a duplicate of a descriptor.
func dup(fd int) (int, error) {
	dup, err := unix.FcntlInt(uintptr(fd), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("duplicate descriptor: %w", err)
	}
	return dup, nil
}
