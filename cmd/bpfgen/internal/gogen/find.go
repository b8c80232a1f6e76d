package gogen

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/outfile"
)

// Directories are those of packages that patterns like ".", "./x" and "./..."
// name, relative to dir, sorted. Like the go command, "..." leaves out vendor,
// testdata, what begins with a dot or an underscore, what go.mod says to ignore, and
// other modules; unlike it, it does not mind whether files are excluded by build constraints. other
// are the patterns that are import paths.
func Directories(dir string, patterns []string) (dirs, other []string, err error) {
	var errs []error
	for _, pattern := range patterns {
		if !IsLocal(pattern) {
			other = append(other, pattern)
			continue
		}
		root, recursive := strings.CutSuffix(filepath.ToSlash(pattern), "...")
		if recursive && !strings.HasSuffix(root, "/") || strings.Contains(root, "...") {
			other = append(other, pattern)
			continue
		}
		root = absolute(dir, filepath.FromSlash(root))
		found, err := directories(root, recursive)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", pattern, err))
		}
		dirs = append(dirs, found...)
	}
	slices.Sort(dirs)
	return slices.Compact(dirs), other, errors.Join(errs...)
}

// IsLocal says whether a pattern is a path and no import path.
func IsLocal(pattern string) bool {
	pattern = filepath.ToSlash(pattern)
	return pattern == "." || pattern == ".." || strings.HasPrefix(pattern, "./") || strings.HasPrefix(pattern, "../") || filepath.IsAbs(pattern)
}

func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(dir, path)
}

func directories(root string, recursive bool) (dirs []string, err error) {
	if info, err := os.Stat(root); err != nil {
		return nil, errors.Unwrap(err)
	} else if !info.IsDir() {
		return nil, errors.New("is not a directory")
	}
	if !recursive {
		return []string{root}, nil
	}
	ignores := ignoredBy(root)
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil || !e.IsDir():
			return err
		case path != root && skipped(path) || ignores(path):
			return fs.SkipDir
		}
		dirs = append(dirs, path)
		return nil
	})
	return dirs, err
}

// skipped says whether "..." leaves a directory out.
func skipped(path string) bool {
	name := filepath.Base(path)
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "vendor" {
		return true
	}
	return hasModule(path)
}

// ignoredBy says which directories the go.mod above one has the go command ignore
// (directive ignore, Go 1.25): "./x" is one of the module's root, "x/y" any of these
// names. A go.mod that cannot be read ignores nothing, as in cmd/go/internal/search.
func ignoredBy(dir string) func(path string) bool {
	nothing := func(string) bool { return false }
	module := ModuleRoot(dir)
	if module == "" {
		return nothing
	}
	content, err := os.ReadFile(filepath.Join(module, "go.mod"))
	if err != nil {
		return nothing
	}
	f, err := modfile.ParseLax("go.mod", content, nil)
	if err != nil || len(f.Ignore) == 0 {
		return nothing
	}
	return func(path string) bool {
		rel, err := filepath.Rel(module, path)
		if err != nil || rel == "." {
			return false
		}
		rel = slashed(rel)
		return slices.ContainsFunc(f.Ignore, func(i *modfile.Ignore) bool {
			if root, ok := strings.CutPrefix(i.Path, "./"); ok {
				return strings.HasPrefix(rel, slashed(root))
			}
			return strings.Contains(rel, slashed(i.Path))
		})
	}
}

// slashed has a slash at both ends.
func slashed(path string) string { return "/" + strings.Trim(filepath.ToSlash(path), "/") + "/" }

// ModuleRoot is the directory of the go.mod that a directory belongs to, "" for none.
func ModuleRoot(dir string) string {
	for {
		if hasModule(dir) {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return ""
		}
		dir = parent
	}
}

func hasModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

// InDirectory has the lines of all Go files of a directory, tests and files for
// other systems included, in the order in which the go command runs them.
func InDirectory(dir string, env []string) ([]Line, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var lines []Line
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".go" || e.IsDir() || strings.HasPrefix(e.Name(), ".") || strings.HasPrefix(e.Name(), "_") {
			continue
		}
		path := filepath.Join(dir, e.Name())
		if ours, err := isGenerated(path); err != nil {
			return nil, err
		} else if ours {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		lines = append(lines, Parse(path, content, env)...)
	}
	slices.SortStableFunc(lines, func(a, b Line) int { return cmp.Compare(isTest(a.File), isTest(b.File)) })
	return lines, nil
}

// isTest is 1 for test files, which the go command takes last.
func isTest(file string) int {
	if strings.HasSuffix(file, "_test.go") {
		return 1
	}
	return 0
}

// isGenerated says whether bpfgen wrote a file: it has no lines, and can be large.
func isGenerated(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	start := make([]byte, len(outfile.Header))
	n, err := io.ReadFull(f, start)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = nil
	}
	return string(start[:n]) == outfile.Header, err
}
