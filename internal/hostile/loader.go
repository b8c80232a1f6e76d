package hostile

// What the library's loader (LoadCollectionSpecFromReader of v0.22.0:
// elf_reader.go, linker.go, btf/ext_info.go) allocates for an object, where
// that is not in proportion to the file: it copies data sections, .bss
// included, and every variable in them; the code of every function, and into
// every program that of all functions that it calls; for every variable all
// types that its own refers to. In a sane object the symbols of a section do
// not overlap, and few variables refer to many types; in a hostile one
// thousands of small things each ask for a copy of the largest.

import (
	"debug/elf"
	"encoding/binary"
	"fmt"
	"strings"
)

const (
	// codeFactor is how many bytes the library keeps of a byte of code: an
	// asm.Instruction and its metadata for 8 bytes.
	codeFactor = 16
	// callFactor is how many it copies of a byte of code that is called.
	callFactor = 4
)

// CheckLoader refuses an object that the library's loader would need too much
// memory or time for.
func (o *Object) CheckLoader() error {
	left := budget(maxLoaderBytes)
	o.chargeSections(&left)
	o.chargeCalls(&left)
	o.chargeVariables(&left)
	o.chargeStructOps(&left)
	if left < 0 {
		return fmt.Errorf("reading it would take more than %d MiB of memory", maxLoaderBytes>>20)
	}
	if err := o.checkLookups(); err != nil {
		return err
	}
	return o.checkExtInfos()
}

// budget is a number of bytes that is left, below 0 if it was not enough.
type budget int64

func (b *budget) take(bytes uint64) {
	if *b >= 0 {
		*b -= budget(min(bytes, maxLoaderBytes+1))
	}
}

// takeEach takes the same for each of n things.
func (b *budget) takeEach(n int, bytes uint64) {
	if n > 0 && bytes > maxLoaderBytes/uint64(n) {
		bytes = maxLoaderBytes + 1
	}
	b.take(uint64(n) * bytes)
}

// allows says whether that much is left.
func (b budget) allows(n int, bytes uint64) bool {
	b.takeEach(n, bytes)
	return b >= 0
}

// The roles of sections, as LoadCollectionSpecFromReader tells them apart.

func (s section) isData() bool {
	return s.name == ".bss" || strings.HasPrefix(s.name, ".data") || strings.HasPrefix(s.name, ".rodata")
}

func (s section) isMaps() bool { return s.name == ".maps" || strings.HasPrefix(s.name, "maps") }

func (s section) isCode() bool {
	return s.typ == elf.SHT_PROGBITS && s.flags&elf.SHF_EXECINSTR != 0 && !s.isData() && !s.isMaps()
}

func (s section) isStructOps() bool { return s.name == ".struct_ops.link" }

// chargeSections counts the copies of data and code that sections and symbols
// ask for.
func (o *Object) chargeSections(left *budget) {
	for _, s := range o.sections {
		if s.isData() || s.isStructOps() {
			left.take(s.size)
		}
	}
	for _, sym := range o.symbols {
		s := o.sectionOf(sym)
		switch {
		case s.isData():
			left.take(min(sym.size, s.size))
		case s.isMaps(), s.isCode():
			left.takeEach(codeFactor, min(sym.size, s.size))
		}
	}
}

// sectionOf is the section of a symbol, an empty one for none.
func (o *Object) sectionOf(sym symbol) section {
	if int(sym.section) < len(o.sections) {
		return o.sections[sym.section]
	}
	return section{}
}

// chargeCalls counts the code of functions that is copied into the programs
// that call them: flattenPrograms in linker.go. Which function calls which is
// not looked for: a section that has a call counts as if each program in it
// called all functions of all sections that have one that is called.
func (o *Object) chargeCalls(left *budget) {
	programs, all := make([]int, len(o.sections)), 0
	for _, sym := range o.symbols {
		if s := o.sectionOf(sym); s.isCode() && s.name != ".text" && sym.typ != elf.STT_SECTION {
			programs[sym.section]++
			all++
		}
	}
	if left.allows(all, callFactor*o.codeBytes(nil)) {
		return
	}
	calls, called := o.calls()
	code := o.codeBytes(called)
	for i := range calls {
		left.takeEach(programs[i], callFactor*code)
	}
}

// codeBytes is the size of some sections of code, nil for all.
func (o *Object) codeBytes(some map[int]bool) (sum uint64) {
	for i, s := range o.sections {
		if s.isCode() && (some == nil || some[i]) {
			sum += min(s.size, maxLoaderBytes)
		}
	}
	return sum
}

// calls says which sections have code that refers to functions, and which have
// functions that code refers to: by a relocation, or by an offset within the
// section (LLVM before 10).
func (o *Object) calls() (calls, called map[int]bool) {
	calls, called = make(map[int]bool), make(map[int]bool)
	for i, relocated := range o.relocations() {
		for _, target := range relocated {
			if o.sections[target].isCode() {
				calls[i], called[target] = true, true
			}
		}
		if o.callsByOffset(o.sections[i], relocated) {
			calls[i], called[i] = true, true
		}
	}
	return calls, called
}

// relocations are, of each section of code, the offsets that are relocated with
// the sections of the symbols that they refer to.
func (o *Object) relocations() map[int]map[uint64]int {
	all := make(map[int]map[uint64]int)
	for i, s := range o.sections {
		if s.isCode() {
			all[i] = make(map[uint64]int)
		}
	}
	for _, s := range o.sections {
		of := all[int(s.info)]
		if s.typ != elf.SHT_REL || of == nil {
			continue
		}
		raw, err := o.data(s)
		if err != nil {
			continue // the library cannot read it either
		}
		for ; len(raw) >= 16; raw = raw[16:] { // Elf64_Rel: r_offset, r_info
			n := elf.R_SYM64(o.order.Uint64(raw[8:]))
			if int64(n) < int64(len(o.symbols)) && int(o.symbols[n].section) < len(o.sections) {
				of[o.order.Uint64(raw)] = int(o.symbols[n].section)
			}
		}
	}
	return all
}

// callsByOffset looks for a BPF_PSEUDO_CALL that no relocation is for.
func (o *Object) callsByOffset(s section, relocated map[uint64]int) bool {
	code, err := o.data(s)
	if err != nil {
		return false // the library cannot read it either
	}
	const call, pseudoCall = 0x85, 1
	for at := 0; at+8 <= len(code); at += 8 {
		source := code[at+1] >> 4 // src_reg, a bitfield
		if o.order == binary.ByteOrder(binary.BigEndian) {
			source = code[at+1] & 0xf
		}
		if code[at] != call || source != pseudoCall {
			continue
		}
		if _, ok := relocated[uint64(at)]; !ok {
			return true
		}
	}
	return false
}
