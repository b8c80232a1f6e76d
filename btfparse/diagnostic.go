package btfparse

// This file is what bpfgen says of places in C: one message each, and one line
// for many messages of one kind.

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Diagnostic is one message about one place in the C source.
type Diagnostic struct {
	// File is the object or the C file that it is about, with the targets
	// where it is not all of them: "flows.c for bpfel". Empty where there is
	// only one.
	File string
	// Path is the C path: "map flows > value > struct flow_stats > field verdict".
	Path Path
	// What is wrong, as a clause without a final stop.
	What string
	// Remedy is what the user can do about it, as a clause without a final stop.
	Remedy string
	// InC is a remedy in the C source, instead of Remedy or beside it. It is
	// left out where the C is not the user's own: of the types of a kernel.
	InC string
	// Fails is true where the object, as it is, cannot be loaded: cilium/ebpf
	// v0.22 or every kernel refuses it.
	Fails bool
	// Kind is what several messages may be told together as; nil for none.
	Kind *Kind
	// Item is what a list of that kind calls the place; Path where it is empty.
	Item string
}

// Path says where in the C source a node stands, from the outside in:
// "map flows > value > struct flow_stats > field verdict".
type Path string

// Join appends one step.
func (p Path) Join(step string) Path {
	if p == "" {
		return Path(step)
	}
	return p + " > " + Path(step)
}

// Kind is what is said of several places at once.
type Kind struct {
	// What is wrong, with %d for the number of places: "%d maps cannot be
	// created". The places follow.
	What string
	// Remedy and InC are as in Diagnostic.
	Remedy, InC string
	// Most is how many places are listed; 0 for all.
	Most int
}

// String is "file: path: what; remedy", on one line.
func (d Diagnostic) String() string {
	s := d.What
	if d.Path != "" {
		s = string(d.Path) + ": " + s
	}
	if d.File != "" {
		s = d.File + ": " + s
	}
	if remedy := d.remedies(); remedy != "" {
		s += "; " + remedy
	}
	return oneLine(s)
}

// remedies is both of them.
func (d Diagnostic) remedies() string {
	if d.Remedy == "" || d.InC == "" {
		return d.Remedy + d.InC
	}
	return d.Remedy + ", or in C " + d.InC
}

// CompareDiagnostics orders by file, place and words.
func CompareDiagnostics(a, b Diagnostic) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Path, b.Path), cmp.Compare(a.What, b.What),
		cmp.Compare(a.Remedy, b.Remedy), cmp.Compare(a.InC, b.InC))
}

// Join makes one message of each that a file has several of: those that say the
// same of several places, and those of one Kind. The result is sorted.
func Join(all []Diagnostic) []Diagnostic {
	return joinBy(joinBy(Sorted(all), Diagnostic.sameWords, joinPaths), Diagnostic.sameKind, joinKind)
}

// Sorted is each message once, in order.
func Sorted(all []Diagnostic) []Diagnostic {
	all = slices.Clone(all)
	slices.SortStableFunc(all, CompareDiagnostics)
	return slices.Compact(all)
}

// joinBy has join make one of those that the key says belong together. It
// stands where the first of them stood.
func joinBy(all []Diagnostic, key func(Diagnostic) (Diagnostic, bool), join func([]Diagnostic) Diagnostic) []Diagnostic {
	groups := make(map[Diagnostic][]Diagnostic)
	for _, d := range all {
		if k, ok := key(d); ok {
			groups[k] = append(groups[k], d)
		}
	}
	var joined []Diagnostic
	for _, d := range all {
		k, ok := key(d)
		switch group := groups[k]; {
		case !ok || len(group) == 1:
			joined = append(joined, d)
		case group != nil:
			joined = append(joined, join(group))
			groups[k] = nil
		}
	}
	return joined
}

// sameWords is everything but the place.
func (d Diagnostic) sameWords() (Diagnostic, bool) {
	return Diagnostic{File: d.File, What: d.What, Remedy: d.Remedy, InC: d.InC, Fails: d.Fails}, d.Path != "" && d.Kind == nil
}

// sameKind is the kind and the file.
func (d Diagnostic) sameKind() (Diagnostic, bool) {
	return Diagnostic{File: d.File, Kind: d.Kind}, d.Kind != nil
}

// joinPaths says it once of all places.
func joinPaths(group []Diagnostic) Diagnostic {
	d := group[0]
	d.Path = Path(strings.Join(pathsOf(group), ", "))
	return d
}

// pathsOf are the places; the first step, such as "map", is not repeated.
func pathsOf(group []Diagnostic) []string {
	var paths []string
	last := ""
	for _, d := range group {
		kind, rest, ok := strings.Cut(string(d.Path), " ")
		if !ok || kind != last {
			rest = string(d.Path)
		}
		last = kind
		paths = append(paths, rest)
	}
	return paths
}

// joinKind lists the places behind the words of the kind.
func joinKind(group []Diagnostic) Diagnostic {
	d := group[0]
	var items []string
	fails, inC := false, ""
	for _, d := range group {
		if d.InC != "" {
			inC = d.Kind.InC
		}
		items = append(items, cmp.Or(d.Item, string(d.Path)))
		fails = fails || d.Fails
	}
	if most := d.Kind.Most; most > 0 && len(items) > most {
		items = append(items[:most], fmt.Sprintf("and %d more (-verbose names each)", len(items)-most))
	}
	return Diagnostic{
		File: d.File, Kind: d.Kind, Remedy: d.Kind.Remedy, InC: inC, Fails: fails,
		What: fmt.Sprintf(d.Kind.What, len(group)) + ": " + strings.Join(items, ", "),
	}
}
