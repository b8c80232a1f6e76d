package main

// What the go command will make of files by their names and places: C files that
// it refuses in a package without cgo, and Go files that it leaves out because
// their names end like an operating system or an architecture.

import (
	"bytes"
	"fmt"
	gobuild "go/build"
	"io"
	"path/filepath"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/outfile"
)

// systems are those that names are tried with. Every name of an architecture
// fails on all but one of them.
var systems = []gobuild.Context{goFor("amd64"), goFor("arm64"), goFor("s390x")}

func goFor(goarch string) gobuild.Context {
	ctx := gobuild.Default
	ctx.GOOS, ctx.GOARCH, ctx.CgoEnabled = "linux", goarch, true
	ctx.BuildTags, ctx.ToolTags = nil, nil
	return ctx
}

// refusedC warns of a C file that go build will not have beside the Go files.
func refusedC(path, outputDir string) []btfparse.Diagnostic {
	if filepath.Clean(filepath.Dir(path)) != filepath.Clean(outputDir) || filepath.Ext(path) != ".c" {
		return nil
	}
	for _, ctx := range systems {
		if match, err := ctx.MatchFile(filepath.Dir(path), filepath.Base(path)); err == nil && match {
			return []btfparse.Diagnostic{{
				Path:   btfparse.Path(path),
				What:   "go build refuses C files in a package that does not use cgo",
				Remedy: "make its first line //go:build ignore, with an empty line behind it",
			}}
		}
	}
	return nil
}

// leftOut warns of Go files that would be built for some system only, by their
// names alone. What their names end in without a suffix is no system.
func leftOut(out *outfile.Plan, suffix string) (warnings []btfparse.Diagnostic) {
	if suffix == "" {
		return nil
	}
	for _, name := range out.Files() {
		if filepath.Ext(name) != ".go" {
			continue
		}
		for _, ctx := range systems {
			ctx.OpenFile = func(string) (io.ReadCloser, error) {
				return io.NopCloser(strings.NewReader("package p\n")), nil
			}
			if match, err := ctx.MatchFile(".", name); err == nil && !match {
				warnings = append(warnings, btfparse.Diagnostic{
					Path:   btfparse.Path(name),
					What:   "Go builds it for one system or architecture only, because of the end of its name",
					Remedy: "choose another -output-suffix",
				})
				break
			}
		}
	}
	return warnings
}

// formats are what people take for objects, by the first bytes.
var formats = []struct{ magic, what string }{
	{"PK\x03\x04", "a zip archive: unpack it first"},
	{"BC\xc0\xde", "LLVM bitcode: compile it on to an object, without -emit-llvm or -flto (llc -march=bpf -filetype=obj)"},
	{"\xde\xc0\x17\x0b", "LLVM bitcode: compile it on to an object, without -emit-llvm or -flto (llc -march=bpf -filetype=obj)"},
	{"!<arch>\n", "an archive of objects: take the object out of it (ar x)"},
	{"\xcf\xfa\xed\xfe", "a Mach-O file, made for macOS: compile with -target bpf"},
	{"; ModuleID", "LLVM's assembly: compile it on to an object, without -emit-llvm"},
}

// noObject says what something is that is no object, "" where nobody knows.
func noObject(name string, content []byte) error {
	for _, f := range formats {
		if bytes.HasPrefix(content, []byte(f.magic)) {
			return fmt.Errorf("%s is %s", name, f.what)
		}
	}
	head := content[:min(len(content), 512)]
	switch {
	case bytes.HasPrefix(content, []byte("\x7fELF")) || isBTF(content):
		return nil
	case filepath.Ext(name) == ".go":
		return fmt.Errorf("%s is a Go file: give a C file or an object", name)
	case !bytes.ContainsFunc(head, func(r rune) bool { return r < ' ' && !strings.ContainsRune("\t\r\n\f", r) || r >= 0x7f }):
		return fmt.Errorf("%s is text: give an object, or C in a file whose name ends in .c", name)
	}
	return nil
}

// isBTF says whether raw BTF begins (struct btf_header, include/uapi/linux/btf.h).
func isBTF(content []byte) bool {
	return bytes.HasPrefix(content, []byte{0x9f, 0xeb}) || bytes.HasPrefix(content, []byte{0xeb, 0x9f})
}
