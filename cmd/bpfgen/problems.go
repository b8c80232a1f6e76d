package main

// How errors and warnings look: one line each, all of them, "bpfgen: " in
// front. What objects and command lines put into them is made printable.

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/bpfgen/bpfgen/btfparse"
)

const reportBug = "please report it with the object and the command line at https://github.com/bpfgen/bpfgen/issues"

// panicked is a bug of ours.
type panicked struct {
	value any
	stack []byte
}

func (p panicked) Error() string {
	return fmt.Sprintf("internal error: %v; %s\n%s", p.value, reportBug, p.stack)
}

// report prints every error that err joins.
func (c *cli) report(err error) {
	seen := make(map[string]bool)
	for _, line := range problems(err) {
		if !seen[line] {
			fmt.Fprintf(c.stderr, "bpfgen: %s\n", line)
		}
		seen[line] = true
	}
}

// warn prints a line for each warning, for many of one kind together unless all
// are wanted. With strict they are an error: nothing may be written.
func (c *cli) warn(warnings []btfparse.Diagnostic, all, strict bool) error {
	if all {
		warnings = btfparse.Sorted(warnings)
	} else {
		warnings = btfparse.Join(warnings)
	}
	for _, w := range warnings {
		fmt.Fprintf(c.stderr, "bpfgen: warning: %s\n", oneLine(w.String()))
	}
	if strict && len(warnings) > 0 {
		return errWarnings
	}
	return nil
}

// errWarnings is all that went wrong.
var errWarnings = errors.New("with -strict a warning is an error: nothing is written")

// note prints what is no warning of an object.
func (c *cli) note(text string) { fmt.Fprintf(c.stderr, "bpfgen: note: %s\n", oneLine(text)) }

// joinTexts is one error of several lines, nil of none.
func joinTexts(texts []string) error {
	var errs []error
	for _, text := range texts {
		errs = append(errs, errors.New(text))
	}
	return errors.Join(errs...)
}

// problems takes joined errors apart. What wraps several stands before each.
// It asks what err itself is, not what it wraps, hence any.
func problems(err error) []string {
	switch e := any(err).(type) {
	case interface{ Unwrap() []error }:
		// fmt.Errorf with several %w has them too, in the middle of its text.
		if err.Error() != errors.Join(e.Unwrap()...).Error() {
			break
		}
		var lines []string
		for _, inner := range e.Unwrap() {
			lines = append(lines, problems(inner)...)
		}
		return lines
	case interface{ Unwrap() error }:
		inner := e.Unwrap()
		if inner == nil {
			break
		}
		prefix, ok := strings.CutSuffix(err.Error(), inner.Error())
		if !ok {
			break
		}
		lines := problems(inner)
		for i := range lines {
			lines[i] = oneLine(prefix) + lines[i]
		}
		return lines
	}
	if text := err.Error(); strings.HasPrefix(text, "internal error") {
		return []string{text}
	}
	return []string{oneLine(err.Error())}
}

// oneLine escapes what would break the line or move the cursor.
func oneLine(s string) string {
	if strings.IndexFunc(s, unprintable) < 0 {
		return s
	}
	var out strings.Builder
	for _, r := range s {
		if unprintable(r) {
			out.WriteString(strings.Trim(fmt.Sprintf("%q", r), "'"))
			continue
		}
		out.WriteRune(r)
	}
	return out.String()
}

func unprintable(r rune) bool { return r != ' ' && !unicode.IsPrint(r) }
