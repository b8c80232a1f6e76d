package gopkg

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What is about to be written is checked together with what is there: whose
// fault an error is decides on what becomes of it.
func TestTypeCheck(t *testing.T) {
	for _, test := range []struct {
		name  string
		files map[string]string // on disk
		// generated are in the overlay, "" for removed.
		generated            map[string]string
		fatal, note, skipped string
	}{
		{name: "good", files: map[string]string{"a.go": "package m\n\nvar _ = X\n"}, generated: map[string]string{"x.go": "package m\n\nimport \"io\"\n\nconst X = 1\n\nvar R io.Reader\n"}},
		{name: "an error in a generated file", generated: map[string]string{"x.go": "package m\n\nvar X int = \"\"\n"}, fatal: `x.go:3:13: cannot use "" (untyped string constant) as int value in variable declaration`},
		{name: "a generated file that does not parse", generated: map[string]string{"x.go": "package m\n\nvar X int =\n"}, fatal: "expected operand"},
		{name: "a name that is taken", files: map[string]string{"a.go": "package m\n\nvar X int\n"}, generated: map[string]string{"x.go": "package m\n\nvar X int\n"}, fatal: "X redeclared in this block"},
		{name: "a field that has gone", files: map[string]string{"a.go": "package m\n\nvar _ = T{}.Old\n"}, generated: map[string]string{"x.go": "package m\n\ntype T struct{ New int }\n"}, note: "a.go:3:13: T{}.Old undefined"},
		{name: "a file that goes", files: map[string]string{"a.go": "package m\n\nvar _ = Gone\n", "gone.go": "package m\n\nvar Gone int\n"}, generated: map[string]string{"x.go": "package m\n", "gone.go": ""}, note: "undefined: Gone"},
		{name: "an import that is not there", files: map[string]string{"a.go": "package m\n\nimport _ \"example.com/nowhere\"\n"}, generated: map[string]string{"x.go": "package m\n"}, skipped: "example.com/nowhere"},
		{name: "an import that does not compile", files: map[string]string{"a.go": "package m\n\nimport _ \"example.com/m/bad\"\n", "bad/bad.go": "package bad\n\nvar x int = \"\"\n"}, generated: map[string]string{"x.go": "package m\n"}},
		{name: "packages that import each other", files: map[string]string{"a.go": "package m\n\nimport \"example.com/m/sub\"\n\nvar _ = sub.New\n"}, generated: map[string]string{"x.go": "package m\n", "sub/y.go": "package sub\n\nvar New int\n"}},
		{name: "and use what goes", files: map[string]string{"a.go": "package m\n\nimport \"example.com/m/sub\"\n\nvar _ = sub.Old\n", "sub/y.go": "package sub\n\nvar Old int\n"}, generated: map[string]string{"x.go": "package m\n", "sub/y.go": "package sub\n"}, note: "undefined: sub.Old"},
		{name: "by way of another", files: map[string]string{"a.go": "package m\n\nimport \"example.com/m/mid\"\n\nvar _ = mid.X\n", "mid/mid.go": "package mid\n\nimport \"example.com/m/sub\"\n\nvar X = sub.New\n"}, generated: map[string]string{"x.go": "package m\n", "sub/y.go": "package sub\n\nvar New int\n"}},
		{name: "tests", files: map[string]string{"a.go": "package m\n"}, generated: map[string]string{"x_test.go": "package m\n\nvar X int = \"\"\n"}, fatal: "x_test.go:3:13"},
		{name: "another system's file", files: map[string]string{"a_windows.go": "package m\n\nvar X int\n", "a.go": "package m\n"}, generated: map[string]string{"x.go": "package m\n\nvar X int\n"}},
		{name: "a language version", files: map[string]string{"a.go": "package m\n"}, generated: map[string]string{"x.go": "package m\n\nfunc F() {\n\tfor range 3 {\n\t}\n}\n"}, fatal: "requires go1.22"},
		{name: "sizes of 32 bits", files: map[string]string{"a.go": "package m\n"}, generated: map[string]string{"x.go": "package m\n\nimport (\n\t_ \"io\"\n\t\"unsafe\"\n)\n\nconst _ = -(unsafe.Sizeof(uintptr(0)) ^ 4)\n"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			root := t.TempDir()
			write := func(name, content string) {
				t.Helper()
				path := filepath.Join(root, name)
				if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
					t.Fatal(err)
				}
			}
			write("go.mod", "module example.com/m\n\ngo "+map[bool]string{false: "1.25", true: "1.21"}[strings.Contains(test.name, "language")]+"\n")
			for name, content := range test.files {
				write(name, content)
			}
			byDir := make(map[string]Generated)
			for name, content := range test.generated {
				dir := filepath.Join(root, filepath.Dir(name))
				os.MkdirAll(dir, 0o777)
				g, ok := byDir[dir]
				if !ok {
					g = Generated{Dir: dir, Files: make(map[string][]byte), Package: map[bool]string{true: "m", false: "sub"}[dir == root]}
				}
				if content != "" {
					g.Files[filepath.Base(name)] = []byte(content)
				} else {
					g.Files[filepath.Base(name)] = nil
				}
				byDir[dir] = g
			}
			var all []Generated
			for _, g := range byDir {
				all = append(all, g)
			}
			env := append(os.Environ(), "GOFLAGS=-mod=mod", "GOPROXY=off", "GOWORK=off")
			if strings.Contains(test.name, "32") {
				env = append(env, "GOARCH=386", "CGO_ENABLED=0")
			}
			v := TypeCheck(t.Context(), env, all)
			for _, part := range []struct{ what, got, want string }{
				{"fatal", strings.Join(v.Fatal, "\n"), test.fatal}, {"notes", strings.Join(v.Notes, "\n"), test.note}, {"skipped", v.Skipped, test.skipped},
			} {
				if part.want == "" && part.got != "" || !strings.Contains(part.got, part.want) {
					t.Errorf("%s: %q, want %q", part.what, part.got, part.want)
				}
			}
		})
	}
}
