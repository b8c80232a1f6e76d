package main

// The command line as a user types it: testdata/script/*.txtar, run by
// testscript. The commands that they have beside testscript's own:
//
//	trouble REGEXP bpfgen ARG...   exit status 2, nothing on stdout, one line on
//	                               stderr, which matches, and not a byte, mode or
//	                               time changed under $WORK
//	strict REGEXP bpfgen ARG...    exit status 1 for a warning, which matches, and
//	                               nothing changed either
//	snapshot NAME                  remembers all files under $WORK
//	unchanged NAME [FILE...]       they, or these, are as they were, times too
//	sections FILE                  prints the names of an ELF file's sections
//	btf FILE RAW                   writes the section .BTF of an ELF file to RAW
//
// $GOLDEN is the directory of the golden cases, $REPO the repository, $CC the
// compiler. Scripts that compile begin with [!clang] skip, which under CI is
// a failure.

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/outfile"
	"github.com/bpfgen/bpfgen/emit"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"bpfgen": main})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup:               setup,
		Condition:           condition,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"trouble":   cmdTrouble,
			"strict":    cmdStrict,
			"snapshot":  cmdSnapshot,
			"unchanged": cmdUnchanged,
			"sections":  cmdSections,
			"btf":       cmdBTF,
		},
	})
}

// compiler is what scripts compile with.
func compiler() string {
	if cc := os.Getenv("BPFGEN_CLANG"); cc != "" {
		return cc
	}
	return "clang-19"
}

func setup(env *testscript.Env) error {
	repo, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	env.Values[snapshotsKey{}] = make(map[string]map[string]entry)
	env.Setenv("REPO", repo)
	env.Setenv("GOLDEN", filepath.Join(repo, "golden"))
	env.Setenv("CC", compiler())
	env.Setenv("NL", "\n")
	// What go generate or a user's shell would set must not leak in; what the
	// go command needs to build must.
	for _, name := range []string{"GOPACKAGE", "GOFILE", "V", "BPF2GO_CC", "BPF2GO_CFLAGS", "BPF2GO_STRIP", "BPF2GO_MAKEBASE"} {
		env.Setenv(name, "")
	}
	for _, name := range []string{"GOMODCACHE", "GOCACHE", "GOROOT"} {
		value, err := exec.Command("go", "env", name).Output()
		if err != nil {
			return err
		}
		env.Setenv(name, strings.TrimSpace(string(value)))
	}
	env.Setenv("GOPROXY", "off")
	env.Setenv("GOFLAGS", "-mod=mod")
	return nil
}

func condition(cond string) (bool, error) {
	program := cond
	switch cond {
	case "clang":
		program = compiler()
	case "zsh", "fish":
	default:
		return false, fmt.Errorf("unknown condition %q", cond)
	}
	_, err := exec.LookPath(program)
	if err != nil && os.Getenv("CI") == "true" {
		return false, fmt.Errorf("under CI %s is required: %w", cond, err)
	}
	return err == nil, nil
}

func cmdTrouble(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: trouble regexp bpfgen args...")
	}
	before := tree(ts)
	var exit *exec.ExitError
	err := ts.Exec(args[1], args[2:]...)
	if !errors.As(err, &exit) || exit.ExitCode() != exitTrouble {
		ts.Fatalf("want exit status 2, got %v", err)
	}
	if out := ts.ReadFile("stdout"); out != "" {
		ts.Fatalf("unexpected stdout %q", out)
	}
	ours := regexp.MustCompile(`(?m)^bpfgen: .*$`).FindAllString(ts.ReadFile("stderr"), -1)
	if len(ours) != 1 {
		ts.Fatalf("want one line from bpfgen, got %d", len(ours))
	}
	if !regexp.MustCompile(args[0]).MatchString(ours[0]) {
		ts.Fatalf("%s\ndoes not match %s", ours[0], args[0])
	}
	compare(ts, before, tree(ts))
}

func cmdStrict(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: strict regexp bpfgen args...")
	}
	before := tree(ts)
	var exit *exec.ExitError
	err := ts.Exec(args[1], args[2:]...)
	if !errors.As(err, &exit) || exit.ExitCode() != exitNo {
		ts.Fatalf("want exit status %d, got %v", exitNo, err)
	}
	stderr := ts.ReadFile("stderr")
	if !regexp.MustCompile(`(?m)^bpfgen: warning: .*` + args[0]).MatchString(stderr) {
		ts.Fatalf("no warning matches %s", args[0])
	}
	if !strings.HasSuffix(stderr, "\nbpfgen: "+errWarnings.Error()+"\n") {
		ts.Fatalf("the last line is not %q", errWarnings)
	}
	compare(ts, before, tree(ts))
}

// snapshotsKey is where a script keeps its snapshots, by name.
type snapshotsKey struct{}

func snapshots(ts *testscript.TestScript) map[string]map[string]entry {
	return ts.Value(snapshotsKey{}).(map[string]map[string]entry)
}

func cmdSnapshot(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: snapshot name")
	}
	snapshots(ts)[args[0]] = tree(ts)
}

func cmdUnchanged(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) == 0 {
		ts.Fatalf("usage: unchanged name [file...]")
	}
	before, ok := snapshots(ts)[args[0]]
	if !ok {
		ts.Fatalf("there is no snapshot %s", args[0])
	}
	after := tree(ts)
	if files := args[1:]; len(files) > 0 {
		before, after = only(before, files), only(after, files)
		if len(before) != len(files) {
			ts.Fatalf("the snapshot has %d of %d files", len(before), len(files))
		}
	}
	compare(ts, before, after)
}

func cmdSections(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: sections file")
	}
	f, err := elf.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	for _, s := range f.Sections {
		fmt.Fprintln(ts.Stdout(), s.Name)
	}
}

func cmdBTF(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: btf file raw")
	}
	f, err := elf.Open(ts.MkAbs(args[0]))
	ts.Check(err)
	defer f.Close()
	raw, err := f.Section(".BTF").Data()
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), raw, 0o666))
}

// entry is what a file is.
type entry struct {
	content string
	info    string
}

// tree is every file under $WORK, by its path there.
func tree(ts *testscript.TestScript) map[string]entry {
	files := make(map[string]entry)
	root := ts.Getenv("WORK")
	ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if path == filepath.Join(root, ".tmp") {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		e := entry{info: fmt.Sprint(info.Mode(), " ", info.ModTime())}
		if info.Mode().IsRegular() {
			content, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			e.content = string(content)
		}
		name, err := filepath.Rel(root, path)
		files[name] = e
		return err
	}))
	return files
}

func only(files map[string]entry, names []string) map[string]entry {
	some := make(map[string]entry)
	for _, name := range names {
		if e, ok := files[name]; ok {
			some[name] = e
		}
	}
	return some
}

func compare(ts *testscript.TestScript, before, after map[string]entry) {
	for name, was := range before {
		if is, ok := after[name]; !ok {
			ts.Fatalf("%s is gone", name)
		} else if is != was {
			ts.Fatalf("%s changed: %s, %d bytes; was %s, %d bytes", name, is.info, len(is.content), was.info, len(was.content))
		}
	}
	for name := range after {
		if _, ok := before[name]; !ok {
			ts.Fatalf("%s is new", name)
		}
	}
}

// The two packages that know the header do not import each other.
func TestHeader(t *testing.T) {
	if outfile.Header != emit.Header {
		t.Errorf("outfile.Header is %q, emit.Header %q", outfile.Header, emit.Header)
	}
}

// A panic must look like one, and leave the exit status of trouble.
func TestInternalError(t *testing.T) {
	var stderr bytes.Buffer
	c := &cli{stderr: &stderr}
	c.report(caught(func() error { panic("boom") }))
	for _, want := range []string{"bpfgen: internal error: boom", reportBug, "goroutine"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("%q is not in\n%s", want, &stderr)
		}
	}
}

func TestProblems(t *testing.T) {
	inner := errors.Join(errors.New("one"), errors.New("two\nlines"))
	err := errors.Join(fmt.Errorf("a.o: %w", inner), errors.New("three"), fmt.Errorf("%w and %w", fs.ErrExist, fs.ErrClosed))
	want := []string{"a.o: one", `a.o: two\nlines`, "three", "file already exists and file already closed"}
	if got := problems(err); !slices.Equal(got, want) {
		t.Errorf("problems = %q, want %q", got, want)
	}
}

func TestIdentOf(t *testing.T) {
	for path, want := range map[string]string{
		"/sys/kernel/btf/vmlinux": "vmlinux",
		"nf_conntrack.btf":        "nfConntrack",
		"counter.bpf.o":           "counter",
		"6.1.0-13-amd64.btf":      "btf61013Amd64",
		"Über.btf":                "über",
		"---":                     "btf",
	} {
		if got := identOf(path); got != want {
			t.Errorf("identOf(%s) = %s, want %s", path, got, want)
		}
	}
}

func TestInterrupted(t *testing.T) {
	dir := t.TempDir()
	source := filepath.Join(dir, "a.c")
	if err := os.WriteFile(source, []byte("int a;\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var stdout, stderr bytes.Buffer
	args := []string{"-go-package", "p", "-cc", "true", "-no-strip", "-output-dir", dir, "a", source}
	want := "bpfgen: " + interruption() + "\n" // which depends on what other tests wrote in this process
	status := run(ctx, args, os.Environ(), nil, &stdout, &stderr)
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("files: %v, %v", entries, err)
	}
	if status != exitTrouble || stdout.Len() > 0 || stderr.String() != want {
		t.Errorf("run = %d, stdout %q, stderr %q, want %d and %q", status, &stdout, &stderr, exitTrouble, want)
	}
}

// Every type of program hangs somewhere.
func TestAttachesIsComplete(t *testing.T) {
	for _, typ := range btfparse.ProgTypes() {
		if attachPoints[typ] == "" {
			t.Errorf("attachPoints has nothing for %s", typ)
		}
	}
	var prefixes []string
	for _, def := range btfparse.SectionDefs() {
		prefix := strings.TrimSuffix(def.Prefix, "+")
		word, _, _ := strings.Cut(prefix, "/")
		prefixes = append(prefixes, prefix, word)
	}
	for prefix := range attachPrefixes {
		if !slices.Contains(prefixes, prefix) {
			t.Errorf("attachPrefixes has %s, which libbpf does not know", prefix)
		}
	}
	for _, test := range []struct {
		p    btfparse.Program
		want string
	}{
		{btfparse.Program{Prefix: "kprobe+", Type: btfparse.ProgKprobe, Target: "tcp_connect"}, "to a kernel function: tcp_connect"},
		{btfparse.Program{Prefix: "uprobe.s+", Type: btfparse.ProgKprobe, Target: "/bin/sh:main"}, "to a function of an executable: /bin/sh:main"},
		{btfparse.Program{Prefix: "fexit.s+", Type: btfparse.ProgTracing}, "to the return of a kernel function"},
		{btfparse.Program{Prefix: "kprobe.multi+", Type: btfparse.ProgKprobe, Target: "tcp_*"}, "to kernel functions: tcp_*"},
		{btfparse.Program{Prefix: "xdp/devmap", Type: btfparse.ProgXDP}, "to an entry of a device map"},
		{btfparse.Program{Prefix: "xdp", Type: btfparse.ProgXDP}, "to a network interface"},
		{btfparse.Program{Prefix: "iter+", Type: btfparse.ProgTracing, Target: "task"}, "to nothing, it is read as an iterator: task"},
		{btfparse.Program{}, "not known: the section is none of libbpf's"},
	} {
		if got := attaches(&test.p); got != test.want {
			t.Errorf("attaches(%+v) = %q, want %q", test.p, got, test.want)
		}
	}
}

func TestMisleading(t *testing.T) {
	for name, want := range map[string]bool{
		"flow_key":   false,
		"a::b<c::D>": false,
		"Foo<'a'>":   false,
		"größe":      false,
		"":           false,
		`a"b`:        true,
		"a`b":        true,
		"a\nb":       true,
		"a\rb":       true,
		"a*/b":       true,
		"a\u2028b":   true,
	} {
		if misleading(name) != want {
			t.Errorf("misleading(%q) is %v", name, !want)
		}
	}
}
