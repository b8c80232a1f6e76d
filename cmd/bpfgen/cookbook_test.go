package main

// docs/cookbook.md is done in a module of a user's: its blocks of code become the
// files that they say they are, and its commands print what it says they print.

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

const (
	cookbook = "docs/cookbook.md"
	// cookPins is the folder of its pinned maps.
	cookPins = "/sys/fs/bpf/cookbook"
)

// cookFiles are what the module has that is not in the cookbook.
var cookFiles = map[string]string{
	"go.mod":        "go.mod",
	"go.sum":        "go.sum",
	"include/bpf.h": "golden/include/bpf.h",
	"include/net.h": "examples/include/net.h",
}

func TestCookbook(t *testing.T) {
	needClang(t)
	needTool(t, "make")
	repo := repository(t)
	text := readDocument(t, repo, cookbook)
	for _, recipe := range strings.Split(text, "\n## ")[1:] {
		if len(blocks(recipe, "console")) == 0 {
			t.Errorf("a recipe without a command that shows what it does: %.20s", recipe)
		}
	}
	u := newModule(t, repo, cookFiles)
	u.env = append(u.env, "BPFGEN_CACHE="+t.TempDir())
	u.command(t, u.dir, "go", "mod", "edit", "-tool", "github.com/bpfgen/bpfgen/cmd/bpfgen")
	for name, content := range cookedFiles(t, text) {
		u.write(t, name, content)
	}
	for _, b := range blocks(text, "make", "bash") {
		u.write(t, map[string]string{"make": "Makefile", "bash": "hermetic.sh"}[b.language], b.code)
	}
	for _, b := range blocks(text, "sh") {
		u.command(t, u.dir, "bash", "-euxc", b.code)
	}
	if os.Getenv("CI") == "true" { // a run that was killed may have left pins
		if err := os.RemoveAll(cookPins); err != nil {
			t.Fatal(err)
		}
	}
	for _, b := range blocks(text, "console") {
		u.converse(t, b)
	}
}

var (
	// goFile is how a Go file of the cookbook begins: with what it is. That is
	// also the name of its directory.
	goFile = regexp.MustCompile(`^// (?:Command|Package) (\w+) `)
	// cFile is the C file of a go:generate line.
	cFile = regexp.MustCompile(`(?m)^//go:generate .* (\w+\.c) `)
)

// cookedFiles are the C and Go files of the recipes. The C file is called as in
// the go:generate line of the Go file that follows.
func cookedFiles(t *testing.T, text string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	var source *block
	for _, b := range blocks(text, "c", "go") {
		if b.language == "c" {
			source = &b
			continue
		}
		m := goFile.FindStringSubmatch(b.code)
		if m == nil {
			t.Fatalf("%s:%d: a Go file without a name", cookbook, b.line)
		}
		files[path.Join(m[1], m[1]+".go")] = b.code
		if c := cFile.FindStringSubmatch(b.code); c != nil && source != nil {
			files[path.Join(m[1], c[1])] = source.code
			source = nil
		}
	}
	if source != nil {
		t.Fatalf("%s:%d: C that no Go file generates from", cookbook, source.line)
	}
	return files
}

// said is a command and what it prints.
type said struct {
	root         bool
	command, out string
}

// conversation is a block of commands, behind prompts, with their output.
func conversation(b block) (lines []said) {
	for line := range strings.Lines(b.code) {
		prompt, command, _ := strings.Cut(line, " ")
		switch {
		case prompt == "#" || prompt == "$":
			lines = append(lines, said{root: prompt == "#", command: strings.TrimSpace(command)})
		case len(lines) > 0:
			lines[len(lines)-1].out += line
		}
	}
	return lines
}

// converse says the commands and compares what comes back. One that is silent must
// succeed. A command of root's is run in CI alone, and what follows it in the block.
func (u *user) converse(t *testing.T, b block) {
	t.Helper()
	for _, l := range conversation(b) {
		if l.root && os.Getenv("CI") != "true" {
			t.Logf("%s:%d: not run: %s", cookbook, b.line, l.command)
			return
		}
		out, err := u.output(t, u.dir, "bash", "-uc", l.command)
		if out != l.out || out == "" && err != nil {
			t.Errorf("%s:%d: %s: %v\ngot:\n%swant:\n%s", cookbook, b.line, l.command, err, out, l.out)
		}
	}
}
