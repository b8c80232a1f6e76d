package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// testBinary is the compiled test of one package. The same file runs in every
// kernel and on the host.
type testBinary struct {
	pkg  string // import path
	file string // of the binary
	tree        // of the package
}

// tree is a directory whose files a test may open.
type tree struct {
	dir   string
	rel   string   // dir as seen from the module's root
	files []string // relative to dir
}

// openTree lists what a test may open below dir: Go source only where it is asked
// for.
func openTree(root, dir string, source bool) (tree, error) {
	rel, err := filepath.Rel(root, dir)
	if err != nil {
		return tree{}, err
	}
	files, err := packageFiles(dir, source)
	return tree{dir: dir, rel: rel, files: files}, err
}

// openTrees does so for directories that tests of several packages share.
func openTrees(ctx context.Context, dirs []string) ([]tree, error) {
	if len(dirs) == 0 {
		return nil, nil
	}
	root, err := command(ctx, "go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return nil, err
	}
	var trees []tree
	for _, dir := range dirs {
		abs, err := filepath.Abs(dir)
		if err != nil {
			return nil, err
		}
		t, err := openTree(strings.TrimSpace(string(root)), abs, true)
		if err != nil {
			return nil, err
		}
		trees = append(trees, t)
	}
	return trees, nil
}

// buildTests compiles the packages' tests into out, static, because nothing
// but them is in the virtual machine. Packages without tests are left out,
// and none at all is an error.
func buildTests(ctx context.Context, out string, patterns []string) ([]testBinary, error) {
	packages, err := listPackages(ctx, patterns)
	if err != nil {
		return nil, err
	}
	var tests []testBinary
	for _, p := range packages {
		if len(p.TestGoFiles)+len(p.XTestGoFiles) == 0 {
			continue
		}
		t := testBinary{pkg: p.ImportPath, file: filepath.Join(out, fmt.Sprintf("%d-%s.test", len(tests), filepath.Base(p.Dir)))}
		if err := buildStatic(ctx, "test", "-c", "-ldflags=-w", "-o", t.file, p.ImportPath); err != nil {
			return nil, err
		}
		if t.tree, err = openTree(p.Module.Dir, p.Dir, false); err != nil {
			return nil, err
		}
		tests = append(tests, t)
	}
	if len(tests) == 0 {
		return nil, fmt.Errorf("no tests in %s", strings.Join(patterns, " "))
	}
	return tests, nil
}

// listedPackage is what we read of the output of go list -json.
type listedPackage struct {
	ImportPath, Dir           string
	TestGoFiles, XTestGoFiles []string
	Module                    struct{ Dir string }
}

func listPackages(ctx context.Context, patterns []string) ([]listedPackage, error) {
	out, err := command(ctx, "go", append([]string{"list", "-json=ImportPath,Dir,TestGoFiles,XTestGoFiles,Module"}, patterns...)...)
	if err != nil {
		return nil, err
	}
	var packages []listedPackage
	for dec := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listedPackage
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, fmt.Errorf("output of go list: %w", err)
		}
		packages = append(packages, p)
	}
}

// buildInit compiles the /init of the virtual machines.
func buildInit(ctx context.Context, file string) error {
	return buildStatic(ctx, "build", "-trimpath", "-ldflags=-s -w", "-o", file, "github.com/bpfgen/bpfgen/.ci/kernels/init")
}

func buildStatic(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS=linux", "GOARCH=amd64")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// packageFiles lists every file below the package's folder, Go source only where
// it is asked for. Folders of other modules and those that the go command ignores
// by a dot are left out.
func packageFiles(dir string, source bool) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != dir && (strings.HasPrefix(d.Name(), ".") || hasGoMod(path)):
			return fs.SkipDir
		case d.IsDir() || filepath.Ext(path) == ".go" && !source || filepath.Ext(path) == ".test":
			return nil
		}
		rel, err := filepath.Rel(dir, path)
		files = append(files, rel)
		return err
	})
	return files, err
}

func hasGoMod(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

// lookTools finds the programs that the harness runs, or names the packages
// that have the missing ones.
func lookTools() (qemu, busybox string, err error) {
	qemu, qerr := lookTool("qemu-system-x86_64", "qemu-system-x86")
	busybox, berr := lookTool("busybox", "busybox-static")
	_, derr := lookTool("dpkg-deb", "dpkg")
	_, aerr := lookTool("apt-cache", "apt")
	return qemu, busybox, cmp.Or(qerr, berr, derr, aerr)
}

func lookTool(name, pkg string) (string, error) {
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%w (Debian package %s; .ci/setup.sh installs it)", err, pkg)
	}
	return path, nil
}
