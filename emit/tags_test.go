package emit

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Every decl tag for bpfgen is in golden/decl-tags and in the guide.
func TestEveryDeclTagIsShown(t *testing.T) {
	guide := readFile(t, "../go.generate.md")
	source := readFile(t, "../golden/decl-tags/decl-tags.c")
	tags := append(declTags(t, "*.go"), declTags(t, "../btfparse/*.go")...)
	if len(tags) < 3 {
		t.Fatalf("only the tags %q", tags)
	}
	for _, tag := range tags {
		if !strings.Contains(guide, "| `btf_decl_tag(\""+tag) {
			t.Errorf("no line of the guide's table begins with btf_decl_tag(%q", tag)
		}
		if !strings.Contains(source, `"`+tag) {
			t.Errorf("golden/decl-tags has no __decl_tag(%q", tag)
		}
	}
}

// declTags are the constants of the files that are the prefix of all tags with
// something behind it.
func declTags(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	var tags []string
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			sum, ok := n.(*ast.BinaryExpr)
			if !ok || sum.Op != token.ADD {
				return true
			}
			prefix, _ := sum.X.(*ast.Ident)
			what, _ := sum.Y.(*ast.BasicLit)
			if prefix != nil && what != nil && strings.EqualFold(prefix.Name, "tagPrefix") {
				text, err := strconv.Unquote(what.Value)
				if err != nil {
					t.Fatal(err)
				}
				tags = append(tags, "bpfgen:"+text)
			}
			return true
		})
	}
	return tags
}
