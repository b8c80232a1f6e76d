package typed

import (
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestGlobMatch(t *testing.T) {
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
		if got := globMatch(test.s, test.pattern); got != test.want {
			t.Errorf("globMatch(%q, %q) = %v", test.s, test.pattern, got)
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
	want := []kernelSymbol{{name: "vfs_open"}, {name: "vfs_read"}, {name: "vfs_write"}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(kernelSymbol{})); diff != "" {
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
	if len(got) != 2 || uint32(got[0].address) != 0x81000010 || uint32(got[1].address) != 0x81000020 {
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

func TestSplitOffset(t *testing.T) {
	for _, test := range []struct {
		symbol, name string
		offset       uint64
		ok           bool
	}{
		{"f", "f", 0, true},
		{"f+16", "f", 16, true},
		{"f+0x10", "f", 16, true},
		{"f+", "", 0, false},
		{"f+x", "", 0, false},
		{"f+-1", "", 0, false},
	} {
		name, offset, err := splitOffset(test.symbol)
		if name != test.name || offset != test.offset || (err == nil) != test.ok {
			t.Errorf("splitOffset(%q) = %q, %d, %v", test.symbol, name, offset, err)
		}
	}
}

func TestSymbolVersions(t *testing.T) {
	old := userSymbol{name: "memcpy", version: "GLIBC_2.2.5", hidden: true}
	current := userSymbol{name: "memcpy", version: "GLIBC_2.14"}
	for _, test := range []struct {
		name         string
		old, current bool
	}{
		{"memcpy", false, true},
		{"memcpy@GLIBC_2.2.5", true, false},
		{"memcpy@@GLIBC_2.14", false, true},
		{"memcpy@GLIBC_9", false, false},
		{"memmove", false, false},
	} {
		if got := old.is(test.name); got != test.old {
			t.Errorf("%s means the old version: %v", test.name, got)
		}
		if got := current.is(test.name); got != test.current {
			t.Errorf("%s means the current version: %v", test.name, got)
		}
	}
}

func TestFindExecutable(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"libprobed.so.1", "probed"} {
		if err := os.WriteFile(dir+"/"+name, nil, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", "/nowhere:"+dir)
	t.Setenv("LD_LIBRARY_PATH", "")
	if got, err := findExecutable("probed"); err != nil || got != dir+"/probed" {
		t.Errorf("program: %q, %v", got, err)
	}
	if _, err := findExecutable("libprobed.so.1"); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a library was looked for in PATH: %v", err)
	}
	t.Setenv("LD_LIBRARY_PATH", dir)
	if got, err := findExecutable("libprobed.so.1"); err != nil || got != dir+"/libprobed.so.1" {
		t.Errorf("library: %q, %v", got, err)
	}
}
