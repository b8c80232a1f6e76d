package main

// bpfgen migrate: from bpf2go's lines to bpfgen's, with -bpf2go, which leaves
// everything else as it is. migrate_module.go takes bpf2go out of modules.

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/git"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/gogen"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/outfile"
	"github.com/bpfgen/bpfgen/internal/lazyregexp"
)

const (
	bpf2goPath = "github.com/cilium/ebpf/cmd/bpf2go"
	bpfgenPath = "github.com/bpfgen/bpfgen/cmd/bpfgen"
)

// migration collects edits in memory.
type migration struct {
	// tool are the words that run bpfgen, behind which -bpf2go comes.
	tool string
	// edits are the new contents of files, old what they were made from; lines count
	// what was changed.
	edits, old map[string][]byte
	lines      int
	// unread are places that speak of bpf2go and were not understood.
	unread []string
	// toolless are the go.mod files that lack the tool that the lines will run.
	toolless []string
	// dropped says that go.mod or a tools.go names bpf2go no more.
	dropped bool
}

func runMigrate(ctx context.Context, c *cli, args []string) error {
	fs := newFlagSet("migrate")
	write := fs.Bool("write", false, "change the files; without it the difference is shown")
	tool := fs.String("tool", "", "`words` that run bpfgen (go run "+bpfgenPath+"@ and the version of this one)")
	if err := c.parse(fs, args); err != nil {
		return err
	}
	if err := flagBehind(fs.Args()); err != nil {
		return err
	}
	if *tool == "" {
		own := ownVersion()
		if own == develVersion {
			return errors.New("this bpfgen was built from a clone and has no version that lines could name: say with -tool what they shall run")
		}
		*tool = "go run " + bpfgenPath + "@" + own
	}
	m := &migration{tool: *tool, edits: make(map[string][]byte), old: make(map[string][]byte)}
	if err := m.collect(ctx, c, fs.Args()); err != nil {
		return err
	}
	return m.finish(ctx, c, *write)
}

// collect edits all that the arguments name: packages, and other files, such as
// Makefiles.
func (m *migration) collect(ctx context.Context, c *cli, args []string) error {
	var patterns []string
	var errs []error
	for _, arg := range args {
		if info, err := os.Stat(c.path(arg)); err == nil && !info.IsDir() {
			errs = append(errs, m.textFile(c.path(arg)))
			continue
		}
		patterns = append(patterns, arg)
	}
	if len(patterns) == 0 && len(args) == 0 {
		patterns = []string{"./..."}
	}
	dirs, err := packageDirs(ctx, c, patterns)
	errs = append(errs, err)
	modules := make(map[string][]string)
	for _, dir := range dirs {
		errs = append(errs, m.directory(dir, c.env))
		root := gogen.ModuleRoot(dir)
		modules[root] = append(modules[root], dir)
	}
	for root, dirs := range modules { // when all lines are as they will be
		errs = append(errs, m.module(root, dirs))
	}
	return errors.Join(errs...)
}

// directory edits the Go files of one.
func (m *migration) directory(dir string, env []string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".go" || !e.Type().IsRegular() {
			continue
		}
		path := filepath.Join(dir, e.Name())
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.Contains(content, []byte("bpf2go")) && !bytes.Contains(content, []byte("//go:generate")) {
			continue
		}
		changed := m.goFile(path, content, env)
		if !bytes.Equal(changed, content) {
			m.edit(path, content, changed)
		}
	}
	return nil
}

// goFile edits lines.
func (m *migration) goFile(path string, content []byte, env []string) []byte {
	var out bytes.Buffer
	lines := make(map[int]gogen.Line)
	for _, l := range gogen.Parse(path, content, env) {
		lines[l.Number] = l
	}
	number := 0
	aliases := make(map[string]bool)
	for text := range strings.Lines(string(content)) {
		number++
		switch l, ok := lines[number]; {
		case ok:
			out.WriteString(m.line(l, text, aliases))
		case strings.HasPrefix(text, "//go:generate") && strings.Contains(text, "-command"):
			out.WriteString(m.alias(path, number, text, aliases))
		default:
			out.WriteString(text)
		}
	}
	return out.Bytes()
}

// line edits one line.
func (m *migration) line(l gogen.Line, text string, aliases map[string]bool) string {
	call, ok := l.Call()
	switch {
	case ok && call.Tool == "bpf2go" && call.Dir == "" && call.End > 0 && !strings.Contains(text[call.Start:call.End], "$"):
		place := fmt.Sprintf("%s:%d", seen(l.File), l.Number)
		if program := text[call.Start:call.End]; m.mayLose(place, program) {
			m.lines++
			return text[:call.Start] + m.tool + " -bpf2go" + text[call.End:]
		}
	case ok && call.Tool == "bpf2go" && call.End == 0 && len(aliases) > 0:
		return text // the -command above was edited
	case strings.Contains(text, "bpf2go") || strings.Contains(text, "BPF2GO") && strings.HasPrefix(strings.TrimSpace(text[len("//go:generate"):]), "$"):
		m.unread = append(m.unread, unreadLine(l, text))
	}
	return text
}

// unreadLine says what is to be done about a line that is not edited.
func unreadLine(l gogen.Line, text string) string {
	place := fmt.Sprintf("%s:%d: ", seen(l.File), l.Number)
	if program := strings.TrimSpace(text[len("//go:generate"):]); strings.HasPrefix(program, "$") {
		word, _, _ := strings.Cut(program, " ")
		return place + word + " is set elsewhere: name the Makefile that sets it, too, if it runs bpf2go"
	}
	return place + "bpf2go is not run directly, or in another directory: change the line by hand"
}

// alias edits a -command.
func (m *migration) alias(path string, number int, text string, aliases map[string]bool) string {
	place := fmt.Sprintf("%s:%d", seen(path), number)
	edited, n, left := m.replace(place, text)
	if n > 0 {
		m.lines += n
		words := strings.Fields(text)
		aliases[words[2]] = true
		return edited
	}
	if !left && strings.Contains(strings.SplitN(text, "-command", 2)[1], "bpf2go") {
		m.unread = append(m.unread, place+": the -command is not understood: change it by hand")
	}
	return text
}

// invocation is bpf2go as it is run by the go command, anywhere in a text.
var invocation = lazyregexp.New(`\bgo\s+(?:run\s+(?:-\S+\s+)*` + regexp.QuoteMeta(bpf2goPath) + `(?:@\S+)?|tool\s+(?:-\S+\s+)*(?:` + regexp.QuoteMeta(bpf2goPath) + `|bpf2go))(\s|$|["'])`)

// replace edits the invocations in a line of some text; left says that one stays for
// a reason that was told.
func (m *migration) replace(place, text string) (edited string, n int, left bool) {
	edited = invocation().ReplaceAllStringFunc(text, func(found string) string {
		end := invocation().FindStringSubmatch(found)[1]
		if !m.mayLose(place, strings.TrimSuffix(found, end)) {
			left = true
			return found
		}
		n++
		return m.tool + " -bpf2go" + end
	})
	return edited, n, left
}

// textFile edits a Makefile or a script.
func (m *migration) textFile(path string) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	var edited bytes.Buffer
	number := 0
	for text := range strings.Lines(string(content)) {
		number++
		place := fmt.Sprintf("%s:%d", seen(path), number)
		line, n, left := m.replace(place, text)
		edited.WriteString(line)
		m.lines += n
		if n == 0 && !left && (strings.Contains(text, bpf2goPath) || strings.Contains(text, "bpf2go ")) && !strings.Contains(text, "-bpf2go") {
			what := "not understood"
			if strings.Contains(text, "go install") {
				what = "installs bpf2go: take it out when nothing runs it any more"
			}
			m.unread = append(m.unread, fmt.Sprintf("%s: %s: %s", place, what, strings.TrimSpace(text)))
		}
	}
	if !bytes.Equal(edited.Bytes(), content) {
		m.edit(path, content, edited.Bytes())
	}
	return nil
}

// edit sets what a file will be; old is what it is.
func (m *migration) edit(path string, old, edited []byte) {
	m.old[path], m.edits[path] = old, edited
}

// finish shows or writes the edits.
func (m *migration) finish(ctx context.Context, c *cli, write bool) error {
	slices.Sort(m.unread)
	for _, place := range m.unread {
		c.note(place)
	}
	if len(m.edits) == 0 {
		return errors.New("nothing runs bpf2go here that could be changed")
	}
	slices.Sort(m.toolless)
	for _, path := range m.toolless {
		c.note(fmt.Sprintf("%s has no tool bpfgen, which the lines will run: go get -tool %s", seen(path), bpfgenPath))
	}
	paths := make([]string, 0, len(m.edits))
	for path := range m.edits {
		paths = append(paths, path)
	}
	slices.Sort(paths)
	if !write {
		for _, path := range paths {
			c.stdout.Write(diff.Diff(seen(path), m.old[path], seen(path)+" (migrated)", m.edits[path]))
		}
		return nil
	}
	if err := m.write(ctx, paths); err != nil {
		return err
	}
	tidy := ""
	if m.dropped {
		tidy = ", go mod tidy"
	}
	fmt.Fprintf(c.stdout, "%s changed in %s; next: bpfgen gen ./..., go build ./...%s\n", count(uint32(m.lines), "line"), count(uint32(len(paths)), "file"), tidy)
	return nil
}

// uncommitted refuses to write over what git could not give back.
func uncommitted(ctx context.Context, paths []string) error {
	byDir := make(map[string][]string)
	for _, path := range paths {
		byDir[filepath.Dir(path)] = append(byDir[filepath.Dir(path)], filepath.Base(path))
	}
	var errs []error
	for dir, names := range byDir {
		changed, err := git.Changed(ctx, dir, names)
		switch {
		case errors.Is(err, git.ErrNone):
			errs = append(errs, fmt.Errorf("%s is not in a git repository: nobody could take the changes back", seen(dir)))
		case err != nil:
			errs = append(errs, err)
		}
		for _, name := range changed {
			errs = append(errs, fmt.Errorf("%s has changes that are not committed: commit or stash them first", seen(filepath.Join(dir, name))))
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return cmp.Compare(a.Error(), b.Error()) })
	return errors.Join(errs...)
}

// write changes all files or none: those that links lead to.
func (m *migration) write(ctx context.Context, paths []string) error {
	plans := make(map[string]*outfile.Plan)
	var files []string
	for _, path := range paths {
		real, err := filepath.EvalSymlinks(absolutePath(path)) // one directory, one name
		if err != nil {
			return err
		}
		dir := filepath.Dir(real)
		if plans[dir] == nil {
			if plans[dir], err = outfile.New(dir, ""); err != nil {
				return err
			}
		}
		plans[dir].Edit(filepath.Base(real), m.old[path], m.edits[path])
		files = append(files, real)
	}
	if err := uncommitted(ctx, files); err != nil {
		return err
	}
	_, err := outfile.CommitAll(ctx, slices.Collect(maps.Values(plans))...)
	return err
}
