package gogen

import (
	"cmp"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Call is a program that a line runs, however it comes to it.
type Call struct {
	// Tool is the last element of its import path or file name: "bpfgen".
	Tool string
	// Path is the import path, or the file name, as the line has it.
	Path string
	// Version behind the "@" of go run path@version, "" for none.
	Version string
	// Env are the assignments of env(1) in front.
	Env []string
	// Args of the program.
	Args []string
	// Dir is where the go command changes to before (-C), "" for nowhere.
	Dir string
	// Start and End are the bytes of the line's Text that name the program:
	// "go run path". Both are 0 where a -command stands between.
	Start, End int
}

// Call takes the ways apart in which a line may run a Go tool: by name, by path,
// by go run, by go tool, each behind env(1). ok is false for anything else,
// such as a shell.
func (l Line) Call() (c Call, ok bool) {
	var words []string
	if c.Env, words = cutEnv(l.Words); len(words) == 0 {
		return Call{}, false
	}
	first := len(l.Words) - len(words)
	if command(words[0]) == "go" && len(words) > 1 {
		before, rest := cutChdir(words[1:])
		if len(rest) == 0 || goFlags[rest[0]] == nil {
			return Call{}, false
		}
		behind, flags := cutChdir(rest[1:])
		c.Dir, words = cmp.Or(before, behind), cutFlags(flags, goFlags[rest[0]])
	}
	if len(words) == 0 {
		return Call{}, false
	}
	c.Path, c.Version, _ = strings.Cut(words[0], "@")
	c.Tool, c.Args = command(c.Path), words[1:]
	if l.aliased == "" {
		c.Start, c.End = l.split[first].start, l.split[len(l.Words)-len(words)].end
	}
	return c, true
}

// cutChdir takes -C from the front, where alone the go command has it.
func cutChdir(words []string) (dir string, rest []string) {
	if len(words) == 0 || !strings.HasPrefix(words[0], "-") {
		return "", words
	}
	name := strings.TrimLeft(words[0], "-")
	if dir, ok := strings.CutPrefix(name, "C="); ok {
		return dir, words[1:]
	}
	if name == "C" && len(words) > 1 {
		return words[1], words[2:]
	}
	return "", words
}

// command is the name of a program without its directory, its version as major
// suffix ("…/v2") and the ending that Windows gives it.
func command(p string) string {
	p = filepath.ToSlash(p)
	base := path.Base(p)
	if len(base) > 1 && base[0] == 'v' && strings.Trim(base[1:], "0123456789") == "" && path.Dir(p) != "." {
		base = path.Base(path.Dir(p))
	}
	return strings.TrimSuffix(base, ".exe")
}

// cutEnv takes env(1) with its assignments from the front.
func cutEnv(words []string) (env, rest []string) {
	if len(words) == 0 || command(words[0]) != "env" {
		return nil, words
	}
	words = words[1:]
	for len(words) > 0 {
		switch {
		case words[0] == "-u" && len(words) > 1:
			env, words = append(env, words[1]+"="), words[2:]
		case words[0] == "--" || words[0] == "-":
			words = words[1:]
		case strings.Contains(words[0], "=") && !strings.HasPrefix(words[0], "-"):
			env, words = append(env, words[0]), words[1:]
		default:
			return env, words
		}
	}
	return env, nil
}

// goFlags are the flags of go run and go tool that take the next word (go help
// build, Go 1.26); all others are one word.
var goFlags = map[string][]string{
	"run": {"C", "p", "asmflags", "buildmode", "compiler", "covermode", "coverpkg", "exec", "gccgoflags", "gcflags", "installsuffix",
		"ldflags", "mod", "modfile", "overlay", "pgo", "pkgdir", "tags", "toolexec", "vet"},
	"tool": {"C", "mod", "modfile", "overlay"},
}

// cutFlags takes flags from the front; those in withValue take a word more.
func cutFlags(words, withValue []string) []string {
	for len(words) > 0 && strings.HasPrefix(words[0], "-") && words[0] != "-" {
		name := strings.TrimLeft(words[0], "-")
		words = words[1:]
		if slices.Contains(withValue, name) && len(words) > 0 {
			words = words[1:]
		}
	}
	return words
}
