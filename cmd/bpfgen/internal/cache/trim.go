package cache

// What is kept for how long. As in the cache of the go command, the time of an
// entry's file is that of its last use, to the hour; entries that were not used for
// a month go, and that is looked for once a day. Whoever finds that an entry is gone
// makes it again, so that runs need not know of each other.

import (
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/bpfgen/bpfgen/internal/lazyregexp"
)

const (
	// usePrecision is how old a time may be that is not worth a write.
	usePrecision = time.Hour
	// trimInterval is how often unused entries are looked for.
	trimInterval = 24 * time.Hour
	// Unused is how long an entry is kept that nobody uses.
	Unused = 30 * 24 * time.Hour
)

// now is the clock; tests have their own.
var now = time.Now

// used notes that a file is needed. That it cannot be written is no trouble.
func (c *Cache) used(path string) {
	info, err := os.Stat(path)
	if t := now(); err == nil && !within(t.Sub(info.ModTime()), usePrecision) {
		os.Chtimes(path, t, t)
	}
}

// within says whether some time ago is less than a limit; the future is not, but for
// clocks that differ a little.
func within(ago, limit time.Duration) bool { return ago < limit && ago > -usePrecision }

// trimmed is the file whose time is when entries were looked for last.
func (c *Cache) trimmed() string { return filepath.Join(c.dir, "trimmed") }

// Trim removes what nobody has used for long, unless it was done today.
func (c *Cache) Trim() {
	if c == nil {
		return
	}
	t := now()
	if info, err := os.Stat(c.trimmed()); err == nil && within(t.Sub(info.ModTime()), trimInterval) {
		return
	}
	// Written first: runs at the same time need not do the same.
	if os.WriteFile(c.trimmed(), nil, 0o666) != nil || os.Chtimes(c.trimmed(), t, t) != nil {
		return
	}
	c.each(func(path string, info os.FileInfo) {
		if t.Sub(info.ModTime()) > Unused {
			os.Remove(path)
		}
	})
}

// Usage is how many entries there are, and their bytes on disk.
func (c *Cache) Usage() (entries int, bytes int64) {
	c.each(func(_ string, info os.FileInfo) {
		entries++
		bytes += info.Size()
	})
	return entries, bytes
}

// Clean removes all entries, and nothing else that is in the directory.
func (c *Cache) Clean() error {
	var first error
	c.each(func(path string, _ os.FileInfo) {
		if err := os.Remove(path); err != nil && !os.IsNotExist(err) && first == nil {
			first = err
		}
	})
	return first
}

// Dir is where the entries are.
func (c *Cache) Dir() string { return c.dir }

// The names of entries and of their directories.
var (
	entryDir  = lazyregexp.New(`^[0-9a-f]{2}$`)
	entryName = lazyregexp.New(`^[0-9a-f]{64}$`)
)

// each calls f for every entry.
func (c *Cache) each(f func(path string, info os.FileInfo)) {
	dirs, _ := os.ReadDir(c.dir)
	for _, d := range dirs {
		if !d.IsDir() || !entryDir().MatchString(d.Name()) {
			continue
		}
		c.eachIn(filepath.Join(c.dir, d.Name()), entryName(), f)
	}
}

func (c *Cache) eachIn(dir string, names *regexp.Regexp, f func(path string, info os.FileInfo)) {
	files, _ := os.ReadDir(dir)
	for _, e := range files {
		if !names.MatchString(e.Name()) {
			continue
		}
		if info, err := e.Info(); err == nil && info.Mode().IsRegular() { // none: another run was faster
			f(filepath.Join(dir, e.Name()), info)
		}
	}
}
