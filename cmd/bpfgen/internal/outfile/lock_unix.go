//go:build unix

package outfile

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"
)

// lock waits until no other run writes to the directory, or ctx ends. The lock
// is one on the directory itself (flock(2)): it leaves no file behind, and it
// ends with the process, however that ends. File systems that have no locks on
// directories (some of the network) give none.
func lock(ctx context.Context, dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case err == nil:
			return func() { f.Close() }, nil
		case errors.Is(err, syscall.EINTR):
		case !errors.Is(err, syscall.EWOULDBLOCK):
			f.Close()
			return func() {}, nil
		default:
			select {
			case <-ctx.Done():
				f.Close()
				return nil, fmt.Errorf("waiting for another run of bpfgen in %s: %w", dir, ctx.Err())
			case <-time.After(5 * time.Millisecond):
			}
		}
	}
}
