// Package usdt reads the static probes (USDT) of an executable, and writes what
// libbpf's usdt.bpf.h reads of their arguments.
//
// This file reads the notes that <sys/sdt.h> leaves in the section
// .note.stapsdt
// (https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation). One
// probe can stand at many places, where the compiler inlined it; at each, its
// arguments can be elsewhere. args.go turns the arguments into what usdt.bpf.h
// reads.
package usdt

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"

	"github.com/bpfgen/bpfgen/typed/internal/userfile"
)

// Place is one place of one probe.
type Place struct {
	Provider, Name string
	Machine        elf.Machine
	// Args as the assembler says them: "-4@%edi 8@-1216(%rbp)", with numbers in place of
	// the file's symbols where these are known.
	Args string
	// Offset of the instruction in the file, and its Address in a process of a
	// file that is not position-independent.
	Offset, Address uint64
	// Semaphore is the offset in the file of the probe's counter, 0 if it has
	// none.
	Semaphore uint64
}

// Places are all places of one probe of a file. position says whether the file
// is position-independent.
func Places(path, provider, name string) (places []Place, position bool, err error) {
	f, err := elf.Open(path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	notes, err := readNotes(f)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", path, err)
	}
	symbols := sync.OnceValue(func() map[string]uint64 { return addresses(f) })
	for _, n := range notes {
		if n.Provider == provider && n.Name == name {
			n.resolve(symbols)
			places = append(places, n)
		}
	}
	if len(places) == 0 {
		return nil, false, fmt.Errorf("no such probe in %s: %w", path, fs.ErrNotExist)
	}
	return places, f.Type == elf.ET_DYN, nil
}

// readNotes are all places of all probes of a file.
func readNotes(f *elf.File) ([]Place, error) {
	sec := f.Section(".note.stapsdt")
	if sec == nil {
		return nil, fmt.Errorf("no section .note.stapsdt: %w", fs.ErrNotExist)
	}
	data, err := sec.Data()
	if err != nil {
		return nil, err
	}
	var notes []Place
	for len(data) > 0 {
		desc, rest, err := nextNote(f.ByteOrder, data)
		if err != nil {
			return nil, err
		}
		n, err := parseNote(f, desc)
		if err != nil {
			return nil, err
		}
		notes, data = append(notes, n), rest
	}
	return notes, nil
}

var errBadNote = errors.New("malformed note in .note.stapsdt")

// nextNote takes the first ELF note apart: name size, description size and
// type, 4 bytes each; then name and description, padded to 4 bytes.
func nextNote(order binary.ByteOrder, data []byte) (desc, rest []byte, err error) {
	const header, ntStapsdt = 12, 3
	if len(data) < header {
		return nil, nil, errBadNote
	}
	nameSize, descSize := uint64(order.Uint32(data)), uint64(order.Uint32(data[4:]))
	typ := order.Uint32(data[8:])
	start := header + (nameSize+3)&^3
	end := start + descSize
	if end > uint64(len(data)) || typ != ntStapsdt || cstring(data[header:header+nameSize]) != "stapsdt" {
		return nil, nil, errBadNote
	}
	return data[start:end], data[min((end+3)&^3, uint64(len(data))):], nil
}

// parseNote reads the description: location, base and semaphore, each an
// address of the file's class, then provider, name and arguments, each with a
// final NUL.
func parseNote(f *elf.File, desc []byte) (Place, error) {
	size := 8
	if f.Class == elf.ELFCLASS32 {
		size = 4
	}
	if len(desc) < 3*size {
		return Place{}, errBadNote
	}
	var addr [3]uint64
	for i := range addr {
		addr[i] = readAddress(f.ByteOrder, desc[i*size:], size)
	}
	part := strings.SplitN(string(desc[3*size:]), "\x00", 4)
	if len(part) < 4 || part[1] == "" {
		return Place{}, errBadNote
	}
	n := Place{Provider: part[0], Name: part[1], Machine: f.Machine, Args: part[2], Address: addr[0]}
	if strings.HasPrefix(n.Args, ":") {
		n.Args = ""
	}
	return n, n.locate(f, addr[1], addr[2])
}

// locate makes offsets of addresses. Where prelink moved the file, the section
// .stapsdt.base has moved from the base that the note has.
func (n *Place) locate(f *elf.File, base, semaphore uint64) error {
	if sec := f.Section(".stapsdt.base"); sec != nil && base != 0 {
		moved := sec.Addr - base
		n.Address += moved
		if semaphore != 0 {
			semaphore += moved
		}
	}
	var ok bool
	if n.Offset, ok = userfile.Offset(f, n.Address, elf.PF_X); !ok {
		return fmt.Errorf("probe %s:%s at %#x is in no executable segment", n.Provider, n.Name, n.Address)
	}
	if semaphore == 0 {
		return nil
	}
	if n.Semaphore, ok = userfile.Offset(f, semaphore, elf.PF_W); !ok {
		return fmt.Errorf("semaphore of probe %s:%s at %#x is in no writable segment", n.Provider, n.Name, semaphore)
	}
	return nil
}

func readAddress(order binary.ByteOrder, b []byte, size int) uint64 {
	if size == 4 {
		return uint64(order.Uint32(b))
	}
	return order.Uint64(b)
}

// cstring cuts at the first NUL.
func cstring(b []byte) string {
	s, _, _ := strings.Cut(string(b), "\x00")
	return s
}
