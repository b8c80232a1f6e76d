// Package gogen reads go:generate lines as the go command does
// (cmd/go/internal/generate, Go 1.26), without running anything: words, quotes,
// variables and -command. tool.go says which tool a line runs, in whatever way;
// find.go which files of which packages have lines.
package gogen

import (
	"bytes"
	"errors"
	"fmt"
	"go/build"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// Line is one go:generate line.
type Line struct {
	// File is its absolute path, Number counts lines from 1.
	File   string
	Number int
	// Package is the name in the file's package clause.
	Package string
	// Text is the line as it stands there.
	Text string
	// Words are the command and its arguments, variables and -command replaced.
	Words []string
	// aliased is the name of the -command that the line uses.
	aliased string
	// split are the words where they stand in Text.
	split []word
	// Unset are the variables that the line uses and nobody has set.
	Unset []string
	// Err says why the line cannot be read.
	Err error
}

// Dir is where the go command runs the line.
func (l Line) Dir() string { return filepath.Dir(l.File) }

// Env is what the go command sets for the line, for a machine that builds for
// itself unless env says otherwise.
func (l Line) Env(env []string) []string {
	set := []string{"GOFILE=" + filepath.Base(l.File), "GOLINE=" + strconv.Itoa(l.Number), "GOPACKAGE=" + l.Package, "PWD=" + l.Dir()}
	return append(slices.Clone(env), set...)
}

// Parse reads the lines of one Go file. env are the variables that lines may
// use, beside those that the go command sets.
func Parse(path string, content []byte, env []string) []Line {
	if !bytes.Contains(content, []byte("//go:generate")) {
		return nil
	}
	pkg := ""
	if f, err := parser.ParseFile(token.NewFileSet(), path, content, parser.PackageClauseOnly); err == nil {
		pkg = f.Name.Name
	}
	var lines []Line
	commands := make(map[string][]string)
	number := 0
	for text := range strings.Lines(string(content)) {
		number++
		if !isGenerate(text) {
			continue
		}
		l := Line{File: path, Number: number, Package: pkg, Text: strings.TrimRight(text, "\r\n")}
		l.read(commands, env)
		if len(l.Words) > 0 || l.Err != nil {
			lines = append(lines, l)
		}
	}
	return lines
}

func isGenerate(text string) bool {
	return strings.HasPrefix(text, "//go:generate ") || strings.HasPrefix(text, "//go:generate\t")
}

// read splits the line. A -command leaves no words: it is remembered for the
// lines below.
func (l *Line) read(commands map[string][]string, env []string) {
	split, err := split(l.Text, len("//go:generate"))
	if err != nil {
		l.Err = err
		return
	}
	words := make([]string, len(split))
	for i, w := range split {
		words[i] = os.Expand(w.text, l.lookup(env))
	}
	l.split = split
	switch {
	case len(words) == 0:
		l.Err = errors.New("the line has no command")
	case words[0] == "-command" && len(words) < 3:
		l.Err = errors.New("-command wants a name and a command")
	case words[0] == "-command":
		commands[words[1]] = words[2:]
	case commands[words[0]] != nil:
		l.aliased = words[0]
		l.Words = slices.Concat(commands[words[0]], words[1:])
	default:
		l.Words = words
	}
}

// lookup gives variables their values and remembers those that have none.
func (l *Line) lookup(env []string) func(name string) string {
	return func(name string) string {
		if name == "DOLLAR" {
			return "$"
		}
		for _, entry := range slices.Backward(l.Env(env)) {
			if value, ok := strings.CutPrefix(entry, name+"="); ok {
				return value
			}
		}
		switch name {
		case "GOARCH":
			return runtime.GOARCH
		case "GOOS":
			return runtime.GOOS
		case "GOROOT":
			return build.Default.GOROOT
		}
		if !slices.Contains(l.Unset, name) {
			l.Unset = append(l.Unset, name)
		}
		return ""
	}
}

// word is one of a line, and the bytes of the line that it is.
type word struct {
	text       string
	start, end int
}

// split divides text from a byte on at blanks; a word that begins with a double
// quote is a string of Go.
func split(text string, from int) ([]word, error) {
	var words []word
	for at := from; ; {
		at += len(text[at:]) - len(strings.TrimLeft(text[at:], " \t"))
		if at == len(text) {
			return words, nil
		}
		w := word{start: at}
		if text[at] == '"' {
			quoted, err := strconv.QuotedPrefix(text[at:])
			if err != nil {
				return nil, fmt.Errorf("the quoted word %s has no end", text[at:])
			}
			if w.text, err = strconv.Unquote(quoted); err != nil {
				return nil, fmt.Errorf("the quoted word %s: %w", quoted, err)
			}
			w.end = at + len(quoted)
		} else {
			w.end = at + (strings.IndexAny(text[at:]+" ", " \t"))
			w.text = text[at:w.end]
		}
		words = append(words, w)
		if at = w.end; at < len(text) && text[at] != ' ' && text[at] != '\t' {
			return nil, fmt.Errorf("a blank is missing behind the quoted word %s", text[w.start:w.end])
		}
	}
}
