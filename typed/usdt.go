package typed

import (
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"strings"
)

// This file reads the static probes (USDT) of an executable: the notes that
// <sys/sdt.h> leaves in the section .note.stapsdt
// (https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation). One
// probe can stand at many places, where the compiler inlined it; at each, its
// arguments can be elsewhere.
//
// usdt_args.go turns the arguments into what libbpf's usdt.bpf.h reads,
// usdt_linux.go attaches.

// usdtNote is one place of one probe.
type usdtNote struct {
	provider, name string
	machine        elf.Machine
	// args as the assembler says them: "-4@%edi 8@-1216(%rbp)".
	args string
	// offset of the instruction in the file, and its address in a process of a
	// file that is not position-independent.
	offset, address uint64
	// semaphore is the offset in the file of the probe's counter, 0 if it has
	// none.
	semaphore uint64
}

// usdtPlaces are all places of one probe. position says whether the file is
// position-independent.
func usdtPlaces(t usdtTarget) (places []usdtNote, position bool, err error) {
	f, err := elf.Open(t.path)
	if err != nil {
		return nil, false, err
	}
	defer f.Close()
	notes, err := usdtNotes(f)
	if err != nil {
		return nil, false, fmt.Errorf("%s: %w", t.path, err)
	}
	for _, n := range notes {
		if n.provider == t.provider && n.name == t.name {
			places = append(places, n)
		}
	}
	if len(places) == 0 {
		return nil, false, fmt.Errorf("no such probe in %s: %w", t.path, os.ErrNotExist)
	}
	return places, f.Type == elf.ET_DYN, nil
}

// usdtNotes are all places of all probes of a file.
func usdtNotes(f *elf.File) ([]usdtNote, error) {
	sec := f.Section(".note.stapsdt")
	if sec == nil {
		return nil, fmt.Errorf("no section .note.stapsdt: %w", os.ErrNotExist)
	}
	data, err := sec.Data()
	if err != nil {
		return nil, err
	}
	var notes []usdtNote
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
func parseNote(f *elf.File, desc []byte) (usdtNote, error) {
	size := 8
	if f.Class == elf.ELFCLASS32 {
		size = 4
	}
	if len(desc) < 3*size {
		return usdtNote{}, errBadNote
	}
	var addr [3]uint64
	for i := range addr {
		addr[i] = readAddress(f.ByteOrder, desc[i*size:], size)
	}
	part := strings.SplitN(string(desc[3*size:]), "\x00", 4)
	if len(part) < 4 || part[1] == "" {
		return usdtNote{}, errBadNote
	}
	n := usdtNote{provider: part[0], name: part[1], machine: f.Machine, args: part[2], address: addr[0]}
	if strings.HasPrefix(n.args, ":") {
		n.args = ""
	}
	return n, n.locate(f, addr[1], addr[2])
}

// locate makes offsets of addresses. Where prelink moved the file, the section
// .stapsdt.base has moved from the base that the note has.
func (n *usdtNote) locate(f *elf.File, base, semaphore uint64) error {
	if sec := f.Section(".stapsdt.base"); sec != nil && base != 0 {
		n.address += sec.Addr - base
	}
	var ok bool
	if n.offset, ok = fileOffset(f, n.address, elf.PF_X); !ok {
		return fmt.Errorf("probe %s:%s at %#x is in no executable segment", n.provider, n.name, n.address)
	}
	if semaphore == 0 {
		return nil
	}
	if n.semaphore, ok = fileOffset(f, semaphore, elf.PF_W); !ok {
		return fmt.Errorf("semaphore of probe %s:%s at %#x is in no writable segment", n.provider, n.name, semaphore)
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
