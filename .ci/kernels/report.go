package main

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
	"time"

	"github.com/bpfgen/bpfgen/.ci/kernels/wire"
)

// report is what came of one kernel.
type report struct {
	series  string // name of the column
	release string // as uname -r says, once it is up
	up      time.Duration
	took    time.Duration
	notes   []string // of the guest's init
	results []result
	died    string // why the machine ended before everything had run, with the console's last lines
}

// result is what came of one binary.
type result struct {
	pkg    string
	begun  bool
	output []byte
	end    *wire.Record // nil: the machine died before
}

func newReport(series string, tests []testBinary) *report {
	r := &report{series: series}
	for _, t := range tests {
		r.results = append(r.results, result{pkg: t.pkg})
	}
	return r
}

// fill takes the records of a guest and says whether the last one is there.
func (r *report) fill(records []wire.Record, outputs [][]byte) (done bool) {
	for i, rec := range records {
		if rec.Index < 0 || rec.Index >= len(r.results) {
			continue
		}
		switch res := &r.results[rec.Index]; rec.Kind {
		case wire.Up:
			r.release, r.up = rec.Text, rec.Time
		case wire.Note:
			r.notes = append(r.notes, rec.Text)
		case wire.Begin:
			res.begun, res.output = true, outputs[i]
		case wire.End:
			res.end = &rec
		case wire.Done:
			done = true
		}
	}
	return done
}

func (r *report) failed() bool {
	for _, res := range r.results {
		if res.failure() != "" {
			return true
		}
	}
	return r.died != ""
}

// failure says in a line why a binary failed, or nothing.
func (r result) failure() string {
	switch {
	case r.end == nil && r.begun:
		return "the machine died while it ran"
	case r.end == nil:
		return "not run: the machine had died"
	case r.end.Text != "":
		return r.end.Text
	case r.end.Exit != 0:
		return fmt.Sprintf("exit status %d", r.end.Exit)
	case r.count("PASS")+r.count("SKIP") == 0 && !bytes.Contains(r.output, []byte("no tests to run")):
		return "no test reported that it ran"
	}
	return ""
}

var verdict = regexp.MustCompile(`--- (PASS|FAIL|SKIP): [^/\s]+ \(`)

// count counts tests (without their subtests) by verdict.
func (r result) count(kind string) (n int) {
	for _, m := range verdict.FindAllSubmatch(r.output, -1) {
		if string(m[1]) == kind {
			n++
		}
	}
	return n
}

// write prints the report, as go test does for packages: the output of what
// failed, a line for what passed. verbose prints all output.
func (r *report) write(w io.Writer, verbose bool) {
	fmt.Fprintf(w, "=== %s (%s): up after %.1fs, %.1fs in all\n", r.series, r.release, r.up.Seconds(), r.took.Seconds())
	for _, n := range r.notes {
		fmt.Fprintf(w, "    note: %s\n", n)
	}
	for _, res := range r.results {
		failure := res.failure()
		if verbose || failure != "" {
			w.Write(res.output)
		}
		if failure != "" {
			fmt.Fprintf(w, "FAIL\t%s\t%s\t%s\n", r.series, res.pkg, failure)
			continue
		}
		fmt.Fprintf(w, "ok\t%s\t%s\t%.1fs\t%d passed, %d skipped\n", r.series, res.pkg, res.end.Time.Seconds(), res.count("PASS"), res.count("SKIP"))
	}
	if r.died != "" {
		fmt.Fprintf(w, "FAIL\t%s\t%s\n", r.series, r.died)
	}
}

// tail gives the last n lines of b.
func tail(b []byte, n int) string {
	lines := strings.Split(strings.TrimRight(string(b), "\r\n"), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
