package main

// Whatever ends bpfgen, the files are those of one run, or nothing is made of them,
// and nothing else is left behind. These tests run the command as users do; that
// every single operation of a commit may fail, and that disks may be full, is
// tested in internal/outfile. .ci/safety.sh has them try often enough to quote.

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/bpfgen/bpfgen/internal/hostile/bombs"
)

// times is how often to try: name is a variable that says so, else some.
func times(name string, some int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return some
}

// lab is a module in which runs of bpfgen come to grief.
type lab struct {
	*user
	// temp is the directory of temporary files, cache bpfgen's.
	temp, cache string
}

func newLab(t *testing.T) *lab {
	t.Helper()
	repo := repository(t)
	l := &lab{user: newModule(t, repo, map[string]string{"go.mod": "go.mod", "go.sum": "go.sum"}), temp: t.TempDir(), cache: t.TempDir()}
	l.env = append(l.env, "TMPDIR="+l.temp, "BPFGEN_CACHE="+l.cache, "GOPACKAGE=app", "GOFLAGS=-mod=mod")
	l.write(t, "app.go", "package app\n")
	return l
}

// start starts bpfgen in a directory of the module.
func (l *lab) start(t *testing.T, dir string, env []string, args ...string) (*exec.Cmd, *strings.Builder) {
	t.Helper()
	cmd := exec.Command("bpfgen", args...)
	cmd.Dir, cmd.Env = filepath.Join(l.dir, dir), append(l.env, env...)
	said := new(strings.Builder)
	cmd.Stdout, cmd.Stderr = said, said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, said
}

func (l *lab) run(t *testing.T, args ...string) time.Duration {
	t.Helper()
	begin := time.Now()
	cmd, said := l.start(t, ".", nil, args...)
	if err := cmd.Wait(); err != nil {
		t.Fatalf("bpfgen %s: %v\n%s", strings.Join(args, " "), err, said)
	}
	return time.Since(begin)
}

// generated are the files of the ident x, temporary ones apart.
func (l *lab) generated(t *testing.T) map[string]string {
	t.Helper()
	files := make(map[string]string)
	paths, err := filepath.Glob(filepath.Join(l.dir, "x_*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		files[filepath.Base(path)] = string(content)
	}
	return files
}

// leftovers are temporary files and directories of bpfgen's.
func (l *lab) leftovers(t *testing.T) (left []string) {
	t.Helper()
	for _, root := range []string{l.dir, l.temp, l.cache} {
		err := filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
			if e != nil && e.Name() == ".git" {
				return fs.SkipDir
			}
			if err == nil && (strings.HasPrefix(e.Name(), ".bpfgen-") || strings.HasSuffix(e.Name(), ".tmp")) {
				left = append(left, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return left
}

// versions are command lines that write different sets of files of one ident.
func (l *lab) versions(t *testing.T) [][]string {
	t.Helper()
	needClang(t)
	golden := filepath.Join(l.repo, "golden")
	object := func(dir, end string) string { return filepath.Join(golden, dir, dir+"_"+end+".o") }
	begin := []string{"gen", "-no-typecheck"}
	return [][]string{
		append(begin, "x", object("counter", "bpfel"), object("counter", "bpfeb")),
		append(begin, "-cc", "clang-19", "x", filepath.Join(golden, "scalars", "scalars.c"), "--", "-I"+filepath.Join(golden, "include")),
		append(begin, "x", object("unions", "bpfel"), object("unions", "bpfeb")),
		append(begin, "-cc", "clang-19", "x", filepath.Join(golden, "counter", "counter.c"), "--", "-I"+filepath.Join(golden, "include")),
	}
}

// A run that is killed at any moment leaves the files of the one before, its own,
// or some that the compiler refuses; the next run leaves its own alone.
// BPFGEN_KILLS says how often to try.
func TestKilledRuns(t *testing.T) {
	l := newLab(t)
	versions := l.versions(t)
	sets := make([]map[string]string, len(versions))
	took := make([]time.Duration, len(versions))
	for i, args := range versions {
		took[i] = l.run(t, args...)
		sets[i] = l.generated(t)
	}
	random := rand.New(rand.NewPCG(1, 2))
	before := len(versions) - 1
	old, done, refused := 0, 0, 0
	for i := range times("BPFGEN_KILLS", 24) {
		if i%5 == 0 {
			l.forget(t) // so that the compiler runs
		}
		now := (before + 1) % len(versions)
		cmd, _ := l.start(t, ".", nil, versions[now]...)
		time.Sleep(time.Duration(random.Float64() * 1.1 * float64(took[now])))
		cmd.Process.Kill()
		cmd.Wait()
		switch files := l.generated(t); {
		case maps.Equal(files, sets[before]):
			old++
		case maps.Equal(files, sets[now]):
			done++
		default:
			refused++
			if out, err := l.output(t, l.dir, "go", "vet", "."); err == nil {
				t.Errorf("files of two runs compile: %v\n%s", sortedNames(files), out)
			}
		}
		took[now] = max(l.run(t, versions[now]...), took[now]/2)
		if !maps.Equal(l.generated(t), sets[now]) {
			t.Errorf("the next run leaves %v", sortedNames(l.generated(t)))
		}
		if left := l.leftovers(t); len(left) > 0 {
			t.Errorf("left after the next run: %v", left)
		}
		before = now
	}
	t.Logf("kills: %d before anything changed, %d after all had, %d between, refused by the compiler", old, done, refused)
}

// forget empties the cache.
func (l *lab) forget(t *testing.T) {
	t.Helper()
	if err := os.RemoveAll(l.cache); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(l.cache, 0o777); err != nil {
		t.Fatal(err)
	}
}

// Two runs at one time leave the files of one of them. BPFGEN_DOUBLES says how
// often to try.
func TestDoubleRuns(t *testing.T) {
	l := newLab(t)
	versions := l.versions(t)
	var sets []map[string]string
	for _, args := range versions {
		l.run(t, args...)
		sets = append(sets, l.generated(t))
	}
	for i := range times("BPFGEN_DOUBLES", 12) {
		a, b := i%len(versions), (i+1+i/4%3)%len(versions)
		one, saidOne := l.start(t, ".", nil, versions[a]...)
		two, saidTwo := l.start(t, ".", nil, versions[b]...)
		if err := errors.Join(one.Wait(), two.Wait()); err != nil {
			t.Fatalf("%v\n%s%s", err, saidOne, saidTwo)
		}
		if files := l.generated(t); !maps.Equal(files, sets[a]) && !maps.Equal(files, sets[b]) {
			t.Errorf("two runs leave %v, which neither wrote", sortedNames(files))
		}
		if left := l.leftovers(t); len(left) > 0 {
			t.Errorf("left: %v", left)
		}
	}
}

// Two runs for a target each decide over the other's object, too: whichever is
// last, it has seen what the other wrote.
func TestDoubleRunsOfTargets(t *testing.T) {
	l := newLab(t)
	golden := filepath.Join(l.repo, "golden")
	line := func(dir, target string) []string {
		return []string{"gen", "-no-typecheck", "x", filepath.Join(golden, dir, dir+"_"+target+".o")}
	}
	for i := range times("BPFGEN_DOUBLES", 12) {
		dir := []string{"counter", "scalars"}[i%2]
		one, saidOne := l.start(t, ".", nil, line(dir, "bpfel")...)
		two, saidTwo := l.start(t, ".", nil, line(dir, "bpfeb")...)
		if err := errors.Join(one.Wait(), two.Wait()); err != nil {
			t.Fatalf("%v\n%s%s", err, saidOne, saidTwo)
		}
		raced := l.generated(t)
		l.run(t, line(dir, "bpfel")...)
		if !maps.Equal(raced, l.generated(t)) {
			t.Errorf("round %d: another run changes what two at one time left", i)
		}
	}
}

// limit is how long a signal may take to end bpfgen.
const limit = 200 * time.Millisecond

// tries is how often a machine that has other work to do may miss it.
const tries = 8

// phase is something that bpfgen may be busy with when a signal comes.
type phase struct {
	name string
	args []string
	// tool is the command that bpfgen waits for, and condition the shell's test of
	// its arguments for that.
	tool, condition string
	env             []string
	stdin           bool
	lock            bool
}

func (l *lab) phases(t *testing.T) []phase {
	t.Helper()
	object := filepath.Join(l.repo, "golden", "counter", "counter_bpfel.o")
	golden := []string{"--", "-I" + filepath.Join(l.repo, "golden", "include")}
	source := filepath.Join(l.repo, "golden", "counter", "counter.c")
	compile := func(flags ...string) []string {
		return append(append(append([]string{"gen", "-no-typecheck"}, flags...), "x", source), golden...)
	}
	bind := filepath.Join(l.repo, "golden", "bind", "bind_bpfel.o")
	return []phase{
		{name: "the compiler", tool: "cc", condition: "true", args: compile("-cc", "cc", "-no-strip")},
		{name: "the compiler asked for its directories", tool: "cc", condition: `[[ " $* " == *" -v "* ]]`, args: []string{"gen", "-no-typecheck", "./c"}},
		{name: "strip", tool: "strip", condition: "true", args: compile("-cc", "clang-19", "-strip", "strip")},
		{name: "the go command of the type check", tool: "go", condition: "true", args: []string{"gen", "x", object}},
		{name: "the go command of -bind", tool: "go", condition: "true", args: []string{"gen", "-no-typecheck", "-bind", "struct flow=example.com/app.T", "x", bind}},
		{name: "packages by import path", tool: "go", condition: "true", args: []string{"gen", "example.com/app/..."}},
		{name: "git", tool: "git", condition: "true", args: []string{"check", "./lines"}},
		{name: "go get of init", tool: "go", condition: "true", args: []string{"init", "-cc", "none", "new"}},
		{name: "standard input", stdin: true, args: []string{"inspect", "-"}},
		{name: "another run in the directory", lock: true, args: []string{"gen", "-no-typecheck", "x", object}},
	}
}

// Whatever bpfgen waits for, a signal ends it at once, with all processes that it
// started and that these started; the files are as they were.
func TestSignals(t *testing.T) {
	needClang(t)
	l := newLab(t)
	l.write(t, "lines/lines.go", "package lines\n\n//go:generate bpfgen x "+filepath.Join(l.repo, "golden", "counter", "counter_bpfel.o")+"\n")
	l.write(t, "c/c.go", "package c\n\n//go:generate bpfgen -cc cc -no-strip x c.c\n")
	l.write(t, "c/c.c", "int x = 1;\n")
	l.run(t, "gen", "-no-typecheck", "./lines")
	l.run(t, "gen", "-no-typecheck", "x", filepath.Join(l.repo, "golden", "scalars", "scalars_bpfel.o"))
	before := l.generated(t)
	for _, p := range l.phases(t) {
		t.Run(p.name, func(t *testing.T) {
			best := time.Hour
			for i := 0; i < tries && best >= limit; i++ {
				l.forget(t)
				for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
					took := l.interrupt(t, p, sig)
					best = min(best, took)
				}
			}
			if best >= limit {
				t.Errorf("%v after the signal, want less than %v", best, limit)
			}
			if !maps.Equal(before, l.generated(t)) {
				t.Error("files have changed")
			}
			if left := l.leftovers(t); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			t.Logf("%v", best.Round(time.Millisecond))
		})
	}
}

// interrupt starts bpfgen, waits until it is where the phase says, and says how
// long it takes to end after the signal.
func (l *lab) interrupt(t *testing.T, p phase, sig syscall.Signal) time.Duration {
	t.Helper()
	if err := os.RemoveAll(filepath.Join(l.dir, "new")); err != nil {
		t.Fatal(err)
	}
	bin, pids := t.TempDir(), filepath.Join(t.TempDir(), "pids")
	if p.tool != "" {
		script := "#!/bin/bash\nif " + p.condition + "; then\n\tsleep 1000 & echo $$ $! >" + pids + ".new\n\tmv " + pids + ".new " + pids + "\n\twait\nfi\nexec clang-19 \"$@\"\n"
		if err := os.WriteFile(filepath.Join(bin, p.tool), []byte(script), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command("bpfgen", p.args...)
	cmd.Dir, cmd.Env = l.dir, append(append(l.env, "PATH="+bin+":"+os.Getenv("PATH")), p.env...)
	said := new(strings.Builder)
	cmd.Stderr = said
	if p.stdin {
		if _, err := cmd.StdinPipe(); err != nil {
			t.Fatal(err)
		}
	}
	if p.lock {
		f, err := os.Open(l.dir)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var started []byte
	if p.tool == "" {
		time.Sleep(300 * time.Millisecond) // to come so far
	} else {
		for i := 0; started == nil && i < 5000; i++ {
			started, _ = os.ReadFile(pids)
			time.Sleep(2 * time.Millisecond)
		}
		if started == nil {
			cmd.Process.Kill()
			t.Fatalf("never got there: %s", said)
		}
	}
	begin := time.Now()
	cmd.Process.Signal(sig)
	err := cmd.Wait()
	took := time.Since(begin)
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitTrouble && p.name != "go get of init" {
		t.Errorf("%v ends it with %v: %s", sig, err, said)
	}
	for field := range strings.FieldsSeq(string(started)) {
		pid, _ := strconv.Atoi(field)
		if state, ok := readStat("/proc/" + field + "/stat"); ok && state.state != "Z" {
			t.Errorf("a process is left (%s)", state.state)
			syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	return took
}

// Whatever bpfgen computes or writes, a signal ends it at once, too. The moments
// are random; BPFGEN_SIGNALS says how many of each command.
func TestSignalsWhileBusy(t *testing.T) {
	needClang(t)
	l := newLab(t)
	kernel := "/sys/kernel/btf/vmlinux"
	if _, err := os.Stat(kernel); err != nil {
		kernel = filepath.Join(l.repo, newKernel)
	}
	object := filepath.Join(l.repo, "golden", "sections-all", "sectionsall_bpfel.o")
	bomb := bombs.Deep()
	if err := os.WriteFile(filepath.Join(l.dir, "deep.o"), bomb, 0o666); err != nil {
		t.Fatal(err)
	}
	l.write(t, "types/types.go", "package types\n")
	l.write(t, "lines/lines.go", "package lines\n\n//go:generate bpfgen -no-typecheck x "+object+"\n")
	random := rand.New(rand.NewPCG(3, 4))
	for _, args := range [][]string{
		{"types", "-no-typecheck", "-output-dir", "types", "-type", "*", "x", kernel},
		{"types", "-output-dir", "types", "-type", "task_struct", "x", kernel},
		{"inspect", kernel},
		{"inspect", "-json", object},
		{"inspect", "-html", object},
		{"inspect", "deep.o"},
		{"diff", filepath.Join(l.repo, oldKernel), kernel},
		{"forecast", object, kernel, filepath.Join(l.repo, oldKernel)},
		{"btf", "min", "-o", "min", object, kernel},
		append([]string{"gen", "-no-typecheck", "-cc", "clang-19", "x", filepath.Join(l.repo, "golden", "counter", "counter.c"), "--"}, "-I"+filepath.Join(l.repo, "golden", "include")),
		{"gen", "-no-typecheck", "./lines"},
		{"check", "./lines"},
	} {
		t.Run(args[0]+" "+args[1], func(t *testing.T) {
			begin := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			defer cancel()
			whole := exec.CommandContext(ctx, "bpfgen", args...)
			whole.Dir, whole.Env = l.dir, l.env
			whole.Run()
			took := time.Since(begin)
			worst := time.Duration(0)
			for range times("BPFGEN_SIGNALS", 1) {
				best := time.Hour
				for i := 0; i < tries && best >= limit; i++ {
					l.forget(t)
					cmd := exec.Command("bpfgen", args...)
					cmd.Dir, cmd.Env = l.dir, l.env
					if err := cmd.Start(); err != nil {
						t.Fatal(err)
					}
					time.Sleep(time.Duration(random.Float64() * float64(took)))
					begin := time.Now()
					cmd.Process.Signal(os.Interrupt)
					cmd.Wait()
					best = min(best, time.Since(begin))
				}
				worst = max(worst, best)
			}
			if worst >= limit {
				t.Errorf("%v after the signal, want less than %v", worst, limit)
			}
			if left := l.leftovers(t); len(left) > 0 {
				t.Errorf("left: %v", left)
			}
			t.Logf("at most %v after the signal", worst.Round(time.Millisecond))
		})
	}
}
