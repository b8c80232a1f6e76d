package main

// What diff prints for people: text, and Markdown for a review.

import (
	"bufio"
	"fmt"
	"io"
	"strings"

	"github.com/bpfgen/bpfgen/diff"
)

// classTitles head the changes of a class.
var classTitles = map[diff.Class]string{
	diff.PinnedMap: "pinned map incompatible",
	diff.Layout:    "layout changed at equal size",
	diff.Event:     "event record changed",
	diff.API:       "Go API changed",
	diff.Code:      "code only",
}

// victimNames say who is broken.
var victimNames = map[diff.Victim]string{
	diff.Go:      "Go compiled against the old",
	diff.Pins:    "pins made by the old",
	diff.Kernels: "kernels that load the old",
}

// summary is a line on one report.
func summary(r *diff.Report) string {
	breaking := 0
	for _, c := range r.Changes {
		if len(c.Breaks) > 0 {
			breaking++
		}
	}
	what := "no change"
	switch n := len(r.Changes); {
	case n == 1:
		what = fmt.Sprintf("1 change, %d breaking", breaking)
	case n > 1:
		what = fmt.Sprintf("%d changes, %d breaking", n, breaking)
	}
	return fmt.Sprintf("%s → %s: %s", oneLine(r.Old), oneLine(r.New), what)
}

// was says what a place was and is.
func was(old, new string) string {
	switch {
	case old == "" && new == "":
		return ""
	case old == "":
		return "now " + oneLine(new)
	case new == "":
		return "was " + oneLine(old)
	}
	return fmt.Sprintf("was %s, is %s", oneLine(old), oneLine(new))
}

// headline is a change in one line.
func headline(c *diff.Change) string {
	return strings.TrimRight(fmt.Sprintf("%s: %s %s", oneLine(c.Place), c.What, was(c.Old, c.New)), " ")
}

func victim(b diff.Break) string {
	text := victimNames[b.Victim]
	if len(b.Kernels) > 0 {
		text += " (" + oneLine(strings.Join(b.Kernels, ", ")) + ")"
	}
	return text + ": " + oneLine(b.Why)
}

// notes are the lines below a change.
func notes(c *diff.Change) (lines []string) {
	if c.OldLine+c.NewLine != "" {
		lines = append(lines, "C: "+was(c.OldLine, c.NewLine))
	}
	for _, g := range c.Go {
		lines = append(lines, fmt.Sprintf("Go: %s %s", g.Name, was(g.Old, g.New)))
	}
	if len(c.UsedBy) > 0 {
		lines = append(lines, "used by "+oneLine(strings.Join(c.UsedBy, ", ")))
	}
	for _, b := range c.Breaks {
		lines = append(lines, "breaks "+victim(b))
	}
	return lines
}

func diffText(out io.Writer, doc *diffDocument) error {
	w := bufio.NewWriter(out)
	for i, r := range doc.Reports {
		if i > 0 && len(r.Changes) > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, summary(r))
		var class diff.Class
		for i := range r.Changes {
			c := &r.Changes[i]
			if c.Class != class {
				class = c.Class
				fmt.Fprintf(w, "\n%s\n", classTitles[class])
			}
			fmt.Fprintf(w, "  %s\n", headline(c))
			for _, note := range notes(c) {
				fmt.Fprintf(w, "    %s\n", note)
			}
		}
		if len(r.Unproved) > 0 {
			fmt.Fprintln(w, "\nnot known to be the same")
		}
		for _, place := range r.Unproved {
			fmt.Fprintf(w, "  %s\n", oneLine(place))
		}
	}
	for _, name := range doc.Removed {
		fmt.Fprintf(w, "only on the old side: %s\n", oneLine(name))
	}
	for _, name := range doc.Added {
		fmt.Fprintf(w, "only on the new side: %s\n", oneLine(name))
	}
	return w.Flush()
}

// diffMarkdown has a table for each report.
func diffMarkdown(out io.Writer, doc *diffDocument) error {
	w := bufio.NewWriter(out)
	for _, r := range doc.Reports {
		fmt.Fprintf(w, "### %s\n\n", cell(summary(r)))
		if len(r.Changes) > 0 {
			fmt.Fprint(w, "| class | change | used by | breaks |\n|---|---|---|---|\n")
		}
		for i := range r.Changes {
			c := &r.Changes[i]
			change := []string{headline(c)}
			if c.OldLine+c.NewLine != "" {
				change = append(change, "C: "+was(c.OldLine, c.NewLine))
			}
			for _, g := range c.Go {
				change = append(change, fmt.Sprintf("Go: %s %s", g.Name, was(g.Old, g.New)))
			}
			var breaks []string
			for _, b := range c.Breaks {
				breaks = append(breaks, victim(b))
			}
			fmt.Fprintf(w, "| %s | %s | %s | %s |\n", classTitles[c.Class], cells(change), cells(c.UsedBy), cells(breaks))
		}
		if len(r.Changes) > 0 {
			fmt.Fprintln(w)
		}
		for _, place := range r.Unproved {
			fmt.Fprintf(w, "- not known to be the same: %s\n", cell(place))
		}
		if len(r.Unproved) > 0 {
			fmt.Fprintln(w)
		}
	}
	for _, name := range doc.Removed {
		fmt.Fprintf(w, "- only on the old side: %s\n", cell(name))
	}
	for _, name := range doc.Added {
		fmt.Fprintf(w, "- only on the new side: %s\n", cell(name))
	}
	return w.Flush()
}

// markup are the characters that mean something in a table of Markdown.
var markup = strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;", "*", `\*`, "_", `\_`, "`", "\\`", "[", `\[`, "]", `\]`)

func cell(text string) string { return markup.Replace(oneLine(text)) }

func cells(texts []string) string {
	escaped := make([]string, len(texts))
	for i, text := range texts {
		escaped[i] = cell(text)
	}
	return strings.Join(escaped, "<br>")
}
