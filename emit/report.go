package emit

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
)

// report collects what is wrong with the objects, over all stages.
type report struct {
	targets []Target
	// warned are the targets where each warning holds.
	warned map[btfparse.Diagnostic][]int
	// texts are the errors, and the targets where each holds.
	texts  []string
	failed map[string][]int
}

// newReport starts with what is wrong with the objects themselves. That they
// cannot be loaded matters only where they will be.
func newReport(targets []Target, typesOnly bool) *report {
	r := &report{targets: targets, failed: make(map[string][]int), warned: make(map[btfparse.Diagnostic][]int)}
	for i, t := range targets {
		r.warn([]int{i}, t.Object.TypeWarnings...)
		if !typesOnly {
			r.warn([]int{i}, t.Object.Warnings...)
		}
	}
	return r
}

// warn is a warning of some targets. Of a kernel's types the C is not the
// user's.
func (r *report) warn(targets []int, warnings ...btfparse.Diagnostic) {
	for _, d := range warnings {
		for _, t := range targets {
			d := d
			if r.targets[t].Object.TypesOnly {
				d.InC = ""
			}
			if !slices.Contains(r.warned[d], t) {
				r.warned[d] = append(r.warned[d], t)
			}
		}
	}
}

// everywhere are the numbers of all targets.
func (r *report) everywhere() []int {
	all := make([]int, len(r.targets))
	for i := range all {
		all[i] = i
	}
	return all
}

// fail is an error of some targets.
func (r *report) fail(targets []int, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if _, ok := r.failed[text]; !ok {
		r.texts = append(r.texts, text)
	}
	for _, t := range targets {
		if !slices.Contains(r.failed[text], t) {
			r.failed[text] = append(r.failed[text], t)
		}
	}
}

// err is all errors joined, one line each, with the files where they hold.
func (r *report) err() error {
	var errs []error
	for _, text := range r.texts {
		errs = append(errs, fmt.Errorf("%s: %s", r.sourcesOf(r.failed[text]), text))
	}
	return errors.Join(errs...)
}

// sourcesOf is what the user calls some of the targets: the objects, or the C
// file, with the targets where it is not all of them.
func (r *report) sourcesOf(some []int) string {
	source := func(t Target) string { return cmp.Or(t.Source, t.ObjectFile, t.Name) }
	var sources []string
	for _, i := range some {
		s := source(r.targets[i])
		var here, all []string
		for j, t := range r.targets {
			if source(t) != s {
				continue
			}
			all = append(all, t.Name)
			if slices.Contains(some, j) {
				here = append(here, t.Name)
			}
		}
		if len(here) < len(all) {
			s += " for " + strings.Join(here, " and ")
		}
		if !slices.Contains(sources, s) {
			sources = append(sources, s)
		}
	}
	return strings.Join(sources, ", ")
}

// allWarnings are those of the objects and of all stages, sorted, each once.
func (r *report) allWarnings() []btfparse.Diagnostic {
	var all []btfparse.Diagnostic
	for d, targets := range r.warned {
		d.File = r.sourcesOf(slices.Sorted(slices.Values(targets)))
		all = append(all, d)
	}
	slices.SortFunc(all, btfparse.CompareDiagnostics)
	return all
}
