package main

// What inspect prints of structs is C: clang takes it, and lays it out alike.

import (
	"fmt"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
)

// cSource is C made of the listings of inspect. Structs are packed and holes are
// members, so that all is where it was.
type cSource struct {
	strings.Builder
	declared map[btfparse.Type]bool
	structs  int
}

// declare writes a type behind those that it contains.
func (c *cSource) declare(t btfparse.Type) {
	if t == nil || c.declared[t] {
		return
	}
	c.declared[t] = true
	switch t := t.(type) {
	case *btfparse.Array:
		c.declare(t.Elem)
	case *btfparse.Typedef:
		c.declare(t.Type)
		if p, ok := t.Type.(*btfparse.Pointer); ok && token.IsIdentifier(p.Target) { // a typedef that nothing else has
			fmt.Fprintf(c, "typedef void *%s;\n", t.Name)
			return
		}
		if _, ok := t.Type.(*btfparse.Opaque); ok { // say, a function
			fmt.Fprintf(c, "typedef __typeof__(%s) %s;\n", t.Type.CName(), t.Name)
			return
		}
		fmt.Fprintf(c, "typedef %s;\n", btfparse.Declare(t.Type, t.Name))
	case *btfparse.Enum:
		number := map[uint32]string{1: "char", 2: "short", 4: "int", 8: "long long"}[t.Bytes]
		switch {
		case t.FromTypedef:
			fmt.Fprintf(c, "typedef %s %s;\n", number, t.Name)
		case t.Name != "":
			fmt.Fprintf(c, "enum %s : %s { some_%[1]s };\n", t.Name, number)
		}
	case *btfparse.Struct:
		for _, f := range t.Fields {
			c.declare(f.Type)
		}
		if t.Name == "" {
			return
		}
		c.structs++
		if t.FromTypedef {
			fmt.Fprintf(c, "typedef %s {\n%s %s;\n", structKind(t), c.body(t), t.Name)
		} else {
			fmt.Fprintf(c, "%s {\n%s;\n", t.CName(), c.body(t))
		}
		fmt.Fprintf(c, "_Static_assert(sizeof(%s) == %d, \"\");\n", t.CName(), t.Bytes)
	}
}

// body is a struct's members, as they are listed, and its end.
func (c *cSource) body(t *btfparse.Struct) string {
	text := ""
	for _, line := range listing(members(t, 0)) {
		switch trimmed := strings.TrimLeft(line.Text, " "); {
		case line.Hole:
			text += hole(line.Size)
		case strings.HasPrefix(trimmed, "}"):
			text += "} __attribute__((packed))" + trimmed[1:] + "\n"
		default:
			text += shownWhole.Replace(line.Text) + "\n"
		}
	}
	return text + "} __attribute__((packed))"
}

// shownWhole is what the listing cuts short in C's words: what is behind pointers,
// has no size or, of an enum without a name, is in constants. Packed structs go on
// behind an array of no elements, where that one has padding.
var shownWhole = strings.NewReplacer("enum {…}", "int", "struct {…}", "struct { }", "union {…}", "union { }", "[];", "[0];")

// notC are objects of which no C is to be expected.
var notC = []string{"cxx", "hostile-names", "types-without-layout", "unloadable", "same-name-different-types"}

// hole is a member of as many bits as a hole is said to have.
func hole(size string) (text string) {
	var n uint64
	unit := "bytes"
	fmt.Sscan(size, &n, &unit)
	if strings.HasPrefix(unit, "byte") {
		n *= 8
	}
	for ; n >= 64; n -= 64 {
		text += "unsigned long long : 64;\n"
	}
	if n > 0 {
		text += fmt.Sprintf("unsigned long long : %d;\n", n)
	}
	return text
}

func TestListingsAreC(t *testing.T) {
	if ok, err := condition("clang"); err != nil {
		t.Fatal(err)
	} else if !ok {
		t.Skip("needs a compiler")
	}
	structs, dir := 0, t.TempDir()
	reports := inspected(t)
	for _, name := range sortedNames(reports) {
		if strings.HasSuffix(name, "_bpfeb.o") || slices.ContainsFunc(notC, func(part string) bool { return strings.Contains(name, part) }) {
			continue
		}
		c := &cSource{declared: make(map[btfparse.Type]bool)}
		for _, typ := range reports[name].Types {
			c.declare(typ.typ)
		}
		source := filepath.Join(dir, filepath.Base(name)+".c")
		if err := os.WriteFile(source, []byte(c.String()), 0o666); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.Command(compiler(), "-target", "bpfel", "-fsyntax-only", "-w", source).CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		structs += c.structs
	}
	if structs < 200 {
		t.Errorf("only %d structs", structs)
	}
}
