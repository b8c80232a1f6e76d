package main

// Colours of inspect's report, where somebody reads it in a terminal.

import (
	"bytes"
	"io"
	"regexp"
	"strings"

	"github.com/bpfgen/bpfgen/internal/lazyregexp"
)

// ECMA-48, select graphic rendition.
const (
	bold   = "\x1b[1m"
	dim    = "\x1b[2m"
	red    = "\x1b[31m"
	green  = "\x1b[32m"
	yellow = "\x1b[33m"
	plain  = "\x1b[0m"
)

// wantsColours says whether a report gets colours: on a terminal that has them,
// unless NO_COLOR is set (https://no-color.org).
func wantsColours(w io.Writer, env environment) bool {
	return isTerminal(w) && env.lookup("NO_COLOR", "") == "" && env.lookup("TERM", "") != "dumb"
}

// writeColours is writeText with colours.
func (r *report) writeColours(w io.Writer) error {
	var text bytes.Buffer
	if err := r.writeText(&text); err != nil {
		return err
	}
	var painted strings.Builder
	for line := range strings.Lines(text.String()) {
		bare := strings.TrimSuffix(line, "\n")
		painted.WriteString(paint(bare) + line[len(bare):])
	}
	_, err := io.WriteString(w, painted.String())
	return err
}

// styles are what lines look like, and the colour that they get for it. The first
// group is what is coloured.
var styles = []struct {
	form  func() *regexp.Regexp
	style string
}{
	{lazyregexp.New(`^(warning:)`), yellow},
	{lazyregexp.New(`^(as it is, it cannot be loaded:|cilium/ebpf does not load this object:)`), red},
	{lazyregexp.New(`^( *(?:MAP|PROGRAM|VARIABLE|OFFSET) .*)$`), dim},
	{lazyregexp.New(`^ +[0-9:]+ +[0-9a-z ]+ +(\(.*\))$`), yellow}, // a hole
	{lazyregexp.New(`^ +(\d+ bytes in another order:)`), green},
	{lazyregexp.New(`^((?:struct|union|enum|an anonymous) .*?): \d+ bytes?`), bold},
}

// paint is a line with its colour.
func paint(line string) string {
	for _, s := range styles {
		if at := s.form().FindStringSubmatchIndex(line); at != nil {
			return line[:at[2]] + s.style + line[at[2]:at[3]] + plain + line[at[3]:]
		}
	}
	return line
}
