// Package kernelsym turns the patterns of kprobe.multi, kprobe.session and
// fentry.multi sections into functions of the running kernel, as libbpf does
// (bpf_program__attach_kprobe_multi_opts): of the functions that ftrace can
// reach, those that match.
package kernelsym

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// ErrNoFunction says that a pattern or name matches nothing. It is an
// fs.ErrNotExist.
var ErrNoFunction error = noFunctionError{}

type noFunctionError struct{}

func (noFunctionError) Error() string { return "no such function" }
func (noFunctionError) Unwrap() error { return fs.ErrNotExist }

// ErrNoTracefs says that tracefs is not mounted.
var ErrNoTracefs = errors.New("tracefs is not mounted")

// Symbol is a function of the kernel.
type Symbol struct {
	Name string
	// Address is 0 where only the name is known; the kernel then looks it up.
	Address uint64
}

// tracefsDirs are the mount points of tracefs, newest first.
var tracefsDirs = []string{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}

// Functions are the functions that match a pattern, sorted by name. A
// pattern without * and ? is a name and is left to the kernel.
func Functions(pattern string) ([]Symbol, error) {
	if !isPattern(pattern) {
		return Named([]string{pattern}), nil
	}
	// Linux ≥ 6.5 says addresses too, so that a name that several functions
	// have means all of them.
	f, err := OpenTracefs("available_filter_functions_addrs")
	if err == nil {
		defer f.Close()
		return matchSymbols(f, pattern)
	}
	f, err = OpenTracefs("available_filter_functions")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	symbols, err := matchSymbols(f, pattern)
	if err != nil {
		return nil, err
	}
	return knownSymbols(symbols)
}

// Named are symbols by name alone.
func Named(names []string) []Symbol {
	var symbols []Symbol
	for _, name := range names {
		symbols = append(symbols, Symbol{Name: name})
	}
	return symbols
}

// At are symbols by address, whose names are the addresses.
func At(addresses []uint64) []Symbol {
	var symbols []Symbol
	for _, address := range addresses {
		symbols = append(symbols, Symbol{Name: fmt.Sprintf("%#x", address), Address: address})
	}
	return symbols
}

// OpenTracefs opens a file of tracefs. If it is not there, the error wraps
// [ErrNoTracefs], or fs.ErrNotExist of a file that the kernel lacks.
func OpenTracefs(name string) (*os.File, error) {
	for _, dir := range tracefsDirs {
		f, err := os.Open(path.Join(dir, name))
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
		// Every tracefs has a README (kernel/trace/trace.c).
		if _, unmounted := os.Stat(path.Join(dir, "README")); unmounted == nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("%s: %w", name, ErrNoTracefs)
}

// matchSymbols reads lines of "[address ]name[ [module]]".
func matchSymbols(r io.Reader, pattern string) ([]Symbol, error) {
	var symbols []Symbol
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		s, ok := parseSymbol(strings.Fields(lines.Text()))
		if ok && Match(s.Name, pattern) {
			symbols = append(symbols, s)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(symbols) == 0 {
		return nil, ErrNoFunction
	}
	slices.SortFunc(symbols, func(a, b Symbol) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.Address, b.Address))
	})
	return slices.Compact(symbols), nil
}

// parseSymbol leaves out what the kernel has for functions it has discarded
// ("__ftrace_invalid_address___123", kernel/trace/ftrace.c).
func parseSymbol(field []string) (Symbol, bool) {
	var address uint64
	if len(field) > 1 && !strings.HasPrefix(field[1], "[") {
		var err error
		if address, err = strconv.ParseUint(field[0], 16, 64); err != nil {
			return Symbol{}, false
		}
		field = field[1:]
	}
	if len(field) == 0 || strings.HasPrefix(field[0], "__ftrace_invalid_address__") {
		return Symbol{}, false
	}
	return Symbol{Name: field[0], Address: address}, true
}

// knownSymbols leaves out what /proc/kallsyms does not have as a function: the
// kernel would refuse them all for one of those.
func knownSymbols(symbols []Symbol) ([]Symbol, error) {
	f, err := os.Open("/proc/kallsyms")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	functions, err := kallsymsFunctions(f)
	if err != nil {
		return nil, err
	}
	known := slices.DeleteFunc(symbols, func(s Symbol) bool { return !functions[s.Name] })
	if len(known) == 0 {
		return nil, ErrNoFunction
	}
	return known, nil
}

// Variants are the functions of the running kernel with that name, and those
// that a compiler makes of it: "vfs_open.isra.0", "vfs_open.constprop.0".
func Variants(name string) ([]string, error) {
	all, err := os.ReadFile("/proc/kallsyms")
	if err != nil {
		return nil, err
	}
	return variants(all, name), nil
}

// variants looks for the name before it takes a line apart: there are hundreds
// of thousands.
func variants(all []byte, name string) (found []string) {
	want := []byte(" " + name)
	for {
		i := bytes.Index(all, want)
		if i < 0 {
			slices.Sort(found)
			return slices.Compact(found)
		}
		kind := all[max(i-1, 0)]
		all = all[i+1:]
		end := bytes.IndexAny(all, "\t\n")
		if end < 0 {
			end = len(all)
		}
		fn := string(all[:end])
		if strings.ContainsRune("tTwW", rune(kind)) && (fn == name || strings.HasPrefix(fn, name+".") && !strings.HasPrefix(fn, name+".cold")) {
			found = append(found, fn)
		}
	}
}

// Addresses fills in the addresses of symbols by their names; those that the
// kernel does not have stay 0. hidden says that it shows this process no address
// of any symbol. A name that several symbols have is an error.
func Addresses(symbols map[string]uint64) (hidden bool, err error) {
	f, err := os.Open("/proc/kallsyms")
	if err != nil {
		return false, err
	}
	defer f.Close()
	return addresses(f, symbols)
}

// addresses reads lines of "address type name[\t[module]]".
func addresses(r io.Reader, symbols map[string]uint64) (hidden bool, err error) {
	hidden = true
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		field := bytes.Fields(lines.Bytes())
		if len(field) < 3 {
			continue
		}
		shown := len(bytes.Trim(field[0], "0")) > 0
		hidden = hidden && !shown
		known, wanted := symbols[string(field[2])]
		if !wanted || !shown {
			continue
		}
		address, err := strconv.ParseUint(string(field[0]), 16, 64)
		if err != nil {
			return false, err
		}
		if known != 0 && known != address {
			return false, fmt.Errorf("the kernel has several symbols %s, at %#x and %#x", field[2], known, address)
		}
		symbols[string(field[2])] = address
	}
	return hidden, lines.Err()
}

// Forbidden says whether the kernel lists a function as one that kprobes may
// not go to. It is false if the list cannot be read.
func Forbidden(name string) bool {
	f, err := os.Open("/sys/kernel/debug/kprobes/blacklist")
	if err != nil {
		return false
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() { // "0xaddress-0xaddress\tname"
		if field := strings.Fields(lines.Text()); len(field) == 2 && field[1] == name {
			return true
		}
	}
	return false
}

// kallsymsFunctions reads lines of "address type name[\t[module]]".
func kallsymsFunctions(r io.Reader) (map[string]bool, error) {
	functions := make(map[string]bool)
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		field := strings.Fields(lines.Text())
		if len(field) >= 3 && strings.Contains("tTwW", field[1]) {
			functions[field[2]] = true
		}
	}
	return functions, lines.Err()
}

func isPattern(s string) bool { return strings.ContainsAny(s, "*?") }

// Match is libbpf's glob_match: * is any characters, / included, ? is one.
func Match(s, pattern string) bool {
	for pattern != "" {
		switch {
		case pattern[0] == '*':
			rest := strings.TrimLeft(pattern, "*")
			for i := 0; i <= len(s); i++ {
				if Match(s[i:], rest) {
					return true
				}
			}
			return false
		case s == "" || pattern[0] != '?' && pattern[0] != s[0]:
			return false
		}
		s, pattern = s[1:], pattern[1:]
	}
	return s == ""
}
