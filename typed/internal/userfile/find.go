package userfile

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// This file finds executables and libraries by their names, as libbpf's
// resolve_full_path does, and in the eyes of a process, which libbpf leaves
// out.

// libraryDirs is Debian's folder of shared libraries by GOARCH; others have
// theirs in /usr/lib64 or /usr/lib.
var libraryDirs = map[string]string{
	"386":     "/lib/i386-linux-gnu",
	"amd64":   "/lib/x86_64-linux-gnu",
	"arm":     "/lib/arm-linux-gnueabihf",
	"arm64":   "/lib/aarch64-linux-gnu",
	"loong64": "/lib/loongarch64-linux-gnu",
	"ppc64le": "/lib/powerpc64le-linux-gnu",
	"riscv64": "/lib/riscv64-linux-gnu",
	"s390x":   "/lib/s390x-linux-gnu",
}

// find gives the path of a file. A name without "/" is looked for among the
// files that the process pid runs, if pid is not 0, and then in the usual
// folders.
func find(name string, pid int) (string, error) {
	if pid != 0 {
		if err := processExists(pid); err != nil {
			return "", err
		}
	}
	if strings.Contains(name, "/") {
		_, err := os.Stat(name)
		return name, err
	}
	root := ""
	if pid != 0 {
		proc := fmt.Sprintf("/proc/%d", pid)
		if path, err := mapped(name, proc); err != nil || path != "" {
			return path, err
		}
		root = proc + "/root"
	}
	return inFolders(name, root)
}

func processExists(pid int) error {
	_, err := os.Stat(fmt.Sprintf("/proc/%d", pid))
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("process %d: %w", pid, syscall.ESRCH)
	}
	return err
}

// mapped is the path of an executable file of that name in a process's memory, empty
// if there is none. A file that was removed or replaced since is still what the process
// runs, and has a path through the memory alone.
func mapped(name, proc string) (string, error) {
	f, err := os.Open(proc + "/maps")
	if err != nil {
		return "", err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		m := parseMapping(lines.Text())
		switch path, deleted := strings.CutSuffix(m.path, " (deleted)"); {
		case !strings.Contains(m.perms, "x") || filepath.Base(path) != name:
		case deleted:
			start, end, _ := strings.Cut(m.addresses, "-") // which has no zeroes before them there
			return proc + "/map_files/" + strings.TrimLeft(start, "0") + "-" + strings.TrimLeft(end, "0"), nil
		default:
			return proc + "/root" + path, nil
		}
	}
	return "", lines.Err()
}

// mapping is a line of /proc/PID/maps: "addresses perms offset dev inode path".
type mapping struct{ addresses, perms, path string }

func parseMapping(line string) mapping {
	var fields [5]string
	for i := range fields {
		fields[i], line, _ = strings.Cut(strings.TrimLeft(line, " "), " ")
	}
	return mapping{fields[0], fields[1], strings.TrimLeft(line, " ")}
}

// inFolders looks in $PATH, or in the folders of libraries if name looks like
// one. root is put before their paths.
func inFolders(name, root string) (string, error) {
	search := []string{os.Getenv("PATH"), "/usr/bin", "/usr/sbin"}
	if strings.HasSuffix(name, ".so") || strings.Contains(name, ".so.") {
		search = []string{os.Getenv("LD_LIBRARY_PATH"), "/usr/lib64", "/usr/lib", libraryDirs[runtime.GOARCH]}
	}
	for _, list := range search {
		for _, dir := range filepath.SplitList(list) {
			full := root + filepath.Join(dir, name)
			if info, err := os.Stat(full); dir != "" && err == nil && info.Mode().IsRegular() {
				return full, nil
			}
		}
	}
	return "", fmt.Errorf("%s is in none of the usual folders: %w", name, fs.ErrNotExist)
}
