package gopkg

import (
	"context"
	"os"
	"path/filepath"
	"testing"
)

func TestLegal(t *testing.T) {
	for in, want := range map[string]string{
		"counter":    "counter",
		"Counter":    "counter",
		"my-tool":    "mytool",
		"go-netmon":  "netmon",
		"netmon.go":  "netmon",
		"2fast":      "fast",
		"_x":         "x",
		"func":       "funcpkg",
		"123":        "main",
		"/":          "main",
		"a`b\n\"c*/": "abc",
		"größe":      "größe",
	} {
		if got := Legal(in); got != want {
			t.Errorf("Legal(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestName(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "my-[dir]")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	env := append(os.Environ(), "GOFLAGS=", "GOWORK=off")
	check := func(want string) {
		t.Helper()
		if got, err := Name(context.Background(), dir, env); err != nil || got != want {
			t.Errorf("Name = %q, %v, want %q", got, err, want)
		}
	}
	write := func(name, content string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	check("mydir")
	write("go.mod", "module example.com/x\n")
	write("a.go", "package named\n")
	check("named")
	// A package that does not build still has its name.
	write("a.go", "package named\n\nvar x = missing\n")
	check("named")
}

// The C source of an eBPF program often lies there without //go:build ignore.
func TestNameBesideC(t *testing.T) {
	dir := t.TempDir()
	for name, content := range map[string]string{
		"go.mod": "module example.com/x\n",
		"a.go":   "package named\n",
		"a.c":    "int x;\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := Name(context.Background(), dir, append(os.Environ(), "GOFLAGS=", "GOWORK=off"))
	if err != nil || got != "named" {
		t.Errorf("Name = %q, %v, want named", got, err)
	}
}

// Outside of a module the go command knows no package: the files do.
func TestNameWithoutModule(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "dirname")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct{ file, content, want string }{
		{"a_ignored.go", "//go:build ignore\n\npackage main\n", "dirname"},
		{"broken.go", "no Go at all\n", "dirname"},
		{"b_test.go", "package named_test\n", "named"},
		{"c.go", "package named\n\nsyntax error\n", "named"},
	} {
		if err := os.WriteFile(filepath.Join(dir, step.file), []byte(step.content), 0o666); err != nil {
			t.Fatal(err)
		}
		got, err := Name(context.Background(), dir, append(os.Environ(), "GOFLAGS=", "GOWORK=off"))
		if err != nil || got != step.want {
			t.Errorf("with %s: Name = %q, %v, want %q", step.file, got, err, step.want)
		}
	}
}

// The go command is asked only where files are of several packages.
func TestNameFromClauses(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"one", map[string]string{"a.go": "package named\n", "a_test.go": "package named_test\n"}, "named"},
		{"other systems", map[string]string{"a.go": "package named\n", "a_windows.go": "package named\n", "b.go": "//go:build x\n\npackage named\n"}, "named"},
		{"a program beside", map[string]string{"a.go": "package named\n", "gen.go": "//go:build ignore\n\npackage main\n"}, ""},
		{"nothing is built", map[string]string{"gen.go": "//go:build ignore\n\npackage main\n"}, ""},
		{"tests alone", map[string]string{"a_test.go": "package named\n"}, ""},
		{"no Go", map[string]string{"a.go": "package named\n", "b.go": "?\n"}, ""},
		{"documentation", map[string]string{"a.go": "package documentation\n"}, ""},
		{"hidden", map[string]string{"a.go": "package named\n", "_b.go": "package other\n", ".c.go": "package other\n"}, "named"},
	} {
		dir := t.TempDir()
		for name, content := range test.files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		if got := fromClauses(dir); got != test.want {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
	}
}
