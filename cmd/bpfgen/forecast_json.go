package main

import (
	"bufio"
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/forecast"
)

// forecastFormat is the version of the lines that forecast -json prints:
// docs/forecast.schema.json. It grows when a member changes its meaning or goes,
// not when one is added.
const forecastFormat = 1

// forecastLine is one object on one kernel.
type forecastLine struct {
	Format int    `json:"format"`
	Type   string `json:"type"` // "report"
	*forecast.Report
}

// causeLine says of one finding on which kernels it stops a program or map. Such
// lines follow all reports.
type causeLine struct {
	Format  int    `json:"format"`
	Type    string `json:"type"` // "cause"
	Object  string `json:"object"`
	Program string `json:"program,omitempty"`
	Map     string `json:"map,omitempty"`
	forecast.Finding
	// Kernels on which it was found, in the order of the reports.
	Kernels []string `json:"kernels"`
	// Since is the oldest kernel from which on it was not found any more.
	Since string `json:"since,omitempty"`
}

// forecastJSON streams lines.
type forecastJSON struct {
	w      *bufio.Writer
	enc    *json.Encoder
	causes causes
}

func newForecastJSON(w io.Writer) *forecastJSON {
	buffered := bufio.NewWriter(w)
	enc := json.NewEncoder(buffered)
	enc.SetEscapeHTML(false)
	return &forecastJSON{w: buffered, enc: enc}
}

func (f *forecastJSON) add(kernel *forecast.Kernel, reports []*forecast.Report) error {
	f.causes.add(kernel, reports)
	for _, r := range reports {
		if err := f.enc.Encode(forecastLine{forecastFormat, "report", r}); err != nil {
			return err
		}
	}
	return f.w.Flush()
}

func (f *forecastJSON) close() error {
	for _, c := range f.causes.list {
		line := causeLine{
			Format: forecastFormat, Type: "cause", Object: c.object, Finding: c.Finding,
			Kernels: f.causes.names(c.kernels), Since: f.causes.since(c),
		}
		if line.Program = c.subject; c.isMap {
			line.Program, line.Map = "", c.subject
		}
		if err := f.enc.Encode(line); err != nil {
			return err
		}
	}
	return f.w.Flush()
}

// causes collects findings over kernels.
type causes struct {
	kernels []kernelName
	list    []*cause
	index   map[causeKey]*cause
}

type kernelName struct{ name, release string }

// cause is one finding of a program or map, with the kernels that it is of. One thing
// can be wrong in several ways, on each kernel in one: they are as many causes, for
// each has a remedy of its own.
type cause struct {
	causeKey
	kernels []int
}

type causeKey struct {
	object, subject string
	isMap           bool
	forecast.Finding
}

func (c *causes) add(kernel *forecast.Kernel, reports []*forecast.Report) {
	c.kernels = append(c.kernels, kernelName{kernel.Name(), kernel.Release()})
	for _, r := range reports {
		for _, p := range r.Programs {
			c.result(r.Object, false, p)
		}
		for _, m := range r.Maps {
			c.result(r.Object, true, m)
		}
	}
}

func (c *causes) result(object string, isMap bool, r forecast.Result) {
	for _, f := range r.Findings {
		if f.Verdict == forecast.Clear {
			continue
		}
		key := causeKey{object, r.Name, isMap, f}
		found := c.index[key]
		if found == nil {
			found = &cause{causeKey: key}
			if c.index == nil {
				c.index = make(map[causeKey]*cause)
			}
			c.index[key] = found
			c.list = append(c.list, found)
		}
		if n := len(c.kernels) - 1; len(found.kernels) == 0 || found.kernels[len(found.kernels)-1] != n {
			found.kernels = append(found.kernels, n)
		}
	}
}

func (c *causes) names(kernels []int) (names []string) {
	for _, i := range kernels {
		names = append(names, c.kernels[i].name)
	}
	return names
}

// since is the oldest kernel, by its release, on which and on all newer ones the
// cause was not found; "" where there is none or the releases are not known.
func (c *causes) since(of *cause) string {
	sorted := make([]int, 0, len(c.kernels))
	for i, k := range c.kernels {
		if k.release == "" {
			return ""
		}
		sorted = append(sorted, i)
	}
	slices.SortStableFunc(sorted, func(a, b int) int { return compareReleases(c.kernels[a].release, c.kernels[b].release) })
	since := ""
	for _, i := range slices.Backward(sorted) {
		if slices.Contains(of.kernels, i) {
			break
		}
		since = c.kernels[i].name
	}
	return since
}

// compareReleases compares by the numbers in the names: 6.1.0-9 < 6.1.0-56.
func compareReleases(a, b string) int {
	return slices.Compare(numbersOf(a), numbersOf(b))
}

func numbersOf(release string) (numbers []int) {
	for _, digits := range strings.FieldsFunc(release, func(r rune) bool { return r < '0' || r > '9' }) {
		n := 0
		for _, d := range digits {
			n = min(n*10+int(d-'0'), 1<<30)
		}
		numbers = append(numbers, n)
	}
	return numbers
}
