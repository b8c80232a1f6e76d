package main

// bpfgen check: would gen change anything? Everything is generated as by gen, in
// memory, and compared with what is there and with what git knows.

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/clang"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/git"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/gogen"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/outfile"
)

// The states of a generated file that is not as it should be.
const (
	// stateStale: generating gives something else.
	stateStale = "stale"
	// stateEdited: HEAD has what generating gives, the directory does not.
	stateEdited = "edited"
	// stateMissing: the file is not there.
	stateMissing = "missing"
	// stateOrphaned: bpfgen wrote it once, and no line gives it.
	stateOrphaned = "orphaned"
	// stateInterrupted: the file stands for a run that was killed, and keeps what is
	// beside it from being compiled.
	stateInterrupted = "interrupted"
	// stateUntracked: the file is right, and git does not know it.
	stateUntracked = "untracked"
)

// finding is one file that is not as it should be.
type finding struct {
	File  string `json:"file"`
	State string `json:"state"`
	// Line is the go:generate line, "" for an orphan and for what a killed run left.
	Line string `json:"line,omitempty"`
	Diff string `json:"diff,omitempty"`
}

// checkReport is the output of check -json.
type checkReport struct {
	// Version of this form. It changes when a program that reads it must.
	Version  int       `json:"version"`
	Findings []finding `json:"findings"`
	// Lines of bpfgen, and of other tools, which nobody has checked.
	Lines  int `json:"lines"`
	Others int `json:"otherLines"`
	// Notes say what was not tested.
	Notes []string `json:"notes"`
}

// errNotCurrent is said by the findings alone.
var errNotCurrent = errors.New("generated files are not current")

// checkOptions are the command line of check.
type checkOptions struct {
	diff, json bool
	cc         string
}

func runCheck(ctx context.Context, c *cli, args []string) error {
	var o checkOptions
	fs := newFlagSet("check")
	fs.BoolVar(&o.diff, "diff", false, "show what differs")
	fs.BoolVar(&o.json, "json", false, "print the findings as JSON")
	fs.StringVar(&o.cc, "cc", "", "`command` that compiles C, to check objects against their source, too; without it committed objects are taken as they are, unless the cache has the compilation")
	if err := c.parse(fs, args); err != nil {
		return err
	}
	if err := flagBehind(fs.Args()); err != nil {
		return err
	}
	c.cache, c.strips = c.openCache(), new(clang.Strips)
	defer c.cache.Trim()
	r, err := findRepo(ctx, c, fs.Args())
	if err != nil {
		return err
	}
	report, err := r.check(ctx, c, o)
	if err != nil {
		return err
	}
	if err := report.print(c, o); err != nil {
		return err
	}
	if len(report.Findings) > 0 {
		return errNotCurrent
	}
	return nil
}

// check generates everything and compares.
func (r *repo) check(ctx context.Context, c *cli, o checkOptions) (*checkReport, error) {
	report := &checkReport{Version: 1, Lines: len(r.jobs), Others: r.others, Findings: []finding{}, Notes: []string{}}
	for _, j := range r.jobs {
		if j.gen != nil {
			if o.cc != "" {
				j.gen.compile.command = strings.Fields(o.cc)
			} else {
				j.gen.committed = true
			}
		}
	}
	r.generate(ctx, func(*job) {})
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if o.cc != "" {
		r.said(c)
	}
	if err := r.problems(); err != nil {
		return nil, err
	}
	for _, j := range r.jobs {
		if j.result != nil && j.flags().strict {
			if err := c.warn(j.result.warnings, false, true); err != nil {
				return nil, fmt.Errorf("%s: %w", j.place(), err)
			}
		}
	}
	uncompiled := 0
	for _, j := range r.jobs {
		if m, ok := missingObjects(j.err); ok {
			report.Findings = append(report.Findings, m.findings(j)...)
			continue
		}
		if j.result.uncompiled {
			uncompiled++
		}
		findings, err := j.findings(ctx)
		if err != nil {
			return nil, err
		}
		report.Findings = append(report.Findings, findings...)
	}
	if uncompiled > 0 {
		report.Notes = append(report.Notes, fmt.Sprintf("objects were not checked against their C source (%s): give -cc", count(uint32(uncompiled), "line")))
	}
	orphans, err := r.orphans(ctx, c, report)
	if err != nil {
		return nil, err
	}
	report.Findings = append(report.Findings, orphans...)
	return report, r.addUntracked(ctx, report)
}

// findings are the files of one line that gen would change.
func (j *job) findings(ctx context.Context) ([]finding, error) {
	changes, err := j.result.out.Check()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", j.place(), err)
	}
	states := map[outfile.Kind]string{outfile.Created: stateMissing, outfile.Replaced: stateStale, outfile.Removed: stateOrphaned}
	var found []finding
	for _, ch := range changes {
		state, ok := states[ch.Kind]
		if !ok {
			continue
		}
		f := finding{File: seen(filepath.Join(absolutePath(j.result.out.Dir()), ch.Name)), State: state, Line: j.place()}
		want := j.result.out.Content(ch.Name)
		if committed, ok := git.Committed(ctx, j.result.out.Dir(), ch.Name); state == stateStale && ok && bytes.Equal(committed, want) {
			f.State = stateEdited
		}
		if state != stateOrphaned && isText(ch.Name) {
			have, err := os.ReadFile(filepath.Join(j.result.out.Dir(), ch.Name))
			if err == nil || state == stateMissing {
				f.Diff = string(diff.Diff(f.File, have, f.File+" (generated)", want))
			}
		}
		found = append(found, f)
	}
	return found, nil
}

// isText says whether the difference of a file can be shown.
func isText(name string) bool { return filepath.Ext(name) != ".o" }

func absolutePath(p string) string {
	abs, err := filepath.Abs(p)
	if err != nil {
		return p
	}
	return abs
}

// orphans are the files that bpfgen wrote in a directory with lines, or to which
// lines write, and that no line of the module gives; and those that killed runs left.
func (r *repo) orphans(ctx context.Context, c *cli, report *checkReport) ([]finding, error) {
	planned, err := r.planned()
	if err != nil {
		return nil, err
	}
	found := make(map[string]string) // file, directory
	var barriers []finding
	for dir, files := range planned {
		all, err := outfile.New(dir, "")
		if err != nil {
			return nil, err
		}
		for name, embeds := range all.Ours() {
			if all.IsBarrier(name) {
				barriers = append(barriers, finding{File: seen(filepath.Join(dir, name)), State: stateInterrupted})
				continue
			}
			if files[name] || slices.ContainsFunc(r.jobs, func(j *job) bool { return j.result == nil && j.mayWrite(dir, name) }) {
				continue
			}
			found[filepath.Join(dir, name)] = dir
			for _, object := range embeds {
				if _, err := os.Stat(filepath.Join(dir, object)); err == nil && !files[object] {
					found[filepath.Join(dir, object)] = dir
				}
			}
		}
	}
	if len(found) == 0 {
		return barriers, nil
	}
	if len(r.opaque) > 0 {
		report.Notes = append(report.Notes, fmt.Sprintf("what %s gives is not known, so no file was called orphaned: it runs bpfgen by way of another program", r.opaque[0]))
		return barriers, nil
	}
	rest := r.moduleLines(ctx, c)
	orphans := barriers
	for _, file := range sortedNames(found) {
		if !slices.ContainsFunc(rest, func(j *job) bool { return j.mayWrite(found[file], filepath.Base(file)) }) {
			orphans = append(orphans, finding{File: seen(file), State: stateOrphaned})
		}
	}
	return orphans, nil
}

// planned are the files that lines give or remove, by directory; removals are
// findings of their line.
func (r *repo) planned() (map[string]map[string]bool, error) {
	planned := make(map[string]map[string]bool)
	for _, dir := range r.dirs {
		planned[realPath(dir)] = make(map[string]bool)
	}
	for _, j := range r.jobs {
		if j.result == nil {
			continue
		}
		dir := realPath(j.result.out.Dir())
		if planned[dir] == nil {
			planned[dir] = make(map[string]bool)
		}
		changes, err := j.result.out.Check()
		if err != nil {
			return nil, err
		}
		for _, ch := range changes {
			planned[dir][ch.Name] = true
		}
	}
	return planned, nil
}

// mayWrite says whether a file has a name that a line gives, in its directory.
func (j *job) mayWrite(dir, name string) bool {
	o := j.flags()
	return strings.HasPrefix(name, o.stem+"_") && realPath(o.directory()) == realPath(dir)
}

// moduleLines are the lines of the modules of all directories that are not among
// those checked: they may write there, too. What is wrong with them does not matter.
func (r *repo) moduleLines(ctx context.Context, c *cli) (rest []*job) {
	seen := make(map[string]bool)
	for _, dir := range r.dirs {
		root := gogen.ModuleRoot(dir)
		if root == "" || seen[root] {
			continue
		}
		seen[root] = true
		all := &repo{}
		dirs, err := packageDirs(ctx, c, []string{filepath.Join(root, "...")})
		if err != nil {
			continue
		}
		for _, dir := range dirs {
			if slices.Contains(r.dirs, dir) {
				continue
			}
			lines, _ := gogen.InDirectory(dir, c.env)
			for _, line := range lines {
				_ = all.add(c, line)
			}
		}
		rest = append(rest, all.jobs...)
	}
	return rest
}

// realPath is an absolute path without symbolic links.
func realPath(p string) string {
	p = absolutePath(p)
	if real, err := filepath.EvalSymlinks(p); err == nil {
		return real
	}
	return p
}

// addUntracked finds right files that git does not know, or says that nobody
// could be asked.
func (r *repo) addUntracked(ctx context.Context, report *checkReport) error {
	dirs, jobs := r.byDirectory()
	bad := make(map[string]bool)
	for _, f := range report.Findings {
		bad[f.File] = true
	}
	for _, dir := range dirs {
		var names []string
		for _, j := range jobs[dir] {
			names = append(names, j.result.out.Files()...)
		}
		untracked, err := git.Untracked(ctx, dir, names)
		if errors.Is(err, git.ErrNone) {
			note := "not in a git repository: whether files are committed was not checked"
			if !slices.Contains(report.Notes, note) {
				report.Notes = append(report.Notes, note)
			}
			continue
		}
		if err != nil {
			return err
		}
		for _, j := range jobs[dir] {
			for _, name := range j.result.out.Files() {
				file := seen(filepath.Join(absolutePath(dir), name))
				if slices.Contains(untracked, name) && !bad[file] {
					report.Findings = append(report.Findings, finding{File: file, State: stateUntracked, Line: j.place()})
				}
			}
		}
	}
	slices.SortStableFunc(report.Findings, func(a, b finding) int { return cmp.Compare(a.File, b.File) })
	return nil
}

// print shows the report: a line each, or JSON.
func (report *checkReport) print(c *cli, o checkOptions) error {
	if !o.diff {
		for i := range report.Findings {
			report.Findings[i].Diff = ""
		}
	}
	if o.json {
		enc := json.NewEncoder(c.stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(report)
	}
	for _, f := range report.Findings {
		fmt.Fprintf(c.stdout, "%-9s %s%s\n", f.State, f.File, behind(f.why()))
		fmt.Fprint(c.stdout, f.Diff)
	}
	for _, note := range report.Notes {
		c.note(note)
	}
	if len(report.Findings) == 0 {
		fmt.Fprintf(c.stdout, "current: %s%s\n", count(uint32(report.Lines), "line"), others(report.Others))
		return nil
	}
	fmt.Fprintf(c.stdout, "%s not as generated; %s\n", count(uint32(len(report.Findings)), "file"), report.remedy())
	return nil
}

// remedy is what to do about the findings.
func (report *checkReport) remedy() string {
	states := make(map[string]bool)
	for _, f := range report.Findings {
		states[f.State] = true
	}
	var todo []string
	if states[stateOrphaned] {
		todo = append(todo, "remove what is orphaned")
	}
	if states[stateStale] || states[stateMissing] || states[stateEdited] || states[stateInterrupted] {
		todo = append(todo, "run bpfgen gen ./...")
	}
	return strings.Join(append(todo, "commit the files"), ", ")
}

// why is what stands behind a file: its line, or how it came there.
func (f finding) why() string {
	if f.State == stateInterrupted {
		return "a run was killed here; run go generate again"
	}
	return f.Line
}

func behind(line string) string {
	if line == "" {
		return ""
	}
	return " (" + line + ")"
}

func others(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("; %s of other tools not checked", count(uint32(n), "line"))
}
