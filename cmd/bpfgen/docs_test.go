package main

// README.md and go.generate.md are run: their shell commands in a module of a
// user's, or in the repository where they speak of its folders; and their Go
// code is compiled against generated code.

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

// document is a file whose commands and code are tested.
type document struct {
	name string
	// prelude declares what its Go code speaks of without saying how it was
	// had: parameters of a function.
	prelude string
}

var documents = []document{
	{"README.md", "ifindex int, key counterFlowKey"},
	{"go.generate.md", "ctx context.Context, spec *appCollectionSpec, bpf, another *appCollection, object io.ReaderAt, other *ebpf.Map, " +
		"key appFlowKey, stats appFlowStats, ifindex, xsk int, cgroup string, conn *net.TCPConn, file *os.File, show func(*appEvent)"},
}

func TestDocuments(t *testing.T) {
	needClang(t)
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range documents {
		t.Run(d.name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(repo, d.name))
			if err != nil {
				t.Fatal(err)
			}
			u := newUser(t, repo)
			for _, b := range blocks(string(text), "sh") {
				u.shell(t, b)
			}
			u.compile(t, d, blocks(string(text), "go"))
		})
	}
}

// block is code of a document.
type block struct {
	line int // of the first line of code
	code string
}

var fence = regexp.MustCompile("(?m)^```(\\w*)\n((?s:.*?))^```$")

// blocks finds the code of a language.
func blocks(text, language string) []block {
	var found []block
	for _, m := range fence.FindAllStringSubmatchIndex(text, -1) {
		if text[m[2]:m[3]] == language {
			found = append(found, block{1 + strings.Count(text[:m[4]], "\n"), text[m[4]:m[5]]})
		}
	}
	return found
}

// user is somebody with a module, who has cloned the repository.
type user struct {
	repo, dir string
	env       []string
}

// userFiles are what a user has whom the documents speak of, and where it
// comes from: the C with its headers, and what a build pipeline makes.
var userFiles = map[string]string{
	"go.mod":                  "go.mod",
	"go.sum":                  "go.sum",
	"counter.c":               "examples/counter/counter.c",
	"net.h":                   "examples/include/net.h",
	"helpers.h":               "examples/include/helpers.h",
	"bpf.h":                   "golden/include/bpf.h",
	"app.c":                   "cmd/bpfgen/testdata/docs/app.c",
	"build/counter_bpfel.o":   "examples/counter/counter_bpfel.o",
	"build/counter_bpfeb.o":   "examples/counter/counter_bpfeb.o",
	"build/vmlinux-6.1.btf":   "/sys/kernel/btf/vmlinux",
	"build/vmlinux-6.12.btf":  "/sys/kernel/btf/vmlinux",
	"internal/counter/doc.go": "",
}

// userMain has the go:generate line of the documents.
const userMain = `package main

//go:generate go tool bpfgen counter counter.c

func main() {}
`

func newUser(t *testing.T, repo string) *user {
	t.Helper()
	u := &user{repo: repo, dir: t.TempDir()}
	u.env = append(os.Environ(), "GOPROXY=off", "TMPDIR="+t.TempDir(),
		"GOPACKAGE=", "GOFILE=", "BPF2GO_CC="+compiler(), "BPF2GO_CFLAGS=", "BPF2GO_STRIP=", "BPF2GO_MAKEBASE=")
	for name, from := range userFiles {
		u.copy(t, name, from)
	}
	u.write(t, "main.go", userMain)
	u.command(t, u.dir, "go", "mod", "edit", "-module", "example.com/app",
		"-require", "github.com/bpfgen/bpfgen@v0.0.0", "-replace", "github.com/bpfgen/bpfgen="+repo)
	return u
}

// copy copies a file of the repository or of the machine; "" stands for an
// empty package.
func (u *user) copy(t *testing.T, name, from string) {
	t.Helper()
	if from == "" {
		u.write(t, name, "package "+filepath.Base(filepath.Dir(name))+"\n")
		return
	}
	if !filepath.IsAbs(from) {
		from = filepath.Join(u.repo, from)
	}
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	u.write(t, name, string(content))
}

func (u *user) write(t *testing.T, name, content string) {
	t.Helper()
	path := filepath.Join(u.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
}

// command runs a command that must succeed. The user's go.mod may change, the
// repository's may not.
func (u *user) command(t *testing.T, dir, name string, args ...string) {
	t.Helper()
	mod := "GOFLAGS=-mod=mod"
	if dir == u.repo {
		mod = "GOFLAGS=-mod=readonly"
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append(u.env, mod)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// testAll is the README's command that runs this test.
const testAll = ".ci/test.sh"

// shell runs commands as they stand, but for testAll.
func (u *user) shell(t *testing.T, b block) {
	t.Helper()
	dir := u.dir
	if strings.Contains(b.code, "./cmd/bpfgen") {
		dir = u.repo
	}
	var commands strings.Builder
	for line := range strings.Lines(b.code) {
		if strings.TrimSpace(line) != testAll {
			commands.WriteString(line)
		}
	}
	u.command(t, dir, "bash", "-euxc", commands.String())
}

// compile compiles Go code, with statements in a function for each block. That
// they leave variables unused is no error.
func (u *user) compile(t *testing.T, d document, code []block) {
	t.Helper()
	for ident, flags := range map[string][]string{"counter": nil, "app": {"-type", "executed,exited"}} {
		args := slices.Concat([]string{"tool", "bpfgen", "-go-package", "main", "-target", "bpfel"}, flags, []string{ident, ident + ".c"})
		u.command(t, u.dir, "go", args...)
	}
	for i, b := range code {
		if isStatements(b.code) {
			u.write(t, fmt.Sprintf("block%d.go", i), fileOf(d, i, b))
		}
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-gcflags=-e", ".")
	cmd.Dir, cmd.Env = u.dir, append(u.env, "GOARCH=amd64", "GOFLAGS=-mod=mod")
	out, err := cmd.CombinedOutput()
	var wrong strings.Builder
	for line := range strings.Lines(string(out)) {
		if !strings.Contains(line, "declared and not used:") && !strings.HasPrefix(line, "# ") {
			wrong.WriteString(line)
		}
	}
	if wrong.Len() > 0 || err != nil && len(out) == 0 {
		t.Errorf("go build: %v\n%s", err, &wrong)
	}
}

// isStatements tells them from go:generate lines and whole files.
func isStatements(code string) bool {
	return !strings.HasPrefix(code, "package ") && !strings.HasPrefix(code, "//go:generate ")
}

// fileOf makes a file of statements. Errors name the line of the document.
func fileOf(d document, i int, b block) string {
	return fmt.Sprintf(`package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/typedtest"
	"github.com/cilium/ebpf"
)

var _ = []any{context.Cause, errors.Is, fmt.Print, io.EOF, net.IP{}, netip.Addr{}, os.Args,
	typed.Bit, typedtest.NewQueue[int], ebpf.Hash}

func block%d(%s) (_ error) {
	{
//line %s:%d
%s	}
	return
}
`, i, d.prelude, d.name, b.line, strings.ReplaceAll(b.code, "…", ""))
}
