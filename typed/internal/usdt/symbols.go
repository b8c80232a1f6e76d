package usdt

import (
	"debug/elf"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// This file puts numbers in the place of symbols in the arguments of probes. GCC has
// operands of global variables so, "-4@global(%rip)", "8@16+array(%rip)" and, where the file is not
// position-independent, "8@array+8(,%rax,8)". libbpf refuses these. What the program
// sees as rip is the address of the probe, from which a symbol is as far in each
// process; so an operand without a base has that for one.

// symbolic is an operand of x86-64 with a symbol in it.
func symbolic() *regexp.Regexp {
	symbolicForm.once.Do(func() {
		symbolicForm.re = regexp.MustCompile(`@\s*(?:(-?\d+)\+)?([A-Za-z_.$][\w.$]*)((?:[+-]\d+)*)\(\s*(%\w+)?\s*(,[^)]*)?\)`)
	})
	return symbolicForm.re
}

// symbolicForm is no sync.OnceValue: that would have package regexp in every program.
var symbolicForm struct {
	once sync.Once
	re   *regexp.Regexp
}

// resolve puts the distances of symbols from the probe into its arguments. What the
// file does not have, as where it is stripped, is left as it is: parseArgs says so,
// if the arguments are asked for.
func (n *Place) resolve(symbols func() map[string]uint64) {
	if n.Machine != elf.EM_X86_64 || !strings.Contains(n.Args, "(") {
		return
	}
	n.Args = symbolic().ReplaceAllStringFunc(n.Args, func(text string) string {
		part := symbolic().FindStringSubmatch(text)
		name, terms, base, index := part[2], part[1]+part[3], part[4], part[5]
		address, ok := symbols()[name]
		if !ok {
			return text
		}
		if base == "" || base == "%rip" {
			base, address = "%rip", address-n.Address
		}
		offset, ok := plus(int64(address), terms)
		if !ok {
			return text
		}
		return fmt.Sprintf("@%d(%s%s)", offset, base, index)
	})
}

// plus adds what stands before and behind a symbol: "16", "+8", "-16+4".
func plus(n int64, terms string) (int64, bool) {
	for terms != "" {
		end := strings.IndexAny(terms[1:], "+-") + 1
		if end == 0 {
			end = len(terms)
		}
		term, err := strconv.ParseInt(terms[:end], 10, 64)
		if err != nil {
			return 0, false
		}
		n, terms = n+term, terms[end:]
	}
	return n, true
}

// addresses are those of the symbols whose name no other has.
func addresses(f *elf.File) map[string]uint64 {
	static, _ := f.Symbols() // a file may have neither
	dynamic, _ := f.DynamicSymbols()
	found, several := make(map[string]uint64), make(map[string]bool)
	for _, s := range append(static, dynamic...) {
		typ := elf.ST_TYPE(s.Info)
		if s.Section == elf.SHN_UNDEF || typ == elf.STT_TLS || typ == elf.STT_GNU_IFUNC || typ == elf.STT_FILE {
			continue
		}
		if before, ok := found[s.Name]; ok && before != s.Value {
			several[s.Name] = true
		}
		found[s.Name] = s.Value
	}
	for name := range several {
		delete(found, name)
	}
	return found
}
