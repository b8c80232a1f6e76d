package typed

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/cilium/ebpf"
)

// How an errno of bpf(2) becomes an error. The errors are those of the library
// (errors.Is with ebpf.ErrKeyNotExist, os.ErrNotExist, …), with the name of the
// map in the text. Those of the hot path exist once per handle, so that a
// lookup that misses allocates nothing.

// mapError is an error with a meaning of the library or of this package, and
// the errno that it came with.
type mapError struct {
	text  string
	err   error
	errno syscall.Errno
}

func (e *mapError) Error() string        { return e.text }
func (e *mapError) Is(target error) bool { return target == e.err }
func (e *mapError) Unwrap() error        { return e.errno }

// keyErrors are the errors of the hot path for one map.
type keyErrors struct {
	notExist, exist *mapError
}

func newKeyErrors(name string) keyErrors {
	return keyErrors{
		notExist: &mapError{"map " + name + ": key does not exist", ebpf.ErrKeyNotExist, syscall.ENOENT},
		exist:    &mapError{"map " + name + ": key already exists", ebpf.ErrKeyExist, syscall.EEXIST},
	}
}

// fail makes the error of an operation from its errno; nil for 0.
func (c *mapCore) fail(op string, errno syscall.Errno) error {
	switch errno {
	case 0:
		return nil
	case syscall.ENOENT:
		return c.keyErrors.notExist
	case syscall.EEXIST:
		return c.keyErrors.exist
	default:
		return c.failSlow(op, errno)
	}
}

func (c *mapCore) failSlow(op string, errno syscall.Errno) error {
	text := mapName(c.name) + ": " + op + ": "
	switch {
	case unsupported(errno):
		return &mapError{text + "operation not supported", ebpf.ErrNotSupported, errno}
	case errno == syscall.E2BIG && c.arrayLike():
		return &mapError{text + "key out of range", ebpf.ErrKeyNotExist, errno}
	case errno == syscall.E2BIG || errno == syscall.ENOSPC:
		return &mapError{text + "map is full", ErrMapFull, errno}
	}
	return fmt.Errorf("%s%w", text, errno)
}

// unsupported says that the kernel has no such operation for the map's type.
func unsupported(errno syscall.Errno) bool {
	return errno == bpf.ErrnoNotSupported || errno == syscall.EOPNOTSUPP
}

// noBatch says that a batch command may be refused because the kernel does not
// know it (EINVAL before 5.6) or the map's type has none. Single operations
// tell whether it was something else.
func noBatch(errno syscall.Errno) bool {
	return unsupported(errno) || errno == syscall.EINVAL
}

// mapName is what errors call a map. The zero handle has no name.
func mapName(name string) string {
	if name == "" {
		return "map"
	}
	return "map " + name
}

// opError is the error of an operation that failed for a reason without a
// meaning of its own.
func opError(name, op string, err error) error {
	return fmt.Errorf("%s: %s: %w", mapName(name), op, err)
}

func notLoaded(name string) error { return fmt.Errorf("%s: %w", mapName(name), ErrNotLoaded) }

func closedError(name string) error {
	return &mapError{mapName(name) + ": closed", os.ErrClosed, syscall.EBADF}
}

// gone says that an object with an id, or a key, is not there any more.
func gone(err error) bool { return errors.Is(err, os.ErrNotExist) }
