package kernelsym

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMatch(t *testing.T) {
	for _, test := range []struct {
		s, pattern string
		want       bool
	}{
		{"vfs_open", "vfs_open", true},
		{"vfs_open", "vfs_*", true},
		{"vfs_open", "*", true},
		{"vfs_open", "*open", true},
		{"vfs_open", "v*o*n", true},
		{"vfs_open", "vfs_ope?", true},
		{"vfs_open", "vfs_open?", false},
		{"vfs_open", "vfs_opens", false},
		{"vfs_open", "vfs", false},
		{"vfs_open", "", false},
		{"", "", true},
		{"", "**", true},
		{"a/b", "a*b", true},
	} {
		if got := Match(test.s, test.pattern); got != test.want {
			t.Errorf("Match(%q, %q) = %v", test.s, test.pattern, got)
		}
	}
}

func TestMatchSymbols(t *testing.T) {
	const names = `vfs_write
vfs_read
vfs_read
tcp_connect
vfs_open [some_module]
__ftrace_invalid_address___16
`
	got, err := matchSymbols(strings.NewReader(names), "vfs_*")
	if err != nil {
		t.Fatal(err)
	}
	want := []Symbol{{Name: "vfs_open"}, {Name: "vfs_read"}, {Name: "vfs_write"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}

	const addresses = `ffffffff81000010 dup
ffffffff81000020 dup [module]
ffffffff81000030 __ftrace_invalid_address___16
`
	got, err = matchSymbols(strings.NewReader(addresses), "*")
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || uint32(got[0].Address) != 0x81000010 || uint32(got[1].Address) != 0x81000020 {
		t.Errorf("a name of two functions: %v", got)
	}

	_, err = matchSymbols(strings.NewReader(names), "nothing*")
	if !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no match: %v", err)
	}
}

func TestKallsymsFunctions(t *testing.T) {
	got, err := kallsymsFunctions(strings.NewReader(`ffffffff81000000 T vfs_open
ffffffff81000010 t static_one
ffffffff81000020 D some_data
0000000000000000 t in_module	[module]
`))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]bool{"vfs_open": true, "static_one": true, "in_module": true}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestVariants(t *testing.T) {
	const symbols = `ffffffff81000000 T vfs_open
ffffffff81000010 t vfs_read.isra.0
ffffffff81000020 D vfs_data
ffffffff81000020 t vfs_read.cold
ffffffff81000030 t vfs_read_more
0000000000000000 t in_module	[module]
0000000000000000 t vfs_read.constprop.1	[module]
ffffffff81000040 t last`
	for name, want := range map[string][]string{
		"vfs_open": {"vfs_open"}, "vfs_read": {"vfs_read.constprop.1", "vfs_read.isra.0"}, "vfs_data": nil,
		"in_module": {"in_module"}, "last": {"last"}, "none": nil,
	} {
		if diff := cmp.Diff(want, variants([]byte(symbols), name)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestAddresses(t *testing.T) {
	const shown = `0000000000000000 A fixed_percpu_data
ffffffff81000010 T vfs_open
ffffffff81000020 t twice
ffffffff81000030 t twice	[module]
`
	want := map[string]uint64{"vfs_open": 0, "never_was": 0}
	hidden, err := addresses(strings.NewReader(shown), want)
	if err != nil || hidden || want["vfs_open"] != 0xffffffff81000010 || want["never_was"] != 0 {
		t.Error(want, hidden, err)
	}
	if _, err := addresses(strings.NewReader(shown), map[string]uint64{"twice": 0}); err == nil || !strings.Contains(err.Error(), "several symbols twice") {
		t.Error(err)
	}
	const none = "0000000000000000 T vfs_open\n"
	if hidden, err := addresses(strings.NewReader(none), map[string]uint64{"vfs_open": 0}); err != nil || !hidden {
		t.Error(hidden, err)
	}
}

// No tracefs is told apart from a tracefs of a kernel that lacks the file.
func TestTracefsMissing(t *testing.T) {
	before := tracefsDirs
	t.Cleanup(func() { tracefsDirs = before })
	dir := t.TempDir()
	tracefsDirs = []string{filepath.Join(dir, "unmounted"), dir}
	if _, err := Functions("vfs_*"); !errors.Is(err, ErrNoTracefs) || errors.Is(err, ErrNoFunction) {
		t.Errorf("without tracefs: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "README"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Functions("vfs_*"); !errors.Is(err, fs.ErrNotExist) || errors.Is(err, ErrNoTracefs) {
		t.Errorf("tracefs without ftrace: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "available_filter_functions_addrs"), []byte("ffffffff81000010 tcp_connect\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Functions("vfs_*"); !errors.Is(err, ErrNoFunction) {
		t.Errorf("no function matches: %v", err)
	}
}
