package main

// The bpfgen lines of whole packages, for gen and check: found, parsed, put in
// order and generated in one process, side by side. What a line gives is the
// same function as for one command line (generate); only the base of its paths
// and its environment are the line's.

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/cache"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/gogen"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/gopkg"
	"github.com/bpfgen/bpfgen/internal/words"
)

// repo are the lines of some packages.
type repo struct {
	// dirs are the directories of the packages, jobs their bpfgen lines.
	dirs []string
	jobs []*job
	// others counts the lines of other generators; opaque are those among them that
	// name bpfgen, as a shell's do.
	others int
	opaque []string
}

// job is one line.
type job struct {
	line gogen.Line
	// cli is what the line's command may touch; what it prints is kept.
	cli    *cli
	output *bytes.Buffer
	// gen or types are its options, the other is nil.
	gen   *genOptions
	types *typesOptions
	// after are the jobs whose files this one reads.
	after []*job

	// result is what it gives; err says why there is none.
	result *result
	err    error
	done   chan struct{}
	// more are the results in further directories; part is true of a job that stands
	// for one of them.
	more []*result
	part bool
}

// place is how messages name the line.
func (j *job) place() string { return fmt.Sprintf("%s:%d", seen(j.line.File), j.line.Number) }

// seen is a path from the working directory, if that is shorter.
func seen(path string) string {
	wd, err := os.Getwd()
	if err != nil {
		return path
	}
	rel, err := filepath.Rel(wd, path)
	if err != nil || strings.HasPrefix(rel, filepath.Join("..", "..", "..")) {
		return path
	}
	return rel
}

// flags are what gen and types have in common.
func (j *job) flags() *outputFlags {
	if j.gen != nil {
		return &j.gen.outputFlags
	}
	return &j.types.outputFlags
}

// arePackages says whether arguments of gen are patterns of packages: none, or
// each starts with a dot or has a "/" or "...". It is an error if only some are.
func arePackages(args []string) (bool, error) {
	var packages []string
	for _, arg := range args {
		if strings.HasPrefix(arg, ".") || strings.Contains(arg, "/") || strings.Contains(arg, "...") {
			packages = append(packages, arg)
		}
	}
	switch {
	case len(packages) == len(args):
		return true, nil
	case len(packages) > 0 && packages[0] == args[0]:
		return false, fmt.Errorf("%s is a pattern of packages, %s is not: give packages alone, or <ident> <file>", packages[0], args[1])
	}
	return false, nil
}

// findRepo reads the lines of the packages. What is wrong with any of them is
// one error.
func findRepo(ctx context.Context, c *cli, patterns []string) (*repo, error) {
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	dirs, err := packageDirs(ctx, c, patterns)
	if err != nil {
		return nil, err
	}
	r := &repo{dirs: dirs}
	var errs []error
	for _, dir := range r.dirs {
		lines, err := gogen.InDirectory(dir, c.env)
		errs = append(errs, err)
		for _, line := range lines {
			errs = append(errs, r.add(c, line))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if len(r.jobs) == 0 {
		return nil, fmt.Errorf("no go:generate line runs bpfgen in %s (%s of other tools)%s", strings.Join(patterns, " "), count(uint32(r.others), "line"), modulesBelow(cmp.Or(c.base, "."), patterns))
	}
	return r, r.order()
}

// modulesBelow says that "./..." leaves out other modules, as it does for go build,
// where there are some right below.
func modulesBelow(dir string, patterns []string) string {
	if !slices.Contains(patterns, "./...") {
		return ""
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*", "go.mod"))
	var modules []string
	for _, f := range files {
		modules = append(modules, "./"+filepath.Base(filepath.Dir(f))+"/...")
	}
	if len(modules) == 0 {
		return ""
	}
	return "; modules below are named one by one: " + words.Some(modules, 4)
}

// packageDirs are the directories that patterns name, sorted.
func packageDirs(ctx context.Context, c *cli, patterns []string) ([]string, error) {
	dirs, paths, err := gogen.Directories(cmp.Or(c.base, mustGetwd()), patterns)
	if err == nil && len(paths) > 0 {
		var more []string
		more, err = gopkg.Directories(ctx, cmp.Or(c.base, "."), c.env, paths)
		dirs = append(dirs, more...)
	}
	return slices.Compact(slices.Sorted(slices.Values(dirs))), err
}

func mustGetwd() string {
	dir, err := os.Getwd()
	if err != nil {
		return "."
	}
	return dir
}

// areNotSet says of variables that they are not set.
func areNotSet(names []string) string {
	if len(names) == 1 {
		return "the variable " + names[0] + " is not set"
	}
	return "the variables " + strings.Join(names, ", ") + " are not set"
}

// add parses a line that runs bpfgen, and counts the others.
func (r *repo) add(c *cli, line gogen.Line) error {
	call, ok := line.Call()
	mentioned := strings.Contains(line.Text, "bpfgen")
	at := func(err error) error { return fmt.Errorf("%s:%d: %w", seen(line.File), line.Number, err) }
	switch {
	case line.Err != nil && mentioned:
		return at(line.Err)
	case ok && call.Tool != "bpfgen" && len(line.Unset) > 0 && strings.HasPrefix(strings.TrimSpace(strings.TrimPrefix(line.Text, "//go:generate")), "$"):
		return at(fmt.Errorf("%s, so nobody knows what the line runs: set it as your build does", areNotSet(line.Unset)))
	case line.Err != nil || !ok || call.Tool != "bpfgen":
		r.others++
		if namesBpfgen(line.Words) {
			r.opaque = append(r.opaque, fmt.Sprintf("%s:%d", seen(line.File), line.Number))
		}
		return nil
	case len(line.Unset) > 0:
		return at(fmt.Errorf("%s: set it as your build does, to nothing if it is to be empty", areNotSet(line.Unset)))
	}
	if err := checkVersion(call.Version); err != nil {
		return at(err)
	}
	j := &job{line: line, output: new(bytes.Buffer), done: make(chan struct{})}
	j.cli = &cli{env: append(line.Env(c.env), call.Env...), stdout: j.output, stderr: j.output, base: seen(workDir(line, call)), cache: c.cache, strips: c.strips}
	args := call.Args
	var err error
	switch first := firstWord(args); first {
	case "types":
		j.types, err = j.cli.parseTypes(args[1:])
	case "gen":
		j.gen, err = j.cli.parseGen(args[1:])
	default:
		if _, other := findCommand(first); other {
			r.others++
			return nil
		}
		j.gen, err = j.cli.parseGen(args)
	}
	if err != nil {
		return at(err)
	}
	r.jobs = append(r.jobs, j)
	return nil
}

// workDir is where a line's command runs.
func workDir(line gogen.Line, call gogen.Call) string {
	if filepath.IsAbs(call.Dir) {
		return call.Dir
	}
	return filepath.Join(line.Dir(), call.Dir)
}

// namesBpfgen says whether bpfgen is one of the words, or of the words in them.
func namesBpfgen(words []string) bool {
	return slices.ContainsFunc(strings.Fields(strings.Join(words, " ")), func(w string) bool {
		return path.Base(strings.Trim(w, `"';&|()`)) == "bpfgen"
	})
}

func firstWord(args []string) string {
	if len(args) == 0 {
		return ""
	}
	return args[0]
}

// checkVersion compares the version that a line is pinned to with ours. A build
// from a clone has none: it may be any.
func checkVersion(pinned string) error {
	own := ownVersion()
	if pinned == "" || pinned == "latest" || pinned == own || own == develVersion || strings.HasPrefix(own, pinned+"-") {
		return nil
	}
	return fmt.Errorf("the line is pinned to bpfgen %s, this is %s: run that version, or change the line", pinned, own)
}

// order finds out which jobs read what others write, and that no two write one
// file.
func (r *repo) order() error {
	type stem struct{ dir, stem, suffix string }
	owners := make(map[stem]*job)
	idents := make(map[stem]*job)
	var errs []error
	for _, j := range r.jobs {
		o := j.flags()
		key := stem{realPath(o.directory()), o.stem, o.suffix}
		if other := owners[key]; other != nil && !j.otherTargetsOf(other) {
			errs = append(errs, fmt.Errorf("%s: writes the files %s_*%s.go, which %s writes, too: give one of them another -output-stem", j.place(), o.stem, o.suffix, other.place()))
		} else if other != nil {
			j.after = append(j.after, other)
		}
		owners[key] = j
		if j.gen != nil {
			idents[stem{key.dir, j.gen.ident, ""}] = j
		} else {
			idents[stem{key.dir, j.types.ident, ""}] = j
		}
	}
	for _, j := range r.jobs {
		if j.gen == nil || j.gen.typesFrom == "" {
			continue
		}
		if other := idents[stem{realPath(j.flags().directory()), j.gen.typesFrom, ""}]; other != nil && other != j {
			j.after = append(j.after, other)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return r.noCycle()
}

// otherTargetsOf says whether two lines of one stem are for other targets.
func (j *job) otherTargetsOf(other *job) bool {
	if j.gen == nil || other.gen == nil || j.gen.targets == nil || other.gen.targets == nil {
		return false
	}
	return !slices.ContainsFunc(j.gen.targets, func(t string) bool { return slices.Contains(other.gen.targets, t) })
}

// noCycle finds lines that wait for each other.
func (r *repo) noCycle() error {
	state := make(map[*job]int) // 1: under way, 2: done
	var visit func(j *job) error
	visit = func(j *job) error {
		switch state[j] {
		case 1:
			return fmt.Errorf("%s: its -types-from leads back to itself", j.place())
		case 2:
			return nil
		}
		state[j] = 1
		for _, other := range j.after {
			if err := visit(other); err != nil {
				return err
			}
		}
		state[j] = 2
		return nil
	}
	for _, j := range r.jobs {
		if err := visit(j); err != nil {
			return err
		}
	}
	return nil
}

// generate runs all jobs, as many at a time as there are processors. finished
// is called for each, one at a time.
func (r *repo) generate(ctx context.Context, finished func(*job)) {
	slots := make(chan struct{}, 2*parallelism())
	ready := make(chan *job)
	for _, j := range r.jobs {
		go func() {
			for _, other := range j.after {
				<-other.done
			}
			slots <- struct{}{}
			j.err = caught(func() error { return j.run(ctx) })
			<-slots
			close(j.done)
			ready <- j
		}()
	}
	for range r.jobs {
		finished(<-ready)
	}
	for _, j := range r.jobs {
		r.jobs = append(r.jobs, j.parts()...)
	}
}

// parts are a job for each directory but the first that the line writes to.
func (j *job) parts() (parts []*job) {
	for _, result := range j.more {
		o := *j.types
		o.dir = result.out.Dir()
		parts = append(parts, &job{line: j.line, cli: j.cli, output: new(bytes.Buffer), types: &o, result: result, done: j.done, part: true})
	}
	return parts
}

// run generates one line in memory.
func (j *job) run(ctx context.Context) (err error) {
	for _, other := range j.after {
		if other.err != nil {
			return errNotTried
		}
		j.cli.overlay = append(j.cli.overlay, other.result.out)
	}
	if j.types != nil {
		results, _, err := j.cli.generateTypes(ctx, j.types)
		if err == nil {
			j.result, j.more = results[0], results[1:]
		}
		return err
	}
	j.result, err = generate(ctx, j.cli, j.gen)
	return err
}

// errNotTried is of a line that needs what another should have made.
var errNotTried = errors.New("not tried: a line that it depends on failed")

// problems are the errors of all jobs, each with its line.
func (r *repo) problems() error {
	var errs []error
	for _, j := range r.jobs {
		if _, missing := missingObjects(j.err); j.err != nil && !missing && !errors.Is(j.err, errNotTried) {
			for _, text := range problems(j.err) {
				errs = append(errs, fmt.Errorf("%s: %s", j.place(), text))
			}
		}
	}
	return errors.Join(errs...)
}

// said prints what the jobs said, compilers' messages above all.
func (r *repo) said(c *cli) {
	seen := make(map[string]bool)
	for _, j := range r.jobs {
		if text := j.output.String(); text != "" && !seen[text] {
			seen[text] = true
			fmt.Fprint(c.stderr, text)
		}
	}
}

// openCache is where the cache is: $BPFGEN_CACHE, "off" for none, else a folder
// among the user's caches.
func (c *cli) openCache() *cache.Cache {
	dir := c.env.lookup("BPFGEN_CACHE", "")
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil
		}
		dir = filepath.Join(user, "bpfgen")
	}
	if dir == "off" {
		return nil
	}
	return cache.New(dir)
}

// byDirectory are the jobs that gave a result, by output directory, sorted.
func (r *repo) byDirectory() (dirs []string, jobs map[string][]*job) {
	jobs = make(map[string][]*job)
	for _, j := range r.jobs {
		if j.result != nil {
			dir := filepath.Clean(j.result.out.Dir())
			jobs[dir] = append(jobs[dir], j)
		}
	}
	return slices.Sorted(maps.Keys(jobs)), jobs
}
