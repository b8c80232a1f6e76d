package clang

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/cache"
)

// Nothing is compiled twice, and whatever a compilation would do otherwise makes
// it be done again: a changed header, one that now stands before the other, one
// that __has_include had not found, a flag, the environment.
func TestCachedCompilation(t *testing.T) {
	cc := os.Getenv("BPFGEN_CLANG")
	if cc == "" {
		cc = "clang-19"
	}
	if _, err := exec.LookPath(cc); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("x.c", "#include <size.h>\n#ifdef __has_include\n#if __has_include(<more.h>)\n#include <more.h>\n#endif\n#endif\nint x[SIZE] = {1};\n")
	write("second/size.h", "#define SIZE 4\n")
	write("first/other.h", "")
	store := filepath.Join(dir, "cache")
	compiler := Compiler{CC: []string{cc}, Flags: []string{"-Ifirst", "-Isecond"}, Dir: dir, Source: filepath.Join(dir, "x.c"), Env: os.Environ(), Temp: t.TempDir()}
	target := Target{Name: "bpfel", Clang: "bpfel"}
	var last []byte
	compile := func(what string, wantCached, wantSame bool) {
		t.Helper()
		r, cached, err := compiler.CompileCached(t.Context(), target, cache.New(store))
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		if cached != wantCached || bytes.Equal(r.Object, last) != wantSame {
			t.Errorf("%s: cached %t, same object %t, want %t and %t", what, cached, !wantSame, wantCached, wantSame)
		}
		last = r.Object
	}
	compile("at first", false, false)
	compile("again", true, true)
	write("second/size.h", "#define SIZE 5\n")
	compile("after a header changed", false, false)
	write("first/size.h", "#define SIZE 6\n")
	compile("with a header before the other", false, false)
	compile("again", true, true)
	write("second/more.h", "#undef SIZE\n#define SIZE 7\n")
	compile("with a header that __has_include now finds", false, false)
	compiler.Flags = append(compiler.Flags, "-DY")
	compile("with another flag", false, true)
	compile("again", true, true)
	compiler.Env = append(compiler.Env, "CPATH="+dir)
	compile("with another environment", false, true)
	write("x.c", "int x[8] = {1};\n")
	compile("with another source", false, false)
	compile("again", true, true)
}
