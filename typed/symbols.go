package typed

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"os"
	"path"
	"slices"
	"strconv"
	"strings"
)

// This file turns the patterns of kprobe.multi, kprobe.session and
// fentry.multi sections into functions of the running kernel, as libbpf does
// (bpf_program__attach_kprobe_multi_opts): of the functions that ftrace can
// reach, those that match.

// errNoSymbol says that a pattern or name matches nothing. It is an
// os.ErrNotExist.
var errNoSymbol error = noSymbolError{}

type noSymbolError struct{}

func (noSymbolError) Error() string { return "no such function" }
func (noSymbolError) Unwrap() error { return os.ErrNotExist }

// kernelSymbol is a function of the kernel.
type kernelSymbol struct {
	name string
	// address is 0 where only the name is known; the kernel then looks it up.
	address uintptr
}

// The mount points of tracefs, newest first.
var tracefsDirs = []string{"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}

// kernelSymbols are the functions that match a pattern, sorted by name. A
// pattern without * and ? is a name and is left to the kernel.
func kernelSymbols(pattern string) ([]kernelSymbol, error) {
	if !isPattern(pattern) {
		return namedSymbols([]string{pattern}), nil
	}
	// Linux ≥ 6.5 says addresses too, so that a name that several functions
	// have means all of them.
	f, err := openTracefs("available_filter_functions_addrs")
	if err == nil {
		defer f.Close()
		return matchSymbols(f, pattern)
	}
	f, err = openTracefs("available_filter_functions")
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

// namedSymbols are symbols by name alone.
func namedSymbols(names []string) []kernelSymbol {
	var symbols []kernelSymbol
	for _, name := range names {
		symbols = append(symbols, kernelSymbol{name: name})
	}
	return symbols
}

func openTracefs(name string) (*os.File, error) {
	var first error
	for _, dir := range tracefsDirs {
		f, err := os.Open(path.Join(dir, name))
		if err == nil {
			return f, nil
		}
		first = cmp.Or(first, err)
	}
	return nil, first
}

// matchSymbols reads lines of "[address ]name[ [module]]".
func matchSymbols(r io.Reader, pattern string) ([]kernelSymbol, error) {
	var symbols []kernelSymbol
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		s, ok := parseSymbol(strings.Fields(lines.Text()))
		if ok && globMatch(s.name, pattern) {
			symbols = append(symbols, s)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(symbols) == 0 {
		return nil, errNoSymbol
	}
	slices.SortFunc(symbols, func(a, b kernelSymbol) int {
		return cmp.Or(strings.Compare(a.name, b.name), cmp.Compare(a.address, b.address))
	})
	return slices.Compact(symbols), nil
}

// parseSymbol leaves out what the kernel has for functions it has discarded
// ("__ftrace_invalid_address___123", kernel/trace/ftrace.c).
func parseSymbol(field []string) (kernelSymbol, bool) {
	var address uint64
	if len(field) > 1 && !strings.HasPrefix(field[1], "[") {
		var err error
		if address, err = strconv.ParseUint(field[0], 16, 64); err != nil {
			return kernelSymbol{}, false
		}
		field = field[1:]
	}
	if len(field) == 0 || strings.HasPrefix(field[0], "__ftrace_invalid_address__") {
		return kernelSymbol{}, false
	}
	return kernelSymbol{name: field[0], address: uintptr(address)}, true
}

// knownSymbols leaves out what /proc/kallsyms does not have as a function: the
// kernel would refuse them all for one of those.
func knownSymbols(symbols []kernelSymbol) ([]kernelSymbol, error) {
	f, err := os.Open("/proc/kallsyms")
	if err != nil {
		return nil, err
	}
	defer f.Close()
	functions, err := kallsymsFunctions(f)
	if err != nil {
		return nil, err
	}
	known := slices.DeleteFunc(symbols, func(s kernelSymbol) bool { return !functions[s.name] })
	if len(known) == 0 {
		return nil, errNoSymbol
	}
	return known, nil
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

// globMatch is libbpf's glob_match: * is any characters, / included, ? is one.
func globMatch(s, pattern string) bool {
	for pattern != "" {
		switch {
		case pattern[0] == '*':
			rest := strings.TrimLeft(pattern, "*")
			for i := 0; i <= len(s); i++ {
				if globMatch(s[i:], rest) {
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

// isClosedConn says whether an error means that a net.Conn is closed; its
// text is all there is when the poller says so (internal/poll).
func isClosedConn(err error) bool {
	return err != nil && (errors.Is(err, os.ErrClosed) || strings.Contains(err.Error(), "use of closed"))
}
