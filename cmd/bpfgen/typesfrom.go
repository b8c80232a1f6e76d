package main

// -types-from: which Go types another ident of the package has declared, so
// that both can share maps.

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"

	"github.com/bpfgen/bpfgen/emit"
)

// declaredTypes finds the types that start with ident in the generated files
// of the output directory; those of our own stem, which this run replaces, do
// not count.
func (o *genOptions) declaredTypes(c *cli, ident string) (map[string]bool, error) {
	files, err := filepath.Glob(filepath.Join(o.directory(), "*_types"+o.suffix+".go"))
	if err != nil {
		return nil, err
	}
	declared := make(map[string]bool)
	for _, name := range files {
		if o.isOwnTypesFile(filepath.Base(name)) {
			continue
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		if err := addDeclared(declared, name, content, ident); err != nil {
			return nil, err
		}
	}
	for _, other := range c.overlay { // what is about to be written counts, too
		for _, name := range other.Files() {
			if !strings.HasSuffix(name, ".go") {
				continue
			}
			if err := addDeclared(declared, name, other.Content(name), ident); err != nil {
				return nil, err
			}
		}
	}
	if len(declared) == 0 {
		return nil, fmt.Errorf("-types-from %s: no generated file in %s declares a type of that ident: generate it first, go:generate lines run from top to bottom",
			ident, o.directory())
	}
	return declared, nil
}

// isOwnTypesFile says whether the file is one that this run may write.
func (o *genOptions) isOwnTypesFile(name string) bool {
	for _, part := range fileParts() {
		if strings.HasSuffix(part, "types") && name == o.fileName(part, ".go") {
			return true
		}
	}
	return false
}

// addDeclared adds the types of one file, if it is one of ours.
func addDeclared(declared map[string]bool, name string, content []byte, ident string) error {
	if !bytes.HasPrefix(content, []byte(emit.Header)) {
		return nil
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, content, parser.SkipObjectResolution)
	if err != nil {
		return fmt.Errorf("-types-from %s: %w", ident, err)
	}
	for _, decl := range file.Decls {
		gen, ok := decl.(*ast.GenDecl)
		if !ok || gen.Tok != token.TYPE {
			continue
		}
		for _, spec := range gen.Specs {
			if t := spec.(*ast.TypeSpec).Name.Name; strings.HasPrefix(t, ident) {
				declared[t] = true
			}
		}
	}
	return nil
}
