package outfile

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// writerEnv makes the test binary a process that writes one version of a set of
// files after the other into the directory that it names.
const writerEnv = "BPFGEN_TEST_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(fullEnv); dir != "" {
		fillDisks(dir)
	}
	if dir := os.Getenv(writerEnv); dir != "" {
		for v := os.Getpid(); ; v++ {
			if err := writeVersion(context.Background(), dir, v); err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
		}
	}
	os.Exit(m.Run())
}

// writeVersion commits a set of files that belong together: the version is in
// each. Every second version has a file less.
func writeVersion(ctx context.Context, dir string, v int) error {
	return writeTo(ctx, realDisk, dir, v)
}

func writeTo(ctx context.Context, d disk, dir string, v int) error {
	p, err := New(dir, "a")
	if err != nil {
		return err
	}
	p.disk = d
	for _, part := range []string{"types", "bpfgen", "bpfel", "bpfeb"} {
		embed := ""
		if strings.HasPrefix(part, "bpfe") {
			object := "a_" + part + ".o"
			embed = "import (\n\t_ \"embed\"\n)\n\n//go:embed " + object + "\n"
			p.Add(object, []byte(version(v)), "test")
		}
		if part == "types" && v%2 == 0 {
			p.RemoveStale("a_types.go")
			continue
		}
		p.Add("a_"+part+".go", []byte(Header+"\n\npackage a\n\n"+embed+version(v)), "test")
	}
	_, err = p.Commit(ctx)
	return err
}

func version(v int) string { return fmt.Sprintf("// version %d\n", v) }

// A set of files is old, or new, or the compiler refuses it; and the next run
// leaves nothing behind. BPFGEN_KILLS says how often to try.
func TestKilledCommits(t *testing.T) {
	kills := 40
	if n, err := strconv.Atoi(os.Getenv("BPFGEN_KILLS")); err == nil {
		kills = n
	}
	refused := 0
	dir := t.TempDir()
	for i := range kills {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), writerEnv+"="+dir)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(5000+i*7919%40000) * time.Microsecond)
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait()
		if barrier(t, dir) {
			refused++
		} else {
			oneVersion(t, dir)
		}
		if err := writeVersion(t.Context(), dir, i); err != nil {
			t.Fatal(err)
		}
		if barrier(t, dir) {
			t.Fatal("the barrier is still there after the next run")
		}
		oneVersion(t, dir)
		noTemps(t, dir)
	}
	t.Logf("%d kills, %d of them while files changed", kills, refused)
}

func noTemps(t *testing.T, dir string) {
	t.Helper()
	for name := range read(t, dir) {
		if strings.HasPrefix(name, tempPrefix) {
			t.Fatalf("%s is left", name)
		}
	}
}

func barrier(t *testing.T, dir string) bool {
	t.Helper()
	_, err := os.Stat(filepath.Join(dir, "a_interrupted.go"))
	return err == nil
}

// oneVersion fails where files of two versions stand side by side.
func oneVersion(t *testing.T, dir string) {
	t.Helper()
	versions := make(map[string][]string)
	files := 0
	for name, content := range read(t, dir) {
		if strings.HasPrefix(name, tempPrefix) {
			continue
		}
		files++
		_, v, _ := strings.Cut(content, "// version ")
		versions[strings.TrimSpace(v)] = append(versions[strings.TrimSpace(v)], name)
	}
	if len(versions) > 1 {
		t.Fatalf("files of %d versions: %v", len(versions), versions)
	}
	for v := range versions {
		if n, err := strconv.Atoi(v); err != nil || files != 5+n%2 {
			t.Fatalf("version %q has %d files", v, files)
		}
	}
}

// faulty is a disk of which an operation fails, or all from that one on, as after
// a kill; it may have no hard links.
func faulty(first int, forever, links bool) (d disk, failed func() bool) {
	n, hit := 0, false
	fails := func() error {
		n++
		if n == first || n > first && forever {
			hit = true
			return syscall.EIO
		}
		return nil
	}
	two := func(do func(from, to string) error) func(from, to string) error {
		return func(from, to string) error {
			if err := fails(); err != nil {
				return &os.LinkError{Op: "test", Old: from, New: to, Err: err}
			}
			return do(from, to)
		}
	}
	d = disk{link: two(os.Link), rename: two(os.Rename)}
	if !links {
		d.link = func(string, string) error { return syscall.EPERM }
	}
	d.create = func(path string) (*os.File, error) {
		if err := fails(); err != nil {
			return nil, err
		}
		return realDisk.create(path)
	}
	d.remove = func(path string) error {
		if err := fails(); err != nil {
			return err
		}
		return os.Remove(path)
	}
	return d, func() bool { return hit }
}

// Whichever operation fails, alone or with all that come later, with hard links
// and without: the set is the old one, or the new one if that was said, or the
// compiler refuses it; the next run repairs it.
func TestEveryOperationFails(t *testing.T) {
	points, refused := 0, 0
	dir := inMemory(t)
	for _, links := range []bool{true, false} {
		for _, forever := range []bool{false, true} {
			for _, version := range []int{2, 3} { // a file goes, a file comes
				for n, hit := 1, true; hit; n++ {
					if err := writeVersion(t.Context(), dir, version-1); err != nil {
						t.Fatal(err)
					}
					before := withoutTemps(read(t, dir))
					d, failed := faulty(n, forever, links)
					err := writeTo(t.Context(), d, dir, version)
					hit = failed()
					where := fmt.Sprintf("operation %d, for ever %t, links %t, version %d", n, forever, links, version)
					after := withoutTemps(read(t, dir))
					switch {
					case barrier(t, dir):
						refused++
						if err == nil {
							t.Errorf("%s: the barrier stands, and no error says why", where)
						}
					case err != nil && !maps.Equal(before, after):
						t.Errorf("%s: %v, and the files are not as they were", where, err)
					default:
						oneVersion(t, dir)
					}
					if !forever && err != nil && barrier(t, dir) {
						t.Errorf("%s: one failure, and nothing was taken back: %v", where, err)
					}
					if err := writeVersion(t.Context(), dir, version); err != nil || barrier(t, dir) {
						t.Errorf("%s: the next run: %v, the barrier stands: %t", where, err, barrier(t, dir))
					}
					oneVersion(t, dir)
					noTemps(t, dir)
					points++
				}
			}
		}
	}
	if refused == 0 {
		t.Error("no failure stopped a commit between two files")
	}
	t.Logf("%d points, %d of them refused by the compiler until the next run", points, refused)
}

// inMemory is a temporary directory, in memory where there is such a file system.
func inMemory(t *testing.T) string {
	dir, err := os.MkdirTemp("/dev/shm", "bpfgen-test")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func withoutTemps(files map[string]string) map[string]string {
	maps.DeleteFunc(files, func(name, _ string) bool { return strings.HasPrefix(name, tempPrefix) })
	return files
}

// Many runs in one directory wait for each other.
func TestRunsInOneDirectory(t *testing.T) {
	dir := t.TempDir()
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if err := writeVersion(t.Context(), dir, i); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	oneVersion(t, dir)
}

// What waits for another run can be interrupted, and what was begun is taken
// back.
func TestInterruptedCommit(t *testing.T) {
	dir := t.TempDir()
	if err := writeVersion(t.Context(), dir, 1); err != nil {
		t.Fatal(err)
	}
	before := read(t, dir)
	unlock, err := lock(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error)
	go func() { failed <- writeVersion(ctx, dir, 2) }()
	cancel()
	if err := <-failed; err == nil {
		t.Error("a run that waits is not interrupted")
	}
	unlock()
	p, err := New(dir, "a")
	if err != nil {
		t.Fatal(err)
	}
	p.Add("a_types.go", []byte(ours), "test")
	p.Add("new.go", []byte(ours), "test")
	if err := (&transaction{plan: p}).applyAll(ctx, []Change{{"new.go", Created}, {"a_types.go", Replaced}}); err == nil {
		t.Error("changes go on after the interruption")
	}
	os.Remove(filepath.Join(dir, "a_interrupted.go"))
	for name := range read(t, dir) {
		if strings.HasPrefix(name, tempPrefix) {
			os.Remove(filepath.Join(dir, name))
		}
	}
	if got := read(t, dir); len(got) != len(before) {
		t.Errorf("%d files, %d before", len(got), len(before))
	}
}

// What a killed run has left of a stem that nobody writes any more goes with its
// last file; as long as there is one, it is not to be compiled.
func TestBarrierOfAnotherStem(t *testing.T) {
	const barrier = "old_interrupted.go"
	for _, test := range []struct {
		name   string
		others []string
		goes   bool
	}{
		{"alone", nil, true},
		{"files of its stem", []string{"old_types.go"}, false},
		{"a file of its tests", []string{"old_bpfgen_test.go"}, false},
		{"a loader of its stem", []string{"old_bpfgen.go", "old_bpfel.go"}, false},
		{"files of a longer stem", []string{"old_x86_bpfgen.go", "old_x86_bpfel.go"}, true},
		{"files that may be of a longer stem", []string{"old_x86_bpfel.go"}, false},
		{"files of a stem that begins alike", []string{"older_types.go"}, true},
	} {
		dir := t.TempDir()
		for _, name := range append(test.others, barrier) {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(Header+"\n\npackage a\n"), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		p, err := New(dir, "a")
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(p.Barriers(), barrier); got != test.goes {
			t.Errorf("%s: it is said to go: %t", test.name, got)
		}
		if err := writeVersion(t.Context(), dir, 1); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(filepath.Join(dir, barrier)); (err != nil) != test.goes {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	// Somebody else's file of that name stays.
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, barrier), []byte("package a\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := writeVersion(t.Context(), dir, 1); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, barrier)); err != nil {
		t.Error(err)
	}
}
