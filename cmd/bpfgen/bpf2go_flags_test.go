package main

// The command line of bpf2go: with the same flags and environment, -bpf2go writes
// files of the same names, for the same builds, with the same declarations.

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// bpf2goLines are command lines that both tools take: environment, arguments.
var bpf2goLines = []struct{ env, args string }{
	{"GOPACKAGE=foo", "counter x.c"},
	{"", "-go-package foo Counter x.c"},
	{"GOPACKAGE=bar", "--go-package foo --target amd64 Counter x.c"},
	{"GOPACKAGE=foo", "-target amd64,arm64,s390x,386 counter x.c"},
	{"GOPACKAGE=foo", "-target bpf counter x.c"},
	{"GOPACKAGE=foo", "-target native counter x.c"},
	{"GOPACKAGE=foo", "-tags linux,!race counter x.c"},
	{"GOPACKAGE=foo", "-tags linux -tags foo counter x.c"},
	{"GOPACKAGE=foo GOFILE=x_test.go", "counter x.c"},
	{"GOPACKAGE=foo GOFILE=x_test.go", "-output-suffix= counter x.c"},
	{"GOPACKAGE=foo", "-output-suffix _x -output-stem Stem -output-dir ../out counter x.c"},
	{"GOPACKAGE=foo", "-makebase . -target bpfel counter x.c"},
	{"GOPACKAGE=foo BPF2GO_MAKEBASE=..", "-output-dir ../out -target bpfel counter x.c"},
	{"GOPACKAGE=foo", "-no-strip -target bpfel counter x.c"},
	{"GOPACKAGE=foo BPF2GO_CFLAGS=-O1", "-target bpfel counter x.c -- -DY=2"},
	{"GOPACKAGE=foo", "-cflags -DX=1 --cflags -O1 -target bpfel counter x.c"},
	{"GOPACKAGE=foo", "-target bpfel -- counter x.c -- -O2"},
	{"GOPACKAGE=foo V=1", "-no-global-types -type key -target bpfel counter x.c"},
	{"GOPACKAGE=foo", "-target bpfel -output-stem under _under x.c"},
}

const bpf2goSource = `//go:build ignore

#define __uint(name, val) int (*name)[val]
#define __type(name, val) typeof(val) *name
#include "x.h"
struct key { unsigned int a; };
typedef struct key key_t;
struct {
	__uint(type, 1);
	__type(key, key_t);
	__type(value, unsigned long long);
	__uint(max_entries, 16);
} flows __attribute__((section(".maps"), used));
int rate;
__attribute__((section("xdp"), used)) int count(void *ctx) { return rate; }
char _license[] __attribute__((section("license"), used)) = "GPL";
`

func TestBpf2goCommandLine(t *testing.T) {
	needClang(t)
	tools := make(map[string]string)
	for name, path := range map[string]string{"bpf2go": ebpfModule + "/cmd/bpf2go", "bpfgen": "."} {
		tools[name] = filepath.Join(t.TempDir(), name)
		runCommand(t, ".", os.Environ(), "go", "build", "-o", tools[name], path)
	}
	for _, line := range bpf2goLines {
		want := bpf2goFiles(t, line.env, append([]string{tools["bpf2go"]}, strings.Fields(line.args)...))
		got := bpf2goFiles(t, line.env, append([]string{tools["bpfgen"], "-no-typecheck", "-bpf2go"}, strings.Fields(line.args)...))
		if want != got {
			t.Errorf("%s bpf2go %s:\n%s", line.env, line.args, got)
			t.Logf("want:\n%s", want)
		}
	}
}

// declared are the lines of a Go file that both tools write alike.
var declared = regexp.MustCompile(`(?m)^(//go:(build|embed) .*|package .*|type \w+|func (\(\w+ (\*\w+)\) )?\w+\(.*)`)

// bpf2goFiles runs a tool in an empty module, and lists what it writes: the names
// of files, the declarations in Go files, the rules for make.
func bpf2goFiles(t *testing.T, env string, command []string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range map[string]string{"src/x.c": bpf2goSource, "src/x.h": "", "src/go.mod": "module m\n", "out/.keep": ""} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		writeFile(t, filepath.Join(dir, name), content)
	}
	cmd := exec.CommandContext(t.Context(), command[0], command[1:]...)
	cmd.Dir = filepath.Join(dir, "src")
	cmd.Env = append(os.Environ(), "BPF2GO_CC="+compiler(), "BPFGEN_CACHE=off")
	cmd.Env = append(cmd.Env, strings.Fields(env)...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(command, " "), err, out)
	}
	var list []string
	files, err := filepath.Glob(filepath.Join(dir, "*/*_*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("nothing was written: %v", err)
	}
	for _, file := range files {
		name := strings.TrimPrefix(file, dir+"/")
		list = append(list, name)
		content := readDocument(t, dir, name)
		switch filepath.Ext(name) {
		case ".go":
			lines := declared.FindAllString(content, -1)
			slices.Sort(lines)
			list = append(list, receiver.ReplaceAllString(strings.Join(lines, "\n"), "("))
		case ".d":
			list = append(list, content)
		}
	}
	return fmt.Sprintln(strings.Join(list, "\n"))
}

// receiver is how a method calls what it is of.
var receiver = regexp.MustCompile(`\(\w+ \*`)
