package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"
)

// initramfs writes an archive in the "newc" format of cpio, the one that the
// kernel unpacks (Documentation/driver-api/early-userspace/buffer-format.rst):
// per file a header of 110 ASCII bytes, the name and the data, each padded to
// four bytes. Parent directories are made as they are needed.
type initramfs struct {
	w    io.Writer
	n    int64 // bytes written, for padding
	ino  uint32
	dirs map[string]bool
	err  error // of the first write that failed; later calls do nothing
}

func newInitramfs(w io.Writer) *initramfs {
	return &initramfs{w: w, dirs: map[string]bool{"/": true}}
}

// addFile adds a regular file that all may read. name is absolute.
func (a *initramfs) addFile(name string, data []byte) {
	a.addDir(path.Dir(name))
	a.entry(name, 0o100644, int64(len(data)), bytes.NewReader(data))
}

// addHostFile adds the file at from with its permissions. Links are followed.
func (a *initramfs) addHostFile(name, from string) {
	if a.err != nil {
		return
	}
	f, err := os.Open(from)
	if err != nil {
		a.err = err
		return
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		a.err = err
		return
	}
	a.addDir(path.Dir(name))
	a.entry(name, 0o100000|uint32(st.Mode().Perm()), st.Size(), f)
}

func (a *initramfs) addSymlink(name, target string) {
	a.addDir(path.Dir(name))
	a.entry(name, 0o120777, int64(len(target)), strings.NewReader(target))
}

// addDir adds a directory and its parents, once.
func (a *initramfs) addDir(name string) {
	var missing []string
	for ; !a.dirs[name]; name = path.Dir(name) {
		a.dirs[name] = true
		missing = append(missing, name)
	}
	for _, d := range slices.Backward(missing) {
		a.entry(d, 0o040755, 0, nil)
	}
}

// close writes the trailer and gives the first error.
func (a *initramfs) close() error {
	a.entry("/TRAILER!!!", 0, 0, nil)
	return a.err
}

func (a *initramfs) entry(name string, mode uint32, size int64, data io.Reader) {
	name = strings.TrimPrefix(name, "/")
	if size > 0xffffffff && a.err == nil {
		a.err = fmt.Errorf("%s: %d bytes do not fit into an initramfs", name, size)
	}
	a.ino++
	const nlink = 1
	// magic, ino, mode, uid, gid, nlink, mtime, filesize, devmajor,
	// devminor, rdevmajor, rdevminor, namesize with its NUL, check
	header := fmt.Sprintf("070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		a.ino, mode, 0, 0, nlink, 0, size, 0, 0, 0, 0, len(name)+1, 0)
	a.copy(strings.NewReader(header + name + "\x00"))
	a.pad()
	if data != nil {
		a.copy(io.LimitReader(data, size))
		a.pad()
	}
}

func (a *initramfs) copy(r io.Reader) {
	if a.err != nil {
		return
	}
	n, err := io.Copy(a.w, r)
	a.n += n
	a.err = err
}

func (a *initramfs) pad() {
	const align = 4
	a.copy(bytes.NewReader(make([]byte, (align-a.n%align)%align)))
}
