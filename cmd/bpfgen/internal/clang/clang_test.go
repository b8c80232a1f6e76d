package clang

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWords(t *testing.T) {
	for _, test := range []struct {
		in   string
		want []string
	}{
		{"", nil},
		{"   ", nil},
		{"foo", []string{"foo"}},
		{" foo  bar ", []string{"foo", "bar"}},
		{"-I a\t-I\nb", []string{"-I", "a", "-I", "b"}},
		{`foo "bar baz"`, []string{"foo", "bar baz"}},
		{`foo 'bar "baz'`, []string{"foo", `bar "baz`}},
		{`-DX="a b" c`, []string{"-DX=a b", "c"}},
		{`-DX=\"a\"`, []string{`-DX="a"`}},
		{`"" ''`, []string{"", ""}},
		{`a\ b`, []string{"a b"}},
	} {
		got, err := Words(test.in)
		if err != nil || !slices.Equal(got, test.want) {
			t.Errorf("Words(%q) = %q, %v, want %q", test.in, got, err, test.want)
		}
	}
	for _, in := range []string{`"foo`, `foo'`, `foo\`} {
		if got, err := Words(in); err == nil {
			t.Errorf("Words(%q) = %q, want an error", in, got)
		}
	}
}

func TestDependencies(t *testing.T) {
	const rules = "main.go: /foo/bar baz\n\nfrob: /gobble \\\n gub\\ ble$$ \\\n\nnothing:\n"
	deps, err := ParseDependencies("/foo", rules)
	if err != nil {
		t.Fatal(err)
	}
	want := []Dependency{
		{"/foo/main.go", []string{"/foo/bar", "/foo/baz"}},
		{"/foo/frob", []string{"/gobble", "/foo/gub ble$"}},
		{"/foo/nothing", nil},
	}
	if diff := cmp.Diff(want, deps); diff != "" {
		t.Errorf("dependencies differ (-want +got):\n%s", diff)
	}
	got, err := FormatDependencies("/foo", deps)
	if err != nil {
		t.Fatal(err)
	}
	const wantRules = "main.go: \\\n bar \\\n baz\n\nfrob: \\\n ../gobble \\\n gub\\ ble$$\n\nnothing:\n\n"
	if diff := cmp.Diff(wantRules, string(got)); diff != "" {
		t.Errorf("rules differ (-want +got):\n%s", diff)
	}
	for _, bad := range []string{"", "\n", "no rule\n"} {
		if deps, err := ParseDependencies("/", bad); err == nil {
			t.Errorf("ParseDependencies(%q) = %v, want an error", bad, deps)
		}
	}
}

// The defaults stand before the user's flags, so that these win, and what
// makes objects reproducible behind them.
func TestArgumentsOrder(t *testing.T) {
	c := &Compiler{CC: []string{"ccache", "clang-19", "-Wextra"}, Flags: []string{"-O1"}, Source: "/src/a.c"}
	got := strings.Join(c.arguments(Target{Clang: "bpfel", Linux: "x86"}, "/tmp/a.o"), " ")
	const want = "clang-19 -O2 -mcpu=v1 -Wextra -O1 -D__TARGET_ARCH_x86 -Wunused-command-line-argument" +
		" -target bpfel -c /src/a.c -o /tmp/a.o -fno-ident -ffile-prefix-map=/src=. -fdebug-compilation-dir . -g -gdwarf-5 -gembed-source "
	if !strings.HasPrefix(got, want) {
		t.Errorf("arguments are\n%s\nwant\n%s…", got, want)
	}
}

func TestStripsOf(t *testing.T) {
	for _, test := range []struct {
		cc   string
		want string
	}{
		{"clang", "llvm-strip"},
		{"clang-19", "llvm-strip-19 llvm-strip"},
		{"ccache clang-19", "llvm-strip-19 llvm-strip"},
		{"/opt/bin/clang-19", "/opt/bin/llvm-strip-19 llvm-strip-19 llvm-strip"},
		{"mycc", "llvm-strip"},
	} {
		if got := strings.Join(stripsOf(strings.Fields(test.cc)), " "); got != test.want {
			t.Errorf("stripsOf(%s) = %s, want %s", test.cc, got, test.want)
		}
	}
}

// A header that is missing on many machines is an error that says what to do.
func TestHint(t *testing.T) {
	includes := t.TempDir()
	dir := filepath.Join(includes, "x86_64-linux-gnu")
	if err := os.MkdirAll(filepath.Join(dir, "asm"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "asm/types.h"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{
		"asm/types.h":       "; asm/types.h is in " + dir + ": add -I" + dir + " behind --, or to -cflags or BPF2GO_CFLAGS",
		"vmlinux.h":         "; make vmlinux.h with: bpftool btf dump file /sys/kernel/btf/vmlinux format c > vmlinux.h",
		"bpf/bpf_helpers.h": "; bpf/bpf_helpers.h belongs to libbpf: install its headers (Debian: libbpf-dev), or add -I and their directory behind --",
		"mine.h":            "",
	} {
		if got := hint("a.c:1:10: fatal error: '"+header+"' file not found\n", includes); got != want {
			t.Errorf("of %s: %q, want %q", header, got, want)
		}
	}
	if got := hint("a.c:1:1: error: expected identifier\n", includes); got != "" {
		t.Errorf("of another error: %q", got)
	}
}
