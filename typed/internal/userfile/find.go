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
		root = fmt.Sprintf("/proc/%d/root", pid)
		path, err := mapped(name, fmt.Sprintf("/proc/%d/maps", pid))
		if err != nil {
			return "", err
		}
		if path != "" {
			return root + path, nil
		}
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

// mapped is the path of an executable file of that name in a process's memory,
// as the process sees it; empty if there is none. maps is its /proc/PID/maps:
// lines of "addresses perms offset dev inode path".
func mapped(name, maps string) (string, error) {
	f, err := os.Open(maps)
	if err != nil {
		return "", err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		field := strings.Fields(lines.Text())
		if len(field) == 6 && strings.Contains(field[1], "x") && filepath.Base(field[5]) == name {
			return field[5], nil
		}
	}
	return "", lines.Err()
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
