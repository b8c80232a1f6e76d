// Package git asks git about files: which it knows, and what was committed.
package git

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"path/filepath"
	"strings"
)

// ErrNone says that nobody can be asked: there is no git, or the directory is in
// no work tree.
var ErrNone = errors.New("not in a git repository")

// Untracked are those of the files of a directory that git does not know. Ignored
// ones are among them.
func Untracked(ctx context.Context, dir string, names []string) ([]string, error) {
	out, err := run(ctx, dir, append([]string{"ls-files", "-z", "--"}, literal(names)...)...)
	if err != nil {
		return nil, err
	}
	known := make(map[string]bool)
	for name := range strings.SplitSeq(string(out), "\x00") {
		known[name] = true
	}
	var untracked []string
	for _, name := range names {
		if !known[name] {
			untracked = append(untracked, name)
		}
	}
	return untracked, nil
}

// Committed is what HEAD has of a file; false where it has none.
func Committed(ctx context.Context, dir, name string) ([]byte, bool) {
	out, err := run(ctx, dir, "show", "HEAD:./"+filepath.ToSlash(name))
	return out, err == nil
}

// literal makes pathspecs of names.
func literal(names []string) []string {
	specs := make([]string, len(names))
	for i, name := range names {
		specs[i] = ":(literal)" + name
	}
	return specs
}

func run(ctx context.Context, dir string, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...)
	var out, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &stderr
	err := cmd.Run()
	switch {
	case err == nil:
		return out.Bytes(), nil
	case ctx.Err() != nil:
		return nil, ctx.Err()
	case errors.Is(err, exec.ErrNotFound) || strings.Contains(stderr.String(), "not a git repository"):
		return nil, ErrNone
	}
	return nil, errors.New("git: " + strings.TrimSpace(stderr.String()))
}

// Changed are those of the files of a directory that differ from HEAD, untracked
// ones too.
func Changed(ctx context.Context, dir string, names []string) ([]string, error) {
	out, err := run(ctx, dir, append([]string{"status", "--porcelain", "-z", "--untracked-files=all", "--ignored", "--"}, literal(names)...)...)
	if err != nil {
		return nil, err
	}
	var changed []string
	for entry := range strings.SplitSeq(string(out), "\x00") {
		if len(entry) > 3 {
			changed = append(changed, filepath.Base(entry[3:]))
		}
	}
	return changed, nil
}
