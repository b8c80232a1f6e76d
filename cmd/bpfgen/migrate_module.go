package main

// How bpf2go leaves a module: the tool directive of go.mod and the import of a
// tools.go go when nothing in the module runs it any more.

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/modfile"

	"github.com/bpfgen/bpfgen/internal/lazyregexp"
)

// module takes bpf2go out of go.mod and of the tools.go among the directories, or says
// what still needs it there.
func (m *migration) module(root string, dirs []string) error {
	without := make(map[string][]byte) // the files that would lose it
	for _, dir := range dirs {
		if err := m.toolsFiles(dir, without); err != nil {
			return err
		}
	}
	if root != "" {
		if err := m.goMod(filepath.Join(root, "go.mod"), without); err != nil {
			return err
		}
	}
	if len(without) == 0 {
		return nil
	}
	users, err := m.users(cmp.Or(root, dirs[0]))
	if err != nil {
		return err
	}
	if len(users) > 0 {
		m.unread = append(m.unread, staysFor(slices.Sorted(maps.Keys(without)), users))
		return nil
	}
	for path, edited := range without {
		old, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		m.edit(path, old, edited)
		m.lines++
	}
	m.dropped = true
	return nil
}

// staysFor says why files keep bpf2go.
func staysFor(files, users []string) string {
	names := make([]string, len(files))
	for i, f := range files {
		names[i] = seen(f)
	}
	keep := "keeps bpf2go"
	if len(names) > 1 {
		keep = "keep bpf2go"
	}
	const shown = 3
	rest := ""
	if len(users) > shown {
		users, rest = users[:shown], fmt.Sprintf(" and %s", count(uint32(len(users)-shown), "other place"))
	}
	return fmt.Sprintf("%s %s, which is still named by %s%s: change these, or name the Makefile or script, too, and run migrate again",
		strings.Join(names, ", "), keep, strings.Join(users, ", "), rest)
}

// goMod adds go.mod without the tool directive. The module itself stays: whoever needs
// it no more has go mod tidy.
func (m *migration) goMod(path string, without map[string][]byte) error {
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	f, err := modfile.Parse(path, content, nil)
	if err != nil {
		return err
	}
	has := func(tool string) bool {
		return slices.ContainsFunc(f.Tool, func(t *modfile.Tool) bool { return t.Path == tool })
	}
	if words := strings.Fields(m.tool); len(words) == 3 && words[0] == "go" && words[1] == "tool" && !has(bpfgenPath) {
		m.toolless = append(m.toolless, path)
	}
	if !has(bpf2goPath) {
		return nil
	}
	if err := f.DropTool(bpf2goPath); err != nil {
		return err
	}
	f.Cleanup()
	without[path], err = f.Format()
	return err
}

// toolsFiles adds the files of a directory without the import that keeps bpf2go in
// go.mod.
func (m *migration) toolsFiles(dir string, without map[string][]byte) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if filepath.Ext(e.Name()) != ".go" || !e.Type().IsRegular() {
			continue
		}
		path := filepath.Join(dir, e.Name())
		content, ok := m.edits[path]
		if !ok {
			if content, err = os.ReadFile(path); err != nil {
				return err
			}
		}
		if !bytes.Contains(content, []byte(strconv.Quote(bpf2goPath))) {
			continue
		}
		switch edited, err := withoutImport(path, content, bpf2goPath); {
		case err != nil:
			m.unread = append(m.unread, fmt.Sprintf("%s: %v", seen(path), err))
		case !bytes.Equal(edited, content):
			without[path] = edited
		}
	}
	return nil
}

// withoutImport removes a blank import, and the declaration if it was the last of one.
func withoutImport(path string, content []byte, imported string) ([]byte, error) {
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, path, content, parser.ImportsOnly|parser.ParseComments)
	if err != nil {
		return nil, err
	}
	at := func(p token.Pos) int { return files.Position(p).Line }
	for _, d := range f.Decls {
		decl, ok := d.(*ast.GenDecl)
		if !ok || decl.Tok != token.IMPORT {
			continue
		}
		for i, s := range decl.Specs {
			spec := s.(*ast.ImportSpec)
			if spec.Path.Value != strconv.Quote(imported) || spec.Name == nil || spec.Name.Name != "_" {
				continue
			}
			if len(decl.Specs) == 1 {
				return withoutLines(content, at(decl.Pos()), at(decl.End()), true), nil
			}
			first, last := at(spec.Pos()), at(spec.End())
			before, behind := decl.Lparen, decl.Rparen
			if i > 0 {
				before = decl.Specs[i-1].End()
			}
			if i+1 < len(decl.Specs) {
				behind = decl.Specs[i+1].Pos()
			}
			if at(before) == first || at(behind) == last {
				return nil, errors.New("the import of bpf2go shares its line with others: remove it by hand")
			}
			return withoutLines(content, first, last, false), nil
		}
	}
	return content, nil
}

// withoutLines removes lines, the first of which is 1, and if they stood alone the
// blank ones above.
func withoutLines(content []byte, first, last int, alone bool) []byte {
	lines := slices.Collect(strings.Lines(string(content)))
	first--
	for alone && first > 0 && strings.TrimSpace(lines[first-1]) == "" {
		first--
	}
	return []byte(strings.Join(slices.Delete(lines, first, last), ""))
}

var (
	// bpf2goRun is bpf2go where it may be run with what go.mod has of it; the version
	// behind path@version is of its own.
	bpf2goRun = lazyregexp.New(`(?:^|[^-\w])bpf2go(?:$|[^-\w.@:])`)
	// blankImport is what no program is run by.
	blankImport = lazyregexp.New(`^\s*(?:import\s+)?_\s+"` + regexp.QuoteMeta(bpf2goPath) + `"`)
	// inGo is bpf2go in the Go code of a build, such as that of mage.
	inGo = lazyregexp.New(`"` + regexp.QuoteMeta(bpf2goPath) + `"|"tool",\s*"bpf2go"|go (?:tool|run|install) \S*bpf2go\b`)
	// makeRule is a rule's first line without a recipe: its words are files.
	makeRule = lazyregexp.New(`^[^\s=;#][^=;]*:[^=;]*$`)
	// variable is one that may name bpf2go at the begin of a line, assignment one that
	// gets a value.
	variable   = lazyregexp.New(`^//go:generate\s+\$[{(]?(\w*BPF2GO\w*)`)
	assignment = lazyregexp.New(`\b(\w*BPF2GO\w*)\s*[:?+!]*=`)
)

// users are the places in a module that may run bpf2go, as its files will be.
func (m *migration) users(root string) (places []string, err error) {
	edited := make(map[string][]byte)
	for path, content := range m.edits {
		edited[realPath(path)] = content
	}
	type user struct{ place, variable string }
	var found []user
	assigned := make(map[string]bool)
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case e.IsDir() && path != root && passedOver(path):
			return fs.SkipDir
		case !e.Type().IsRegular() || !runsPrograms(e.Name()):
			return nil
		}
		content, ok := edited[realPath(path)]
		if !ok {
			if content, err = readText(path, e); err != nil {
				return err
			}
		}
		for _, set := range assignment().FindAllSubmatch(content, -1) {
			assigned[string(set[1])] = true
		}
		number := 0
		for text := range strings.Lines(string(content)) {
			number++
			u := user{place: fmt.Sprintf("%s:%d", seen(path), number)}
			named := variable().FindStringSubmatch(text)
			if named != nil {
				u.variable = named[1]
			}
			if named != nil || uses(e.Name(), strings.TrimRight(text, "\r\n")) {
				found = append(found, u)
			}
		}
		return nil
	})
	for _, u := range found {
		if !assigned[u.variable] { // else the assignment is a place, or is of what runs instead
			places = append(places, u.place)
		}
	}
	return places, err
}

// uses says whether a line may run bpf2go.
func uses(file, text string) bool {
	switch {
	case filepath.Ext(file) != ".go":
		comment := strings.HasPrefix(strings.TrimSpace(text), "#")
		return !comment && !(isMakefile(file) && makeRule().MatchString(text)) && bpf2goRun().MatchString(text)
	case strings.HasPrefix(text, "//go:generate"):
		return bpf2goRun().MatchString(text)
	}
	return !strings.HasPrefix(strings.TrimSpace(text), "//") && !blankImport().MatchString(text) && inGo().MatchString(text)
}

func isMakefile(name string) bool {
	return filepath.Ext(name) == ".mk" || strings.Contains(strings.ToLower(name), "makefile")
}

// passedOver says whether a directory has nothing that runs in the module.
func passedOver(path string) bool {
	if slices.Contains([]string{".git", "vendor", "node_modules"}, filepath.Base(path)) {
		return true
	}
	_, err := os.Stat(filepath.Join(path, "go.mod"))
	return err == nil
}

// scriptEnds are the ends of the names of what builds are made of.
var scriptEnds = []string{"", ".go", ".mk", ".make", ".mak", ".am", ".in", ".sh", ".bash", ".zsh", ".fish", ".yml", ".yaml", ".toml", ".json", ".py", ".rb",
	".bzl", ".bazel", ".just", ".nix", ".ps1", ".cmd", ".bat", ".cmake", ".ninja", ".dockerfile", ".envrc", ".env"}

// runsPrograms says whether a file may be one of a build.
func runsPrograms(name string) bool {
	lower := strings.ToLower(name)
	for _, begin := range []string{"readme", "license", "copying", "changelog", "notice", "authors"} {
		if strings.HasPrefix(lower, begin) {
			return false
		}
	}
	return slices.Contains(scriptEnds, filepath.Ext(lower)) || isMakefile(name) || strings.Contains(lower, "dockerfile")
}

// maxScript is the size up to which a file is looked at: what is larger was not written
// by hand.
const maxScript = 1 << 20

// readText reads a file, if it is a text.
func readText(path string, e fs.DirEntry) ([]byte, error) {
	info, err := e.Info()
	if err != nil || info.Size() > maxScript {
		return nil, err
	}
	content, err := os.ReadFile(path)
	if bytes.IndexByte(content, 0) >= 0 {
		return nil, err
	}
	return content, err
}

// The flags of the go command in front of bpf2go.
var (
	goFlag = lazyregexp.New(`(?:^|\s)--?(\w+)(=\S*)?`)
	// otherwise are those by which the program runs in another way or place.
	otherwise = map[string]bool{"C": true, "exec": true, "toolexec": true, "n": true}
)

// mayLose says whether the words that run bpf2go can go with their flags, and notes
// which are lost or that they are left for the hand.
func (m *migration) mayLose(place, program string) bool {
	var lost []string
	for _, found := range goFlag().FindAllStringSubmatch(program, -1) {
		if otherwise[found[1]] {
			m.unread = append(m.unread, fmt.Sprintf("%s: bpf2go is run with -%s of the go command: change the line by hand", place, found[1]))
			return false
		}
		lost = append(lost, "-"+found[1]+found[2])
	}
	if len(lost) > 0 {
		m.unread = append(m.unread, fmt.Sprintf("%s: %s of the go command goes with bpf2go: say it with -tool if bpfgen needs it", place, strings.Join(lost, " ")))
	}
	return true
}
