// Package temp makes temporary directories and files that outlive their process
// until the next one at most. Each is locked (flock(2)) as long as its process
// lives, however that ends; what has no lock was left by one that was killed,
// and goes. Where there are no locks, nothing is swept.
package temp

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"sync"

	"github.com/bpfgen/bpfgen/internal/lazyregexp"
)

// ours are the names that are swept.
var ours = lazyregexp.New(`^bpfgen-[0-9]+\.tmp$`)

func name(parent string) string {
	return filepath.Join(parent, "bpfgen-"+strconv.FormatUint(rand.Uint64(), 10)+".tmp")
}

// living are the paths of this process that are there.
var living sync.Map

// attempts is how often another name is tried.
const attempts = 100

// Dir makes a directory, of which nobody else can read, in parent, or in the system's
// directory for such if parent is "". It sweeps what others left there. remove
// removes it with all that is in it.
func Dir(parent string) (dir string, remove func(), err error) {
	if parent == "" {
		parent = os.TempDir()
	}
	Sweep(parent)
	return create(parent, func(path string) error { return os.Mkdir(path, 0o700) })
}

// File makes a file with this content in parent. remove does nothing if the file
// was renamed.
func File(parent string, content []byte) (path string, remove func(), err error) {
	return create(parent, func(path string) error {
		f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		if err != nil {
			return err
		}
		_, err = f.Write(content)
		if closed := f.Close(); err == nil {
			err = closed
		}
		if err != nil {
			os.Remove(path)
		}
		return err
	})
}

// create makes something and locks it. Whoever sweeps may be faster than the
// lock: then there is another name to try.
func create(parent string, make func(path string) error) (path string, remove func(), err error) {
	for range attempts {
		path = name(parent)
		if err = make(path); os.IsExist(err) {
			continue
		}
		if err != nil {
			return "", nil, err
		}
		unlock, ok := hold(path)
		if !ok {
			continue
		}
		living.Store(path, nil)
		return path, func() {
			os.RemoveAll(path)
			living.Delete(path)
			unlock()
		}, nil
	}
	return "", nil, fmt.Errorf("%s: no temporary file can be made: %w", parent, err)
}

// RemoveAll removes everything that this process has. It is for one that is
// about to end.
func RemoveAll() {
	living.Range(func(path, _ any) bool {
		os.RemoveAll(path.(string))
		return true
	})
}

// Sweep removes what processes have left in a directory that are no more.
func Sweep(parent string) {
	entries, err := os.ReadDir(parent)
	if err != nil {
		return
	}
	for _, e := range entries {
		if ours().MatchString(e.Name()) {
			sweep(filepath.Join(parent, e.Name()))
		}
	}
}
