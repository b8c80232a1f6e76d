package clang

// Compilations that need not be done again. What a compilation depends on is
// recorded with its object: every file that was read, and every place where a
// file would have been read instead, had there been one. So nothing has to be
// run to see that nothing changed, not even the preprocessor.

import (
	"bytes"
	"cmp"
	"context"
	"debug/elf"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/cache"
	"github.com/bpfgen/bpfgen/internal/lazyregexp"
)

// record is what the cache keeps of a compilation.
type record struct {
	// Files are what was read, with the hash of each.
	Files map[string]string
	// Candidates are the paths at which one of the names that were included
	// would be looked for, and Present those at which something was.
	Candidates, Present []string
	Result              Result
}

// CompileCached is Compile, unless the cache has the object. It says which.
func (c *Compiler) CompileCached(ctx context.Context, t Target, store *cache.Cache) (r Result, cached bool, err error) {
	if store == nil {
		r, err := c.Compile(ctx, t)
		return r, false, err
	}
	if store.Empty() {
		go c.identity(store) // is read meanwhile, and Once
	} else if r, ok := c.Cached(t, store); ok {
		return r, true, nil
	}
	wanted := c.Dependencies
	with := *c
	with.Dependencies = true
	if r, err = with.Compile(ctx, t); err != nil {
		return r, false, err
	}
	rec, ok := with.newRecord(ctx, t, r, store)
	if !wanted {
		r.Dependencies = nil
	}
	if key, err := c.key(t, store); ok && err == nil {
		rec.Result = r
		store.Put(key, rec)
	}
	return r, false, nil
}

// Cached is what CompileCached would take out of the cache.
func (c *Compiler) Cached(t Target, store *cache.Cache) (r Result, ok bool) {
	key, err := c.key(t, store)
	if err != nil {
		return Result{}, false
	}
	var rec record
	if !store.Get(key, &rec) || !rec.current(store) {
		return Result{}, false
	}
	return rec.Result, true
}

// key is a hash of all that a compilation is told. What it reads is in the
// record.
func (c *Compiler) key(t Target, store *cache.Cache) (string, error) {
	if store == nil {
		return "", errors.New("no cache")
	}
	id, err := c.identity(store)
	if err != nil {
		return "", err
	}
	parts := []string{"compile", id, t.Name, c.Source, c.Dir, strconv.FormatBool(c.Dependencies)}
	return cache.Key(slices.Concat(parts, c.arguments(t, ""), c.relevantEnv())...), nil
}

// current says whether a compilation now would read the same.
func (r *record) current(store *cache.Cache) bool {
	for path, hash := range r.Files {
		if now, err := store.File(path); err != nil || now != hash {
			return false
		}
	}
	return slices.Equal(r.Present, present(r.Candidates))
}

func present(paths []string) []string {
	var there []string
	for _, p := range paths {
		if _, err := os.Stat(p); err == nil {
			there = append(there, p)
		}
	}
	return there
}

// newRecord finds out what the compilation depended on.
func (c *Compiler) newRecord(ctx context.Context, t Target, r Result, store *cache.Cache) (*record, bool) {
	if len(r.Dependencies) == 0 {
		return nil, false
	}
	rec := &record{Files: make(map[string]string)}
	for _, path := range r.Dependencies[0].Prerequisites {
		hash, err := store.File(path)
		if err != nil {
			return nil, false
		}
		rec.Files[path] = hash
	}
	search, ok := c.searchDirs(ctx, t, store)
	if !ok {
		return nil, false
	}
	if rec.Candidates, ok = candidates(rec.Files, search, c.Dir); !ok {
		return nil, false
	}
	rec.Present = present(rec.Candidates)
	return rec, true
}

// hasInclude finds the names that a source asks for without including them.
var hasInclude = lazyregexp.New(`__has_include(?:_next)?\s*\(\s*(?:[<"]([^>"]+)[>"])?`)

// candidates are the paths at which the files would be looked for: every end of
// every path, and every name of __has_include, in every directory that is
// searched or that has an including file. It is more than what the compiler
// looks at, which does no harm. It is false where a name cannot be known: one of
// a macro.
func candidates(files map[string]string, search []string, dir string) (paths []string, ok bool) {
	dirs := append(slices.Clone(search), dir)
	names := make(map[string]bool)
	for path := range files {
		dirs = append(dirs, filepath.Dir(path))
		parts := strings.Split(path, string(filepath.Separator))
		for i := max(1, len(parts)-4); i < len(parts); i++ {
			names[filepath.Join(parts[i:]...)] = true
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, false
		}
		for _, m := range hasInclude().FindAllSubmatch(content, -1) {
			if len(m[1]) == 0 {
				return nil, false
			}
			names[string(m[1])] = true
		}
	}
	slices.Sort(dirs)
	for _, d := range slices.Compact(dirs) {
		for name := range names {
			paths = append(paths, filepath.Join(d, name))
		}
	}
	slices.Sort(paths)
	return slices.Compact(paths), true
}

// searchDirs are the directories in which the compiler looks for <headers>, as
// its -v lists them. Compilers that are told the same are asked once by a process:
// to start one is half the cost of a compilation.
func (c *Compiler) searchDirs(ctx context.Context, t Target, store *cache.Cache) (dirs []string, ok bool) {
	mapped := "-ffile-prefix-map="
	args := slices.DeleteFunc(c.arguments(t, os.DevNull), func(a string) bool { return a == c.Source || a == "-c" || strings.HasPrefix(a, mapped) })
	dir := c.Dir
	if !c.namesRelative() {
		dir = ""
	}
	key := cache.Key(slices.Concat([]string{"search", dir, c.CC[0]}, args, c.relevantEnv())...)
	listed, err := store.Once(key, func() (any, error) { return c.listDirs(ctx, args) })
	if err != nil {
		return nil, false
	}
	dirs = slices.Clone(listed.([]string))
	// Directories that are not there yet are not listed.
	for _, f := range c.Flags {
		if path, ok := strings.CutPrefix(f, "-I"); ok && path != "" {
			dirs = append(dirs, absolute(c.Dir, path))
		}
	}
	return dirs, true
}

// absoluteFlags are those that say the same in every directory.
var absoluteFlags = lazyregexp.New(`^(-(I|isystem|iquote|idirafter)?/.*|-[DUWOfmg][^/]*|-std=.*)$`)

// namesRelative says whether the compiler may look elsewhere if it runs in
// another directory.
func (c *Compiler) namesRelative() bool {
	relative := func(f string) bool { return !absoluteFlags().MatchString(f) }
	return slices.ContainsFunc(slices.Concat(c.CC[1:], c.Flags), relative) ||
		slices.ContainsFunc(c.relevantEnv(), func(entry string) bool {
			return strings.Contains(entry, "CPATH=") || strings.Contains(entry, "INCLUDE_PATH=")
		})
}

// listDirs asks the compiler.
func (c *Compiler) listDirs(ctx context.Context, args []string) (dirs []string, err error) {
	cmd := exec.CommandContext(ctx, c.CC[0], append(args, "-E", "-v", "-x", "c", os.DevNull)...)
	cmd.Dir, cmd.Env = c.Dir, c.Env
	var out bytes.Buffer
	cmd.Stderr = &out
	if err := cmd.Run(); err != nil {
		return nil, err
	}
	_, list, ok := strings.Cut(out.String(), "#include \"...\" search starts here:\n")
	list, _, end := strings.Cut(list, "End of search list.")
	if !ok || !end {
		return nil, errors.New("the compiler lists no directories")
	}
	for line := range strings.Lines(list) {
		if line = strings.TrimSpace(line); line != "" && !strings.HasPrefix(line, "#") {
			dirs = append(dirs, absolute(c.Dir, line))
		}
	}
	return dirs, nil
}

func absolute(dir, path string) string {
	if filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// relevantEnv are the variables that change what clang does.
func (c *Compiler) relevantEnv() []string {
	var env []string
	for _, entry := range c.Env {
		name, _, _ := strings.Cut(entry, "=")
		switch name {
		case "CPATH", "C_INCLUDE_PATH", "CPLUS_INCLUDE_PATH", "OBJC_INCLUDE_PATH", "COMPILER_PATH", "CCC_OVERRIDE_OPTIONS",
			"SOURCE_DATE_EPOCH", "LD_LIBRARY_PATH", "LD_PRELOAD", "PATH", "CLANG_CONFIG_FILE_USER_DIR", "CLANG_NO_DEFAULT_CONFIG", "HOME":
			env = append(env, entry)
		}
	}
	slices.Sort(env)
	return env
}

// identity is a hash of all programs that take part: each word of the command
// that is one, strip, and the libraries of LLVM that they are linked with.
func (c *Compiler) identity(store *cache.Cache) (string, error) {
	words := slices.Concat([]string{"identity"}, c.CC, []string{c.Strip})
	id, err := store.Once(cache.Key(words...), func() (any, error) { return c.programs(store) })
	hash, _ := id.(string)
	return hash, err
}

func (c *Compiler) programs(store *cache.Cache) (string, error) {
	var parts []string
	for i, word := range append(slices.Clone(c.CC), c.Strip) {
		if word == "" || strings.HasPrefix(word, "-") {
			continue
		}
		path, err := exec.LookPath(word)
		if err != nil {
			if i == 0 {
				return "", err
			}
			continue
		}
		for _, file := range append([]string{path}, libraries(path)...) {
			hash, err := store.Program(file)
			if err != nil {
				return "", err
			}
			parts = append(parts, file, hash)
		}
	}
	return cache.Key(parts...), nil
}

// libraryDirs are where the loader looks, beside what the program itself says.
var libraryDirs = []string{"/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64", "/usr/lib", "/usr/local/lib"}

// libraries are the shared libraries of LLVM and clang that a program needs:
// the compiler proper is in them.
func libraries(program string) []string {
	real, err := filepath.EvalSymlinks(program)
	if err != nil {
		return nil
	}
	f, err := elf.Open(real)
	if err != nil {
		return nil
	}
	defer f.Close()
	needed, _ := f.ImportedLibraries()
	var dirs []string
	for _, tag := range []elf.DynTag{elf.DT_RPATH, elf.DT_RUNPATH} {
		paths, _ := f.DynString(tag)
		for _, list := range paths {
			for p := range strings.SplitSeq(list, ":") {
				dirs = append(dirs, strings.ReplaceAll(cmp.Or(p, "."), "$ORIGIN", filepath.Dir(real)))
			}
		}
	}
	var found []string
	for _, name := range needed {
		if !strings.Contains(name, "LLVM") && !strings.Contains(name, "clang") {
			continue
		}
		for _, dir := range append(dirs, libraryDirs...) {
			if path := filepath.Join(dir, name); present([]string{path}) != nil {
				found = append(found, path)
				break
			}
		}
	}
	return found
}
