// Package diff says what changed between two builds of an eBPF object, or between
// the BTF of two kernels, and what that breaks.
//
// [Compare] gives a [Report] of changes. Each has a [Class], its place in C before
// and after, who uses that place, and what it breaks: Go code that was compiled
// against the old, maps that the old has pinned, kernels on which the old loads.
// Two builds of one C source have no changes, whatever directory they were built
// in, linked or not: types are compared as internal/layout does, instructions by
// what they refer to.
//
// Where to go next: input.go reads a side, maps.go and types.go compare the data
// that objects share with Go, api.go what Go code is generated, code.go programs and
// initial values, kernels.go asks package forecast, btf.go is for kernels.
package diff

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/bpfgen/bpfgen/emit"
	"github.com/bpfgen/bpfgen/forecast"
)

// Class is the kind of a change.
type Class string

const (
	// PinnedMap: a map that the old object made, and that is pinned, is none for the new.
	PinnedMap Class = "pinned_map"
	// Layout: a type of the same size whose bytes mean something else.
	Layout Class = "layout"
	// Event: the records of a ring buffer or perf event array.
	Event Class = "event"
	// API: other Go names or types are generated.
	API Class = "go_api"
	// Code: programs and initial values, and nothing that Go or maps would notice.
	Code Class = "code"
)

// Classes are all of them, the worst first.
func Classes() []Class { return []Class{PinnedMap, Layout, Event, API, Code} }

// Victim is who a change breaks.
type Victim string

const (
	// Go is a program with Go code that was generated for the old: it does not
	// compile with what is generated for the new, or reads other values.
	Go Victim = "go"
	// Pins are maps that the old object has made and pinned.
	Pins Victim = "pins"
	// Kernels are those on which the old loads.
	Kernels Victim = "kernels"
)

// Change is one difference.
type Change struct {
	Class Class `json:"class"`
	// Place in C: "map flows", "struct flow_stats > field verdict", "program count".
	Place string `json:"place"`
	// What differs: "size", "place", "type", "instructions".
	What string `json:"what"`
	// Old and New are what it was and is, "" where there was or is nothing.
	Old string `json:"old,omitempty"`
	New string `json:"new,omitempty"`
	// OldLine and NewLine are lines of C, "file.c:12", as BTF has them for
	// instructions.
	OldLine string `json:"old_line,omitempty"`
	NewLine string `json:"new_line,omitempty"`
	// UsedBy are the maps, variables and programs that use the place.
	UsedBy []string `json:"used_by,omitempty"`
	// Go are the names of generated code that change with it.
	Go []GoChange `json:"go,omitempty"`
	// Breaks is empty where nobody need notice.
	Breaks []Break `json:"breaks,omitempty"`
}

// GoChange is a name of generated code, without the ident.
type GoChange struct {
	Name string `json:"name"`
	Old  string `json:"old,omitempty"`
	New  string `json:"new,omitempty"`
}

// Break says who is broken and why, a clause without a final stop.
type Break struct {
	Victim Victim `json:"victim"`
	Why    string `json:"why"`
	// Kernels by name, of the victim Kernels.
	Kernels []string `json:"kernels,omitempty"`
}

// Report is all that changed from old to new.
type Report struct {
	Old     string   `json:"old"`
	New     string   `json:"new"`
	Changes []Change `json:"changes"`
	// Unproved are places that could not be compared, because the BTF of one side
	// does not say what is there. They are no changes.
	Unproved []string `json:"unproved,omitempty"`
}

// Breaks says whether a change breaks anything.
func (r *Report) Breaks() bool {
	return slices.ContainsFunc(r.Changes, func(c Change) bool { return len(c.Breaks) > 0 })
}

// Options say what is known beside the two sides.
type Options struct {
	// Types, Events and MapTypes are as in [emit.Options]: what code is generated with.
	Types    []string
	Events   map[string]emit.EventType
	MapTypes map[string]emit.MapTypes
	// Pinned says which maps may be pinned beside those that say so themselves
	// (LIBBPF_PIN_BY_NAME); nil means all.
	Pinned func(name string) bool
	// Kernels on which programs are forecast.
	Kernels []*forecast.Kernel
	// UsedBy are objects. Of the BTF of kernels only what they touch is compared.
	UsedBy []*Input
}

// Errors of sides that cannot be compared.
var (
	ErrByteOrder = errors.New("byte orders differ")
	ErrKinds     = errors.New("an object can only be compared with an object, BTF with BTF")
)

// Compare compares two objects, or the BTF of two kernels.
func Compare(old, new *Input, opts *Options) (*Report, error) {
	if opts == nil {
		opts = &Options{}
	}
	switch {
	case old.isBTF() != new.isBTF():
		return nil, fmt.Errorf("%s and %s: %w", old.name, new.name, ErrKinds)
	case old.object.ByteOrder != new.object.ByteOrder:
		return nil, fmt.Errorf("%s and %s: %w", old.name, new.name, ErrByteOrder)
	}
	c := &comparison{old: old, new: new, opts: opts, report: &Report{Old: old.name, New: new.name}}
	steps := []func() error{c.maps, c.records, c.variables, c.asked, c.api, c.code, c.values, c.kernels}
	if old.isBTF() {
		steps = []func() error{c.kernelTypes, c.functions, c.users}
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
	}
	return c.finish(), nil
}

// comparison is one run.
type comparison struct {
	old, new *Input
	opts     *Options
	report   *Report
	changes  []*Change
	merged   map[mergeKey]*Change
	unproved map[string]bool
}

// mergeKey is what makes two changes one, found on two ways.
type mergeKey struct {
	class                 Class
	place, what, old, new string
}

// add adds a change, or further users of one that is known.
func (c *comparison) add(change Change) *Change {
	key := mergeKey{change.Class, change.Place, change.What, change.Old, change.New}
	if known := c.merged[key]; known != nil {
		known.UsedBy = slices.Concat(known.UsedBy, change.UsedBy)
		for _, b := range change.Breaks {
			known.breaks(b.Victim, b.Why, b.Kernels...)
		}
		return known
	}
	if c.merged == nil {
		c.merged = make(map[mergeKey]*Change)
	}
	added := &change
	c.merged[key] = added
	c.changes = append(c.changes, added)
	return added
}

// breaks adds a victim once.
func (ch *Change) breaks(who Victim, why string, kernels ...string) {
	for i := range ch.Breaks {
		if b := &ch.Breaks[i]; b.Victim == who && b.Why == why {
			b.Kernels = append(b.Kernels, kernels...)
			return
		}
	}
	if who != Kernels && slices.ContainsFunc(ch.Breaks, func(b Break) bool { return b.Victim == who }) {
		return
	}
	ch.Breaks = append(ch.Breaks, Break{who, why, kernels})
}

// unknown notes a place that cannot be compared.
func (c *comparison) unknown(place, why string) {
	if c.unproved == nil {
		c.unproved = make(map[string]bool)
	}
	if text := place + ": " + why; !c.unproved[text] {
		c.unproved[text] = true
		c.report.Unproved = append(c.report.Unproved, text)
	}
}

// finish sorts: the worst class first, then by place.
func (c *comparison) finish() *Report {
	r := c.report
	r.Changes = make([]Change, 0, len(c.changes))
	for _, ch := range c.changes {
		ch.UsedBy = slices.Compact(slices.Sorted(slices.Values(ch.UsedBy)))
		slices.SortFunc(ch.Breaks, func(a, b Break) int { return cmp.Compare(a.Victim, b.Victim) })
		r.Changes = append(r.Changes, *ch)
	}
	rank := func(c Class) int { return slices.Index(Classes(), c) }
	slices.SortStableFunc(r.Changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(rank(a.Class), rank(b.Class)), cmp.Compare(a.Place, b.Place), cmp.Compare(a.What, b.What))
	})
	slices.Sort(r.Unproved)
	return r
}
