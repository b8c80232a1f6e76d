package outfile

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// fullEnv makes the test binary a process with mounts of its own, which writes to
// small file systems at the path that it names.
const fullEnv = "BPFGEN_TEST_FULL"

// A disk that is full, of bytes or of files, at any point of a commit, and files
// that cannot be replaced because something is mounted there: the files are as
// they were, and an error says so.
func TestFullDisk(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), fullEnv+"="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Geteuid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil && os.Getenv("CI") != "true" && strings.HasPrefix(string(out), "mount") || err != nil && len(out) == 0 && os.Getenv("CI") != "true" {
		t.Skipf("no mounts: %v: %s", err, out)
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

// fillDisks is the other process.
func fillDisks(dir string) {
	must := func(err error) {
		if err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
		fmt.Println("mount:", err)
		os.Exit(1)
	}
	failed, tried := 0, 0
	for _, options := range limits() {
		if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, options); err != nil {
			fmt.Println("mount:", err)
			os.Exit(1)
		}
		if writeVersion(context.Background(), dir, 1) == nil { // else there is no room for the old ones
			tried++
			if err := unreplaced(dir); err != nil {
				failed++
				must(err.problem)
			}
		}
		must(syscall.Unmount(dir, 0))
	}
	must(mounted(dir))
	fmt.Printf("%d sizes, %d of them too small\n", tried, failed)
	if failed < 10 || failed == tried {
		fmt.Println("disks are not of the sizes that matter")
		os.Exit(1)
	}
	os.Exit(0)
}

// limits are mount options: so many pages, so many files.
func limits() (options []string) {
	for n := range 40 {
		options = append(options, fmt.Sprintf("size=%dk", 4*(n+1)), fmt.Sprintf("nr_inodes=%d", n+2))
	}
	return options
}

// failure is of a commit; problem says what it did that it must not.
type failure struct{ problem error }

// unreplaced commits the next version, and looks at what became of the old one
// if that fails.
func unreplaced(dir string) *failure {
	before, err := readAll(dir)
	if err != nil {
		return &failure{err}
	}
	failed := writeVersion(context.Background(), dir, 2)
	after, err := readAll(dir)
	switch {
	case err != nil:
		return &failure{err}
	case failed == nil && strings.Contains(fmt.Sprint(after), "version 1"):
		return &failure{fmt.Errorf("success, and there is %v", after)}
	case failed == nil:
		return nil
	case !maps.Equal(before, after):
		return &failure{fmt.Errorf("%w: %v became %v", failed, before, after)}
	}
	return &failure{}
}

// mounted does so with each of the files in turn being a mount point, which
// rename(2) refuses (EBUSY).
func mounted(dir string) error {
	if err := writeVersion(context.Background(), dir, 1); err != nil {
		return err
	}
	files, err := readAll(dir)
	if err != nil {
		return err
	}
	for name := range files {
		path := filepath.Join(dir, name)
		if err := syscall.Mount(path, path, "", syscall.MS_BIND, ""); err != nil {
			return err
		}
		f := unreplaced(dir)
		if err := syscall.Unmount(path, 0); err != nil {
			return err
		}
		if f == nil || f.problem != nil {
			return fmt.Errorf("%s was a mount point: %t, %w", name, f != nil, cmp.Or(f, new(failure)).problem)
		}
	}
	return nil
}

func readAll(dir string) (map[string]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	files := make(map[string]string)
	for _, e := range entries {
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			return nil, err
		}
		files[e.Name()] = string(content)
	}
	return files, nil
}
