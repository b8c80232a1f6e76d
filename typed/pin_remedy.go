package typed

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// What to do about files that are no pins, and places where there can be none: the
// kernel says EPERM, EACCES or ENOENT of all of them.

// pinRemedy is what to do about an error of pinning at a path, or of opening what is
// pinned there; "" where the path says nothing.
func pinRemedy(path string, err error) string {
	dir := filepath.Dir(path)
	if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
		return fmt.Sprintf("make the directory %s, on a bpf file system (mount -t bpf bpf /sys/fs/bpf)", dir)
	}
	if onBPF, known := isBPFFS(dir); known && !onBPF {
		return dir + " is not on a bpf file system: use a directory on one (mount -t bpf bpf /sys/fs/bpf)"
	}
	info, statErr := os.Lstat(path)
	switch {
	case statErr != nil:
	case info.IsDir():
		return path + " is a directory, and no pin: remove it, or use another directory"
	case errors.Is(err, fs.ErrPermission) && !mayOpen(path):
		return fmt.Sprintf("the mode of %s, %s, does not let this user open it", path, info.Mode())
	}
	return ""
}

// explainPin gives an error of pinning or opening its remedy, for those who print
// remedies.
func explainPin(path string, err error) error {
	if err == nil {
		return nil
	}
	return explain(err, pinRemedy(path, err))
}

// withPinRemedy is an error of pinning or opening, with its remedy.
func withPinRemedy(path string, err error) error {
	if err == nil {
		return nil
	}
	if remedy := pinRemedy(path, err); remedy != "" {
		return fmt.Errorf("%w; %s", err, remedy)
	}
	return err
}
