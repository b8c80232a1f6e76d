package typedtest

import (
	"syscall"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/cilium/ebpf"
)

// mapError is an errno of the kernel with the meaning that package typed gives
// it.
type mapError struct {
	text  string
	err   error // nil if the errno says it all
	errno syscall.Errno
}

func (e *mapError) Error() string        { return "typedtest: " + e.text }
func (e *mapError) Is(target error) bool { return e.err != nil && target == e.err }
func (e *mapError) Unwrap() error        { return e.errno }

var (
	errNotExist   = &mapError{"key does not exist", ebpf.ErrKeyNotExist, syscall.ENOENT}
	errExist      = &mapError{"key already exists", ebpf.ErrKeyExist, syscall.EEXIST}
	errFull       = &mapError{"map is full", typed.ErrMapFull, syscall.E2BIG}
	errOutOfRange = &mapError{"key out of range", ebpf.ErrKeyNotExist, syscall.E2BIG}
	errFlags      = &mapError{"invalid flags", nil, syscall.EINVAL}
	errPrefix     = &mapError{"prefix is longer than the data", nil, syscall.EINVAL}
	errLength     = &mapError{"wrong number of values", nil, syscall.EINVAL}
	errDescriptor = &mapError{"bad file descriptor", nil, syscall.EBADF}
)
