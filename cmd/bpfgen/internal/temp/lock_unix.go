//go:build unix

package temp

import (
	"os"
	"syscall"
)

// lock takes the lock of a file or directory if nobody has it. There is no f
// where it has none to give, or somebody has it.
func lock(path string) (f *os.File, taken bool) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, false
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, err == syscall.EWOULDBLOCK
	}
	return f, false
}

// hold locks what this process has just made. ok is false if it is gone, or
// about to go, because another process swept it.
func hold(path string) (unlock func(), ok bool) {
	f, taken := lock(path)
	if taken {
		return nil, false
	}
	if _, err := os.Lstat(path); err != nil {
		if f != nil {
			f.Close()
		}
		return nil, false
	}
	return func() {
		if f != nil {
			f.Close()
		}
	}, true
}

// sweep removes a path that nobody holds and that is this user's.
func sweep(path string) {
	info, err := os.Lstat(path)
	if err != nil {
		return
	}
	if stat, ok := info.Sys().(*syscall.Stat_t); !ok || int(stat.Uid) != os.Geteuid() {
		return
	}
	if f, _ := lock(path); f != nil {
		os.RemoveAll(path)
		f.Close()
	}
}
