package typed

import (
	"go/ast"
	"go/build"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What godoc says is held against the code: links that lead somewhere, comments
// that are there, kernels of the table of kinds.

// godocOf is the documentation of a package in a folder.
func godocOf(t *testing.T, dir string) *doc.Package {
	t.Helper()
	if kernel := os.Getenv("BPFGEN_KERNEL"); kernel != "" && kernel != "host" {
		t.Skip("the source is not in virtual machines; the host's run looks at it")
	}
	paths, err := filepath.Glob(filepath.Join(packageFolder, dir, "*.go"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no Go files in %s: %v", dir, err)
	}
	fset := token.NewFileSet()
	var files []*ast.File
	linux := build.Default // as pkg.go.dev shows it
	linux.GOOS, linux.GOARCH, linux.CgoEnabled = "linux", "amd64", false
	for _, path := range paths {
		matches, err := linux.MatchFile(filepath.Split(path))
		if err != nil {
			t.Fatal(err)
		}
		if !matches || strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(fset, path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	p, err := doc.NewFromFiles(fset, files, "github.com/bpfgen/bpfgen/typed/"+dir)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// packageFolder is where tests start.
var packageFolder, _ = os.Getwd()

// documented are the names and comments of all that a package exports: "XDP",
// "XDP.Attach", "NewHash".
func documented(p *doc.Package) map[string]string {
	all := map[string]string{"package": p.Doc}
	values := func(vs []*doc.Value) {
		for _, v := range vs {
			for _, name := range v.Names {
				all[name] = v.Doc
			}
		}
	}
	funcs := func(prefix string, fs []*doc.Func) {
		for _, f := range fs {
			all[prefix+f.Name] = f.Doc
		}
	}
	values(p.Consts)
	values(p.Vars)
	funcs("", p.Funcs)
	for _, typ := range p.Types {
		all[typ.Name] = typ.Doc
		values(typ.Consts)
		values(typ.Vars)
		funcs("", typ.Funcs)
		funcs(typ.Name+".", typ.Methods)
	}
	return all
}

// Everything that is exported has a comment that begins with its name, but for
// what interfaces of the standard library demand.
func TestGodocOfEverything(t *testing.T) {
	obvious := []string{"Error", "Unwrap", "String", "Format"}
	for _, dir := range []string{".", "ctypes", "typedtest", "tc"} {
		for name, text := range documented(godocOf(t, dir)) {
			if text == "" {
				if !slices.Contains(obvious, name[strings.LastIndex(name, ".")+1:]) {
					t.Errorf("%s: %s has no comment", dir, name)
				}
			}
		}
	}
}

// A name in brackets that is nothing is printed with the brackets.
func TestGodocLinks(t *testing.T) {
	for _, dir := range []string{".", "ctypes", "typedtest", "tc"} {
		p := godocOf(t, dir)
		printer, parse := p.Printer(), p.Parser()
		for name, text := range documented(p) {
			printed := string(printer.Text(parse.Parse(text)))
			for _, link := range bracketed(text, parse) {
				t.Errorf("%s: %s: [%s] is no link:\n%s", dir, name, link, printed)
			}
		}
	}
}

// bracketed are words in brackets that look like links and became none.
func bracketed(text string, parse *comment.Parser) (names []string) {
	plain := func(parts []comment.Text) {
		for _, part := range parts {
			p, ok := part.(comment.Plain)
			if !ok {
				continue
			}
			for rest := string(p); ; {
				_, after, ok := strings.Cut(rest, "[")
				name, rest2, closed := strings.Cut(after, "]")
				if !ok || !closed {
					break
				}
				if name != "" && strings.Trim(name, "*ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.") == "" && strings.ToLower(name) != name {
					names = append(names, name)
				}
				rest = rest2
			}
		}
	}
	var blocks func([]comment.Block)
	blocks = func(all []comment.Block) {
		for _, b := range all {
			switch b := b.(type) {
			case *comment.Paragraph:
				plain(b.Text)
			case *comment.List:
				for _, item := range b.Items {
					blocks(item.Content)
				}
			}
		}
	}
	blocks(parse.Parse(text).Content)
	return names
}

// The type of each kind of programs says which kernel it needs, as the table of
// kinds has it.
func TestGodocOfKinds(t *testing.T) {
	all := documented(godocOf(t, "."))
	for _, h := range allKinds {
		k := h.kind()
		if want := "(Linux ≥ " + k.since + ")"; k.since != "" && !strings.Contains(all[k.name], want) {
			t.Errorf("the comment of %s does not say %s:\n%s", k.name, want, all[k.name])
		}
	}
}
