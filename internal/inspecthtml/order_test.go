package inspecthtml

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
)

// compiler is what the objects of the tests are made with.
const compiler = "clang-19"

// TestReorderedStructsCompile: clang lays the proposals out in as many bytes as they
// say.
func TestReorderedStructsCompile(t *testing.T) {
	if _, err := exec.LookPath(compiler); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	forms := []string{
		"unsigned char %s", "unsigned short %s", "int %s", "unsigned long long %s", "char %s[3]", "short %s[5]",
		"void *%s", "struct inner %s", "struct inner %s[2]", "enum kind %s", "unsigned int %s : 3", "double %s", "int (*%s)(void)",
	}
	structs := make(map[string][]string)
	for i := range 200 {
		name := fmt.Sprint("s", i)
		for m := range 2 + rng.IntN(7) {
			structs[name] = append(structs[name], fmt.Sprintf(forms[rng.IntN(len(forms))]+";", fmt.Sprint("m", m)))
		}
	}
	before := compiled(t, structs)
	want := make(map[string]uint32)
	for name, s := range before {
		if o := Reorder(s); o != nil {
			structs[name], want[name] = o.Declared, uint32(o.Bytes)
		}
	}
	if len(want) < 50 {
		t.Errorf("only %d of %d structs have a better order", len(want), len(before))
	}
	after := compiled(t, structs)
	for name, size := range want {
		if after[name].Bytes != size || size >= before[name].Bytes {
			t.Errorf("struct %s has %d bytes, in the order that is proposed %d and not %d: %s", name, before[name].Bytes, after[name].Bytes, size, strings.Join(structs[name], " "))
		}
		if len(after[name].Fields) != len(before[name].Fields) {
			t.Errorf("struct %s: members are lost: %s", name, strings.Join(structs[name], " "))
		}
	}
}

// compiled are the structs as clang lays them out.
func compiled(t *testing.T, structs map[string][]string) map[string]*btfparse.Struct {
	t.Helper()
	var source strings.Builder
	source.WriteString("struct inner { char a; int b; char c; };\nenum kind { KIND };\n")
	for name, members := range structs {
		fmt.Fprintf(&source, "struct %s { %s };\nstruct %s v_%s;\n", name, strings.Join(members, " "), name, name)
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "a.c"), filepath.Join(dir, "a.o")
	if err := os.WriteFile(in, []byte(source.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	if text, err := exec.Command(compiler, "-target", "bpfel", "-g", "-O2", "-c", in, "-o", out).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	content, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	object, err := btfparse.Parse("a.o", bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	found := make(map[string]*btfparse.Struct)
	for _, typ := range object.Types {
		if s, ok := typ.(*btfparse.Struct); ok && structs[s.Name] != nil {
			found[s.Name] = s
		}
	}
	if len(found) != len(structs) {
		t.Fatalf("%d of %d structs are in the object", len(found), len(structs))
	}
	return found
}
