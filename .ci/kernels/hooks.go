package main

// Tests of hooks print a line for each hook they try,
//
//	HOOK kprobe loaded=yes attached=yes fired=yes
//	HOOK netkit loaded=no attached=no fired=no reason="no netkit before 6.7"
//
// anywhere in a line of their output (t.Logf puts file and line in front).
// fired may be a count. This file makes one table of them, kernel × hook.

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// state is how far a hook got. The zero state is "not tried".
type state int

const (
	untried state = iota
	absent
	loaded
	attached
	fired
)

var stateText = map[state]string{untried: "", absent: "no", loaded: "loaded", attached: "attached", fired: "fired"}

// hookResult is one HOOK line.
type hookResult struct {
	state  state
	reason string // why it got no further
}

var (
	hookLine  = regexp.MustCompile(`(?m)\bHOOK (\S+)((?: +\w+=(?:"(?:[^"\\]|\\.)*"|[^\s"]*))+)\s*$`)
	hookField = regexp.MustCompile(`(\w+)=("(?:[^"\\]|\\.)*"|[^\s"]*)`)
)

// hooksIn reads the HOOK lines of an output. Of several lines for one hook
// the one that got furthest counts.
func hooksIn(output []byte, into map[string]hookResult) {
	for _, m := range hookLine.FindAllSubmatch(bytes.ReplaceAll(output, []byte("\r"), nil), -1) {
		name, h := string(m[1]), parseHook(string(m[2]))
		if old, ok := into[name]; !ok || h.state > old.state {
			into[name] = h
		}
	}
}

func parseHook(fields string) hookResult {
	h := hookResult{state: absent}
	for _, f := range hookField.FindAllStringSubmatch(fields, -1) {
		switch key, value := f[1], f[2]; key {
		case "loaded":
			h.reach(loaded, value)
		case "attached":
			h.reach(attached, value)
		case "fired":
			h.reach(fired, value)
		case "reason":
			if text, err := strconv.Unquote(value); err == nil {
				value = text
			}
			h.reason = value
		}
	}
	return h
}

func (h *hookResult) reach(s state, value string) {
	n, err := strconv.Atoi(value)
	if value == "yes" || value == "true" || err == nil && n > 0 {
		h.state = max(h.state, s)
	}
}

// column is a kernel in the table.
type column struct {
	series   string
	release  string // empty: not run
	required bool
	died     bool   // before all had run
	remark   string // why it was not run
	hooks    map[string]hookResult
}

func (c column) ran() bool { return c.release != "" }

// table is what docs/kernels.md shows.
type table []column

const tableHead = `# Hooks on real kernels

Written by ` + "`.ci/test.sh table`" + `, which runs the tests of hooks in these kernels; not edited by hand.
Each cell says how far a test got on that kernel:

- **fired**: loaded, attached, and the program counted the event that the test caused;
- **attached**, **loaded**: no further than that;
- **no**: not even loaded; why stands below the table;
- an empty cell: no test tried it there.

`

// markdown prints the table in an order that depends on nothing but names.
func (t table) markdown() []byte {
	t = slices.Clone(t)
	slices.SortFunc(t, compareColumns)
	var b bytes.Buffer
	b.WriteString(tableHead)
	t.writeKernels(&b)
	t.writeHooks(&b)
	t.writeReasons(&b)
	return b.Bytes()
}

// compareColumns puts kernels in order of their versions and the host last.
func compareColumns(a, b column) int {
	return slices.Compare(columnKey(a), columnKey(b))
}

func columnKey(c column) []int {
	switch c.series {
	case hostName:
		return []int{1 << 31}
	case newest:
		return []int{1 << 30}
	}
	return numbersIn(c.series)
}

func (t table) writeKernels(b *bytes.Buffer) {
	b.WriteString("| kernel | release | in CI |\n|---|---|---|\n")
	for _, c := range t {
		release, role := c.release, "tried"
		if !c.ran() {
			remark, _, _ := strings.Cut(c.remark, "\n")
			release = "not run: " + cell(remark)
		}
		if c.required {
			role = "required"
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", c.series, release, role)
	}
	b.WriteString("\n")
}

func (t table) writeHooks(b *bytes.Buffer) {
	ran := t.ran()
	b.WriteString("| hook |")
	for _, c := range ran {
		fmt.Fprintf(b, " %s |", c.series)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(ran)) + "\n")
	for _, name := range t.hookNames() {
		fmt.Fprintf(b, "| %s |", cell(name))
		for _, c := range ran {
			fmt.Fprintf(b, " %s |", stateText[c.hooks[name].state])
		}
		b.WriteString("\n")
	}
}

func (t table) writeReasons(b *bytes.Buffer) {
	title := "\n## Why not\n\n"
	for _, name := range t.hookNames() {
		for _, g := range t.reasonsOf(name) {
			b.WriteString(title)
			title = ""
			fmt.Fprintf(b, "- `%s` on %s: %s\n", name, strings.Join(g.series, ", "), g.text)
		}
	}
}

// reasons are kernels that give one reason for one hook.
type reasons struct {
	text   string
	series []string
}

func (t table) reasonsOf(hook string) (groups []reasons) {
	for _, c := range t.ran() {
		h := c.hooks[hook]
		if h.state == untried || h.state == fired || h.reason == "" {
			continue
		}
		i := slices.IndexFunc(groups, func(g reasons) bool { return g.text == cell(h.reason) })
		if i < 0 {
			groups = append(groups, reasons{text: cell(h.reason)})
			i = len(groups) - 1
		}
		groups[i].series = append(groups[i].series, c.series)
	}
	return groups
}

func (t table) ran() table {
	return slices.DeleteFunc(slices.Clone(t), func(c column) bool { return !c.ran() })
}

func (t table) hookNames() []string {
	var names []string
	for _, c := range t {
		for name := range c.hooks {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// cell makes text fit into one cell of a Markdown table.
func cell(text string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(text), " "), "|", `\|`)
}

// compare says where t differs from a table that was written before, in the
// kernels that are required and in those whose release is still the same. The
// host may differ.
func (t table) compare(before writtenTable) (differences []string) {
	for _, c := range t {
		same := before.releases[c.series] == c.release && !c.died
		if !c.required && !same || !c.ran() || c.series == hostName {
			continue
		}
		names := slices.Concat(t.hookNames(), before.hooks)
		slices.Sort(names)
		for _, name := range slices.Compact(names) {
			is, was := stateText[c.hooks[name].state], before.cells[[2]string{name, c.series}]
			if is != was {
				differences = append(differences, fmt.Sprintf("%s on %s: %q, was %q", name, c.series, is, was))
			}
		}
	}
	return differences
}

// writtenTable is a table read back from Markdown.
type writtenTable struct {
	releases map[string]string // by series
	hooks    []string
	cells    map[[2]string]string // by hook and series
}

func readTable(markdown []byte) writtenTable {
	t := writtenTable{releases: map[string]string{}, cells: map[[2]string]string{}}
	var head []string
	for line := range strings.Lines(string(markdown)) {
		cells := splitRow(line)
		switch {
		case len(cells) == 0:
			head = nil
		case cells[0] == "hook", cells[0] == "kernel":
			head = cells
		case head != nil && head[0] == "kernel" && len(cells) > 1:
			t.releases[cells[0]] = cells[1]
		case head != nil && !strings.HasPrefix(cells[0], "---") && len(cells) == len(head):
			t.hooks = append(t.hooks, cells[0])
			for i := range cells[1:] {
				t.cells[[2]string{cells[0], head[i+1]}] = cells[i+1]
			}
		}
	}
	return t
}

// splitRow gives the cells of a row, or nil for a line that is none.
func splitRow(line string) []string {
	line = strings.TrimSpace(line)
	if !strings.HasPrefix(line, "|") {
		return nil
	}
	cells := strings.Split(strings.Trim(line, "|"), "|")
	for i := range cells {
		cells[i] = strings.TrimSpace(cells[i])
	}
	return cells
}
