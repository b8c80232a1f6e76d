// Package cache keeps what is dear to make, outside of the repository: objects
// that clang made, files that were generated. An entry is found by a key that
// is a hash of everything it was made from, and is verified when it is read: one
// that is damaged is as good as none. There is no index and no lock; entries are
// written whole, under their names or not at all.
package cache

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/temp"
)

// Cache is a directory. A nil Cache has nothing and keeps nothing.
type Cache struct {
	dir string
	// empty is true if there was nothing when the process began.
	empty bool
	once  sync.Map // key → *once
}

// New is the cache in a directory, which is made when the first entry is. What
// runs that were killed left half written goes.
func New(dir string) *Cache {
	c := &Cache{dir: dir}
	entries, _ := os.ReadDir(dir)
	c.empty = len(entries) == 0
	temp.Sweep(c.temps())
	return c
}

// Empty says that there was no entry when the process began.
func (c *Cache) Empty() bool { return c.empty }

// temps is where entries are written before they have their names.
func (c *Cache) temps() string { return filepath.Join(c.dir, "tmp") }

// Key is a hash of parts, each of which counts with its length.
func Key(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d\n", len(p))
		io.WriteString(h, p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// Hash of some content.
func Hash(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

func (c *Cache) path(key string) string { return filepath.Join(c.dir, key[:2], key) }

// Get reads an entry into value. false where there is none, or a damaged one.
func (c *Cache) Get(key string, value any) bool {
	if c == nil {
		return false
	}
	content, err := os.ReadFile(c.path(key))
	if err != nil || len(content) < 2*sha256.Size {
		return false
	}
	c.used(c.path(key))
	sum, body := content[:2*sha256.Size], content[2*sha256.Size:]
	if string(sum) != Key(key, string(body)) || json.Unmarshal(body, value) != nil {
		os.Remove(c.path(key))
		return false
	}
	return true
}

// Put keeps an entry. That it cannot be written is no trouble: it is made again
// next time.
func (c *Cache) Put(key string, value any) {
	if c == nil {
		return
	}
	body, err := json.Marshal(value)
	if err != nil {
		return
	}
	path := c.path(key)
	if os.MkdirAll(filepath.Dir(path), 0o777) != nil || os.MkdirAll(c.temps(), 0o777) != nil {
		return
	}
	written, remove, err := temp.File(c.temps(), append([]byte(Key(key, string(body))), body...))
	if err != nil {
		return
	}
	defer remove()
	os.Rename(written, path)
}

// once is the result of a function that runs once.
type once struct {
	sync.Once
	value any
	err   error
}

// Once runs f for the first of a process that asks for this key; all others wait
// for it and get its result.
func (c *Cache) Once(key string, f func() (any, error)) (any, error) {
	v, _ := c.once.LoadOrStore(key, new(once))
	o := v.(*once)
	o.Do(func() { o.value, o.err = f() })
	return o.value, o.err
}

// hash is Once for hashes.
func (c *Cache) hash(key string, f func() (string, error)) (string, error) {
	v, err := c.Once(key, func() (any, error) { return f() })
	hash, _ := v.(string)
	return hash, err
}

// File is the hash of a file's content. Each file is read once by a process.
func (c *Cache) File(path string) (string, error) {
	return c.hash("file\x00"+path, func() (string, error) {
		content, err := os.ReadFile(path)
		if err != nil {
			return "", err
		}
		return Hash(content), nil
	})
}

// Program is a hash of a large file that seldom changes, such as a compiler:
// it is read only if its size, times or inode are others than when it was read
// last.
func (c *Cache) Program(path string) (string, error) {
	return c.hash("program\x00"+path, func() (string, error) { return c.program(path) })
}

func (c *Cache) program(path string) (string, error) {
	real, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", err
	}
	info, err := os.Stat(real)
	if err != nil {
		return "", err
	}
	key := Key("sha256 of a program", real, strconv.FormatInt(info.Size(), 10), info.ModTime().Format(time.RFC3339Nano), inode(real))
	var hash string
	if c.Get(key, &hash) {
		return hash, nil
	}
	f, err := os.Open(real)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.CopyBuffer(struct{ io.Writer }{h}, struct{ io.Reader }{f}, make([]byte, 1<<18)); err != nil {
		return "", err
	}
	hash = hex.EncodeToString(h.Sum(nil))
	c.Put(key, hash)
	return hash, nil
}
