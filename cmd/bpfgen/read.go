package main

// How objects and BTF are read: files, compressed or not, and standard input.

import (
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/bpfgen/bpfgen/internal/kernelbtf"
)

// stdinName is what standard input is called in messages.
const stdinName = "standard input"

// readInput reads a file to its end, or standard input for "-", and unpacks it.
// Files of /sys/kernel/btf do not all know their size.
func (c *cli) readInput(path string) ([]byte, error) {
	if path == kernelbtf.Stdin {
		content, err := c.readStdin()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", stdinName, err)
		}
		return content, nil
	}
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return nil, openError(path, err)
	case info.IsDir():
		return nil, fmt.Errorf("%s is a directory: give an object or raw BTF", path)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if content, err = kernelbtf.Unpack(content); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return content, nil
}

// readStdin reads standard input once.
func (c *cli) readStdin() ([]byte, error) {
	if c.stdin == nil {
		return nil, errors.New("there is none, or it has been read already")
	}
	content, err := io.ReadAll(c.stdin)
	if err != nil {
		return nil, err
	}
	c.stdin = nil
	return kernelbtf.Unpack(content)
}
