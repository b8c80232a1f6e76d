package clang

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
)

// Dependency is one rule of a dependency file.
type Dependency struct {
	// File is the target of the rule, absolute.
	File string
	// Prerequisites, absolute.
	Prerequisites []string
}

// ParseDependencies reads what -MD and -MP make. Relative paths count from
// dir.
func ParseDependencies(dir, rules string) ([]Dependency, error) {
	abs := func(p string) string {
		if filepath.IsAbs(p) {
			return p
		}
		return filepath.Join(dir, p)
	}
	var deps []Dependency
	for line := range strings.Lines(strings.ReplaceAll(rules, "\\\n", " ")) {
		words := makeWords(line)
		if len(words) == 0 {
			continue
		}
		target, ok := strings.CutSuffix(words[0], ":")
		if !ok {
			return nil, fmt.Errorf("line %q of the dependency file is no rule", strings.TrimSpace(line))
		}
		d := Dependency{File: abs(target)}
		for _, w := range words[1:] {
			d.Prerequisites = append(d.Prerequisites, abs(w))
		}
		deps = append(deps, d)
	}
	if len(deps) == 0 {
		return nil, errors.New("the dependency file is empty")
	}
	return deps, nil
}

// FormatDependencies writes rules relative to base, as bpf2go's .d files are.
func FormatDependencies(base string, deps []Dependency) ([]byte, error) {
	var out strings.Builder
	for _, d := range deps {
		words := make([]string, 0, 1+len(d.Prerequisites))
		for _, p := range append([]string{d.File}, d.Prerequisites...) {
			rel, err := filepath.Rel(base, p)
			if err != nil {
				return nil, err
			}
			words = append(words, makeEscape.Replace(rel))
		}
		words[0] += ":"
		out.WriteString(strings.Join(words, " \\\n ") + "\n\n")
	}
	return []byte(out.String()), nil
}

// makeEscape quotes as clang does.
var makeEscape = strings.NewReplacer(" ", `\ `, "#", `\#`, "$", "$$")

// makeWords splits at blanks that no backslash escapes.
func makeWords(line string) []string {
	var words []string
	var word strings.Builder
	line = strings.TrimSpace(line)
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case (c == '\\' || c == '$') && i+1 < len(line) && (line[i+1] == ' ' || line[i+1] == '#' || line[i+1] == '$'):
			i++
			word.WriteByte(line[i])
		case c == ' ' || c == '\t':
			if word.Len() > 0 {
				words = append(words, word.String())
			}
			word.Reset()
		default:
			word.WriteByte(c)
		}
	}
	if word.Len() > 0 {
		words = append(words, word.String())
	}
	return words
}
