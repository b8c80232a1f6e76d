// Rename changes names inside a compiled object to ones that no C compiler
// writes: it replaces strings in the string tables of ELF (.strtab) and of BTF
// (the second half of .BTF), each by one of the same length, so that nothing
// moves.
//
//	rename names.txt object.o
//
// names.txt has a line for each name: the placeholder of the C source, then a
// blank and the new name as a Go string literal. A new name that is shorter is
// an error; so is a placeholder that the object does not have.
package main

import (
	"bufio"
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "rename:", err)
		os.Exit(2)
	}
}

func run(args []string) error {
	if len(args) != 2 {
		return errors.New("usage: rename names.txt object.o")
	}
	names, err := readNames(args[0])
	if err != nil {
		return err
	}
	object, err := os.ReadFile(args[1])
	if err != nil {
		return err
	}
	tables, err := stringTables(object)
	if err != nil {
		return err
	}
	for _, n := range names {
		if !replace(tables, n) {
			return fmt.Errorf("%s has no name %q", args[1], n.old)
		}
	}
	return os.WriteFile(args[1], object, 0o644)
}

type name struct{ old, new string }

func readNames(file string) ([]name, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var names []name
	for s := bufio.NewScanner(f); s.Scan(); {
		before, after, _ := strings.Cut(s.Text(), " ")
		after, err := strconv.Unquote(strings.TrimSpace(after))
		if err != nil || len(before) != len(after) {
			return nil, fmt.Errorf("%s: %q: want a name and a quoted string of the same length", file, s.Text())
		}
		names = append(names, name{before, after})
	}
	return names, nil
}

// stringTables gives the parts of the object's bytes that hold names.
func stringTables(object []byte) ([][]byte, error) {
	f, err := elf.NewFile(bytes.NewReader(object))
	if err != nil {
		return nil, err
	}
	var tables [][]byte
	for _, s := range f.Sections {
		section := object[s.Offset : s.Offset+s.FileSize]
		switch s.Name {
		case ".strtab":
			tables = append(tables, section)
		case ".BTF":
			// struct btf_header of include/uapi/linux/btf.h: hdr_len at 4,
			// str_off at 16 (counted from the end of the header), str_len at 20.
			header := f.ByteOrder.Uint32(section[4:])
			start := header + f.ByteOrder.Uint32(section[16:])
			tables = append(tables, section[start:start+f.ByteOrder.Uint32(section[20:])])
		}
	}
	return tables, nil
}

// replace renames whole strings only: clang may share the tail of one string
// as another, which must keep its name.
func replace(tables [][]byte, n name) bool {
	found := false
	for _, table := range tables {
		old := []byte("\x00" + n.old + "\x00")
		if i := bytes.Index(table, old); i >= 0 {
			copy(table[i+1:], n.new)
			found = true
		}
	}
	return found
}
