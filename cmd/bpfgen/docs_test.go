package main

// README.md is done as a newcomer would, from its first command to its last, and
// the program that comes of it is run. go.generate.md is run: its shell commands
// in a module of a user's; and its Go code is compiled against generated code.
// Links between documents lead somewhere.

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/outfile"
)

const (
	readme = "README.md"
	guide  = "go.generate.md"
	// guidePrelude declares what the guide's Go code speaks of without saying
	// how it was had: parameters of a function.
	guidePrelude = "ctx context.Context, spec *appCollectionSpec, bpf, another *appCollection, object io.ReaderAt, other *ebpf.Map, " +
		"key appFlowKey, stats appFlowStats, ifindex, xsk int, cgroup string, conn *net.TCPConn, file *os.File, show func(*appEvent)"
	// testAll is the README's command that runs this test.
	testAll = ".ci/test.sh"
	// flows is the program that the README makes.
	flows = "./flows"
)

// The commands of the README are one script, that starts in the repository.
func TestReadme(t *testing.T) {
	needClang(t)
	repo := repository(t)
	var script strings.Builder
	for _, b := range blocks(readDocument(t, repo, readme), "sh", "go") {
		if b.language == "go" {
			fmt.Fprintf(&script, "cat > main.go <<'END'\n%sEND\n", b.code)
			continue
		}
		script.WriteString(strings.ReplaceAll(b.code, testAll+"\n", ""))
	}
	// Its program runs until it is interrupted; where nothing else happens on
	// the interface, it prints nothing.
	if os.Getenv("CI") == "true" {
		script.WriteString("go vet .\nunshare --net timeout 2 " + flows + " lo || [ $? = 124 ]\n")
	}
	if !strings.Contains(readDocument(t, repo, readme), "`"+flows+" lo`") {
		t.Errorf("%s does not run %s", readme, flows)
	}
	u := &user{repo: repo, dir: repo, env: userEnv(t)}
	u.command(t, repo, "bash", "-euxc", script.String())
}

func TestGuide(t *testing.T) {
	needClang(t)
	repo := repository(t)
	text := readDocument(t, repo, guide)
	u := newUser(t, repo)
	for _, b := range blocks(text, "sh") {
		u.command(t, u.dir, "bash", "-euxc", b.code)
	}
	u.compile(t, blocks(text, "go"))
	if moved := readDocument(t, u.dir, "moved/counter_bpfel.go"); !strings.HasPrefix(moved, outfile.Header) || !strings.Contains(moved, "type counterObjects struct") {
		t.Errorf("what bpf2go generated did not move over:\n%s", moved)
	}
}

func repository(t *testing.T) string {
	t.Helper()
	repo, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return repo
}

func readDocument(t *testing.T, repo, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(repo, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

var (
	// link is a link of a document to what is no web page.
	link = regexp.MustCompile(`\]\(([^)#:\s]*)(?:#([^)\s]*))?\)`)
	// title is a heading.
	title = regexp.MustCompile(`(?m)^#+ (.*)$`)
	// unanchored is what the anchor of a heading leaves out.
	unanchored = regexp.MustCompile(`[^\p{L}\p{N} _-]`)
)

// Every link leads to a file of the repository, and to a heading in it.
func TestLinks(t *testing.T) {
	repo := repository(t)
	for _, pattern := range []string{"*.md", "*/*.md"} {
		paths, err := filepath.Glob(filepath.Join(repo, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range paths {
			for _, m := range link.FindAllStringSubmatch(fence.ReplaceAllString(readDocument(t, "", path), ""), -1) {
				to := path
				if m[1] != "" {
					to = filepath.Join(filepath.Dir(path), m[1])
				}
				if _, err := os.Stat(to); err != nil {
					t.Errorf("%s: link %s: %v", path, m[0], err)
				} else if m[2] != "" && !slices.Contains(anchors(readDocument(t, "", to)), m[2]) {
					t.Errorf("%s: link %s: no such heading", path, m[0])
				}
			}
		}
	}
}

// anchors are the names that headings have in links.
func anchors(text string) []string {
	var names []string
	for _, m := range title.FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		name := unanchored.ReplaceAllString(strings.ToLower(m[1]), "")
		names = append(names, strings.ReplaceAll(name, " ", "-"))
	}
	return names
}

// block is code of a document.
type block struct {
	line           int // of the first line of code
	language, code string
}

var fence = regexp.MustCompile("(?m)^```(\\w*)\n((?s:.*?))^```$")

// blocks finds the code of some languages.
func blocks(text string, languages ...string) []block {
	var found []block
	for _, m := range fence.FindAllStringSubmatchIndex(text, -1) {
		if language := text[m[2]:m[3]]; slices.Contains(languages, language) {
			found = append(found, block{1 + strings.Count(text[:m[4]], "\n"), language, text[m[4]:m[5]]})
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
	"go.mod":                 "go.mod",
	"go.sum":                 "go.sum",
	"counter.c":              "examples/counter/counter.c",
	"net.h":                  "examples/include/net.h",
	"helpers.h":              "examples/include/helpers.h",
	"bpf.h":                  "golden/include/bpf.h",
	"app.c":                  "cmd/bpfgen/testdata/docs/app.c",
	"build/counter_bpfel.o":  "examples/counter/counter_bpfel.o",
	"build/counter_bpfeb.o":  "examples/counter/counter_bpfeb.o",
	"build/vmlinux-6.1.btf":  "/sys/kernel/btf/vmlinux",
	"build/vmlinux-6.12.btf": "/sys/kernel/btf/vmlinux",
	"watch.c":                "cmd/bpfgen/testdata/docs/watch.c",
	"release/watch_bpfel.o":  "cmd/bpfgen/testdata/docs/watch_bpfel.o",
	// Five kernels, of which the first reads a task's state elsewhere.
	"build/kernels/5.10.0-32-cloud-amd64.btf.gz":      kernels + "5.10.0-32-cloud-amd64.btf.gz",
	"build/kernels/6.1.0-56-cloud-amd64.btf.gz":       kernels + "6.1.0-56-cloud-amd64.btf.gz",
	"build/kernels/6.12.117+deb12-cloud-amd64.btf.gz": kernels + "6.12.117+deb12-cloud-amd64.btf.gz",
	"build/kernels/6.18.44.btf.gz":                    kernels + "6.18.44.btf.gz",
	"build/kernels/7.3.4+deb13-cloud-amd64.btf.gz":    kernels + "7.3.4+deb13-cloud-amd64.btf.gz",
	"internal/counter/doc.go":                         "",
}

// kernels has parts of the BTF of real kernels (.ci/forecast -reduce).
const kernels = "internal/kernelbtf/testdata/kernels/"

// oldKernel and newKernel are BTF that was made for tests.
const (
	oldKernel = "forecast/testdata/5.10.0-1-test.btf"
	newKernel = "forecast/testdata/6.12.0-1-test.btf"
)

// userMain has the go:generate line of the documents.
const userMain = `package main

//go:generate go tool bpfgen counter counter.c

func main() {}
`

// moved is a package that bpf2go has generated in.
var moved = map[string]string{
	"moved/moved.go":         "package moved\n\n//go:generate go tool bpf2go -tags linux -target bpfel counter ../counter.c\n",
	"moved/counter_bpfel.go": "// Code generated by bpf2go; DO NOT EDIT.\n\npackage moved\n\n//go:embed counter_bpfel.o\nvar _CounterBytes []byte\n",
	"moved/counter_bpfel.o":  "an object",
}

func newUser(t *testing.T, repo string) *user {
	t.Helper()
	u := newModule(t, repo, userFiles)
	u.write(t, "main.go", userMain)
	for name, content := range moved {
		u.write(t, name, content)
	}
	return u
}

// newModule makes the module of a user who has some files, in git's care.
func newModule(t *testing.T, repo string, files map[string]string) *user {
	t.Helper()
	u := &user{repo: repo, dir: t.TempDir(), env: userEnv(t)}
	for name, from := range files {
		u.copy(t, name, from)
	}
	for _, args := range [][]string{{"init", "-q"}, {"config", "user.name", "u"}, {"config", "user.email", "u@example.com"}} {
		u.command(t, u.dir, "git", args...)
	}
	u.command(t, u.dir, "go", "mod", "edit", "-module", "example.com/app",
		"-require", "github.com/bpfgen/bpfgen@v0.0.0", "-replace", "github.com/bpfgen/bpfgen="+repo)
	return u
}

// userEnv has what the documents tell a user to set, and no way to a module
// that is not here yet: "go list -m all" in the repository brings them.
func userEnv(t *testing.T) []string {
	return append(os.Environ(), "GOPROXY=off", "TMPDIR="+t.TempDir(),
		"GOPACKAGE=", "GOFILE=", "BPF2GO_CC="+compiler(), "BPF2GO_CFLAGS=", "BPF2GO_STRIP=", "BPF2GO_MAKEBASE=")
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
	if out, err := u.output(t, dir, name, args...); err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
}

// output is what a command prints, and how it ended.
func (u *user) output(t *testing.T, dir, name string, args ...string) (string, error) {
	mod := "GOFLAGS=-mod=mod"
	if dir == u.repo {
		mod = "GOFLAGS=-mod=readonly"
	}
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir, cmd.Env = dir, append(u.env, mod)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// compile compiles Go code, with statements in a function for each block. That
// they leave variables unused is no error.
func (u *user) compile(t *testing.T, code []block) {
	t.Helper()
	for ident, flags := range map[string][]string{"app": {"-type", "executed,exited"}} {
		args := slices.Concat([]string{"tool", "bpfgen", "-go-package", "main", "-target", "bpfel"}, flags, []string{ident, ident + ".c"})
		u.command(t, u.dir, "go", args...)
	}
	for i, b := range code {
		if isStatements(b.code) {
			u.write(t, fmt.Sprintf("block%d.go", i), fileOf(i, b))
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
func fileOf(i int, b block) string {
	return fmt.Sprintf(`package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/ctypes"
	"github.com/bpfgen/bpfgen/typed/typedtest"
	"github.com/cilium/ebpf"

	"example.com/app/internal/kernelbtf"
)

var _ = []any{kernelbtf.FS, context.Cause, errors.Is, fmt.Print, io.EOF, net.IP{}, netip.Addr{}, os.Args, syscall.ENOMEM, time.Second,
	typed.Version1, ctypes.Bit, typedtest.NewQueue[int], ebpf.Hash}

func block%d(%s) (_ error) {
	{
//line %s:%d
%s	}
	return
}
`, i, guidePrelude, guide, b.line, strings.ReplaceAll(b.code, "…", ""))
}
