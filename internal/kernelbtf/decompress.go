package kernelbtf

// This file unpacks. What a file is compressed with is read off its first
// bytes, never off its name, and what comes out may be compressed again.

import (
	"bytes"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// maxFile bounds what is read of a file and what comes out of it: a vmlinux
// with all debug information has some hundred megabytes.
const maxFile = 2 << 30

// unpacker reads one way of compression.
type unpacker struct {
	magic string
	name  string
	open  func(packed []byte) (io.Reader, error)
}

var unpackers = []unpacker{
	{"\x1f\x8b", "gzip", func(b []byte) (io.Reader, error) { return gzip.NewReader(bytes.NewReader(b)) }},
	{"\xfd7zXZ\x00", "xz", openXZ},
	{"\x28\xb5\x2f\xfd", "zstd", openZstd},
	{"BZh", "bzip2", func(b []byte) (io.Reader, error) { return bzip2.NewReader(bytes.NewReader(b)), nil }},
	{"\x02\x21\x4c\x18", "LZ4", func(b []byte) (io.Reader, error) { return &lz4Reader{src: b[4:]}, nil }},
}

// unreadable are the magics of what is refused by name.
var unreadable = map[string]string{
	"\x89LZO":          "LZO",
	"\x5d\x00\x00":     "LZMA",
	"\x04\x22\x4d\x18": "an LZ4 frame",
	"PK\x03\x04":       "zip",
}

// Unpack gives the bytes of a file behind any number of compressions; those of a file
// that is not compressed are its own.
func Unpack(packed []byte) ([]byte, error) { return unpack(packed, maxFile) }

// IsPacked says whether a file with these first bytes is compressed; six are enough.
func IsPacked(head []byte) bool {
	return slices.ContainsFunc(unpackers, func(u unpacker) bool { return bytes.HasPrefix(head, []byte(u.magic)) })
}

// unpack gives the bytes behind any number of compressions, at most limit.
func unpack(packed []byte, limit int64) ([]byte, error) {
	const nested = 4 // .btf.tar.xz is two
	for range nested {
		next, err := unpackOnce(packed, limit)
		if err != nil || next == nil {
			return packed, err
		}
		packed = next
	}
	return nil, errors.New("compressed more than four times")
}

// unpackOnce gives nil for bytes that are not compressed.
func unpackOnce(packed []byte, limit int64) ([]byte, error) {
	for _, u := range unpackers {
		if !bytes.HasPrefix(packed, []byte(u.magic)) {
			continue
		}
		r, err := u.open(packed)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", u.name, err)
		}
		return readAll(u.name, r, limit)
	}
	for magic, name := range unreadable {
		if bytes.HasPrefix(packed, []byte(magic)) {
			return nil, fmt.Errorf("is compressed with %s, which bpfgen does not read; unpack it first", name)
		}
	}
	if isTar(packed) {
		return firstInTar(packed)
	}
	return nil, nil
}

// unpackWithin looks for a stream anywhere in b and gives what it holds, if that is
// wanted. All that it unpacks together has the size of one file.
func unpackWithin(b []byte, wanted func([]byte) bool) []byte {
	left := int64(maxFile)
	for _, u := range unpackers {
		for rest := b; left > 0; rest = rest[1:] {
			at := bytes.Index(rest, []byte(u.magic))
			if at < 0 {
				break
			}
			rest = rest[at:]
			data := u.front(rest, left)
			if wanted(data) {
				return data
			}
			left -= int64(len(data))
		}
	}
	return nil
}

// front gives what the first stream in b holds, whatever comes behind it: the reader
// takes that for another stream, and fails when all of the first is there.
func (u unpacker) front(b []byte, limit int64) []byte {
	r, err := u.open(b)
	if err != nil {
		return nil // these bytes only look like the start of one
	}
	var out bytes.Buffer
	_, _ = out.ReadFrom(io.LimitReader(r, limit))
	if c, ok := r.(io.Closer); ok {
		_ = c.Close()
	}
	return out.Bytes()
}

func readAll(name string, r io.Reader, limit int64) ([]byte, error) {
	var out bytes.Buffer
	n, err := out.ReadFrom(io.LimitReader(r, limit+1))
	if c, ok := r.(io.Closer); ok {
		_ = c.Close()
	}
	switch {
	case n > limit:
		return nil, fmt.Errorf("%s: unpacks to more than %d MiB", name, limit>>20)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return out.Bytes(), nil
}

func openZstd(packed []byte) (io.Reader, error) {
	// Kernels are packed with windows of up to 128 MiB (zstd --ultra -22).
	d, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxWindow(1<<30))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}
