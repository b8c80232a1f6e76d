package gogen

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestCalls(t *testing.T) {
	for _, test := range []struct {
		line          string
		tool, version string
		program       string // as it stands in the line
		args          []string
	}{
		{"bpfgen counter counter.c", "bpfgen", "", "bpfgen", []string{"counter", "counter.c"}},
		{"go tool bpfgen x y", "bpfgen", "", "go tool bpfgen", []string{"x", "y"}},
		{"go tool -modfile=tools.mod bpfgen x y", "bpfgen", "", "go tool -modfile=tools.mod bpfgen", []string{"x", "y"}},
		{"go tool -modfile tools.mod example.com/cmd/bpf2go x", "bpf2go", "", "go tool -modfile tools.mod example.com/cmd/bpf2go", []string{"x"}},
		{"go run example.com/cmd/bpf2go@v0.22.0 -cc clang x y -- -I.", "bpf2go", "v0.22.0", "go run example.com/cmd/bpf2go@v0.22.0", []string{"-cc", "clang", "x", "y", "--", "-I."}},
		{"go run -mod=mod -tags a,b example.com/bpfgen/v2 x", "bpfgen", "", "go run -mod=mod -tags a,b example.com/bpfgen/v2", []string{"x"}},
		{"env GOOS= GOARCH= go tool bpfgen x", "bpfgen", "", "go tool bpfgen", []string{"x"}},
		{"env -u GOOS A=b bpfgen x", "bpfgen", "", "bpfgen", []string{"x"}},
		{`bpfgen "a b" "c\td"`, "bpfgen", "", "bpfgen", []string{"a b", "c\td"}},
		{"$TOOL x", "bpf2go", "", "$TOOL", []string{"x"}},
		{"../bin/bpfgen.exe x", "bpfgen", "", "../bin/bpfgen.exe", []string{"x"}},
		{"bpfgen $GOPACKAGE $GOFILE $GOLINE $DOLLAR", "bpfgen", "", "bpfgen", []string{"p", "f.go", "3", "$"}},
	} {
		lines := Parse("/d/f.go", []byte("package p\n\n//go:generate "+test.line+"\n"), []string{"TOOL=/usr/bin/bpf2go"})
		if len(lines) != 1 {
			t.Fatalf("%s: %d lines", test.line, len(lines))
		}
		c, ok := lines[0].Call()
		if !ok || c.Tool != test.tool || c.Version != test.version {
			t.Errorf("%s: %+v, %t, want %s@%s", test.line, c, ok, test.tool, test.version)
		}
		if diff := cmp.Diff(test.args, c.Args); diff != "" {
			t.Errorf("%s: arguments (-want +got):\n%s", test.line, diff)
		}
		if got := lines[0].Text[c.Start:c.End]; got != test.program {
			t.Errorf("%s: the program is %q, want %q", test.line, got, test.program)
		}
	}
}

func TestCommandLinesAndErrors(t *testing.T) {
	content := `package p
//go:generate -command gen go run example.com/bpfgen@v1
//go:generate gen x y
//go:generate
//go:generate "unclosed
//go:generate bpfgen $NOT_SET
// go:generate no line
	//go:generate no line either
//go:generate sh -c "bpfgen x"
`
	lines := Parse("/d/f.go", []byte(content), nil)
	if len(lines) != 4 {
		t.Fatalf("%d lines: %+v", len(lines), lines)
	}
	if c, ok := lines[0].Call(); !ok || c.Tool != "bpfgen" || c.Version != "v1" || lines[0].Number != 3 || c.End != 0 {
		t.Errorf("an alias gives %+v of line %d", c, lines[0].Number)
	}
	if lines[1].Err == nil {
		t.Error("an open quote is no error")
	}
	if diff := cmp.Diff([]string{"NOT_SET"}, lines[2].Unset); diff != "" {
		t.Error(diff)
	}
	if c, _ := lines[3].Call(); c.Tool != "sh" {
		t.Errorf("a shell gives %+v", c)
	}
}

func TestDirectories(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"a/b", "a/testdata", "a/_c", "a/.d", "vendor/x", "other"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(root, "other/go.mod"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		patterns, want, other []string
	}{
		{[]string{"./..."}, []string{".", "a", "a/b"}, nil},
		{[]string{"./a/...", "./a"}, []string{"a", "a/b"}, nil},
		{[]string{"."}, []string{"."}, nil},
		{[]string{"./a/testdata", "example.com/x"}, []string{"a/testdata"}, []string{"example.com/x"}},
		{[]string{"./a..."}, nil, []string{"./a..."}},
	} {
		dirs, other, err := Directories(root, test.patterns)
		if err != nil {
			t.Fatal(err)
		}
		var rel []string
		for _, d := range dirs {
			r, err := filepath.Rel(root, d)
			if err != nil {
				t.Fatal(err)
			}
			rel = append(rel, r)
		}
		if diff := cmp.Diff(test.want, rel); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.patterns, diff)
		}
		if diff := cmp.Diff(test.other, other); diff != "" {
			t.Errorf("%v, others (-want +got):\n%s", test.patterns, diff)
		}
	}
	if _, _, err := Directories(root, []string{"./nowhere"}); err == nil {
		t.Error("a directory that is not there is no error")
	}
}

// What go.mod has the go command ignore is not among "...", and may be named. The go
// command is the judge.
func TestIgnoredDirectories(t *testing.T) {
	for _, ignore := range []string{"./a", "b", "a/b", "./b", "b/", "./a/b", "x", "(\n\t./c\n\ta/b\n)"} {
		root, err := filepath.EvalSymlinks(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		files := map[string]string{"go.mod": "module m\n\ngo 1.25\n\nignore " + ignore + "\n"}
		for _, dir := range []string{".", "a", "a/b", "ab", "b", "c/a/b/d", "c/b2"} {
			files[dir+"/f.go"] = "package p\n"
		}
		for name, content := range files {
			path := filepath.Join(root, name)
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(content), 0o666)); err != nil {
				t.Fatal(err)
			}
		}
		for _, pattern := range []string{"./...", "./a/...", "./a", "./c/a/..."} {
			cmd := exec.Command("go", "list", "-f", "{{.Dir}}", pattern)
			cmd.Dir, cmd.Env = root, append(os.Environ(), "GOWORK=off", "GOFLAGS=", "PWD="+root)
			out, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			dirs, _, err := Directories(root, []string{pattern})
			if err != nil {
				t.Fatal(err)
			}
			dirs = slices.DeleteFunc(dirs, func(d string) bool { // the go command lists packages
				_, err := os.Stat(filepath.Join(d, "f.go"))
				return err != nil
			})
			if diff := cmp.Diff(strings.Fields(string(out)), dirs, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("ignore %s, %s (-go +got):\n%s", ignore, pattern, diff)
			}
		}
	}
}

// The go command may run a tool in another directory.
func TestChangedDirectory(t *testing.T) {
	for line, want := range map[string]string{
		"go tool -C ../sub bpfgen x y":                             "../sub",
		"go tool -C=sub -modfile tools.mod bpfgen x y":             "sub",
		"go -C sub tool bpfgen x y":                                "sub",
		"go --C /abs run -mod=mod example.com/cmd/bpfgen@v1.2 x y": "/abs",
		"go tool bpfgen -C x":                                      "",
	} {
		lines := Parse("/d/f.go", []byte("package p\n\n//go:generate "+line+"\n"), nil)
		if c, ok := lines[0].Call(); !ok || c.Tool != "bpfgen" || c.Dir != want {
			t.Errorf("%s: %+v, %t, want directory %q", line, c, ok, want)
		}
	}
}
