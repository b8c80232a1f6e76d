// Package emit turns the facts of package btfparse into Go source.
//
// It works in two steps. [NewPlan] takes every decision: Go names, layouts,
// accessors, which class of map and which kind of program, what is shared
// between targets; what cannot be decided well is a diagnostic. [Plan.Files]
// then only prints.
//
// Where to go next: typeset.go, layout.go and names.go decide on types;
// mapclass.go and hooks.go are the tables of map classes and hooks;
// collection.go decides on maps, programs and variables; file.go prints the
// templates, types_render.go the types.
package emit

import (
	"cmp"
	"errors"
	"fmt"
	"go/build/constraint"
	"go/token"
	"path"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
)

// Target is one build of the C source: an object and where its Go code builds.
type Target struct {
	// Name is the suffix of the target's files, as bpf2go draws it: "bpfel",
	// "bpfeb", "x86_bpfel", … Empty for raw BTF.
	Name string
	// GOARCH are the architectures that the object serves; none means all.
	GOARCH []string
	// Object is what the object holds.
	Object *btfparse.Object
	// ObjectFile is the name of the file to embed, relative to the Go file.
	ObjectFile string
	// Source is the file that the user named, for errors: the object, or the C
	// file of several targets; empty means ObjectFile.
	Source string
}

// Options are what the user asked for.
type Options struct {
	// Package is the name of the Go package.
	Package string
	// Ident is the stem of all Go identifiers. It decides, by its first
	// letter, whether they are exported.
	Ident string
	// Stem of the file names; empty means Stem(Ident).
	Stem string
	// Suffix of the file names before ".go", such as "_test".
	Suffix string
	// Tags is a build constraint that every file gets, such as "linux && !race".
	Tags string
	// Types are names and globs of C types to declare beside those that maps
	// and variables use: "event", "struct event", "bpf_*".
	Types []string
	// NoGlobalTypes leaves out the types of maps and variables.
	NoGlobalTypes bool
	// TypesOnly writes the types file alone, without embedded object and loader.
	TypesOnly bool
	// Events gives ring buffers and perf event arrays their event type, by the
	// C name of the map.
	Events map[string]EventType
	// Renames gives C types, by their C name ("struct foo"), another Go name
	// behind the ident.
	Renames map[string]string
	// TypesFrom is another ident of the package. A type that it declares
	// (Declared) is used instead of being declared again, and proved to have
	// the layout of this object's C type.
	TypesFrom string
	// Declared are the Go types that the package has already.
	Declared map[string]bool
}

// EventType is what -event says of one map.
type EventType struct {
	// Type is the C name: "struct event" or "event".
	Type string
	// Short allows records that are shorter than the type; the missing bytes
	// read as zeroes.
	Short bool
}

// Plan is every decision about the Go code of one ident.
type Plan struct {
	// Warnings name what will not be as the user may expect. Sorted, without
	// duplicates.
	Warnings []btfparse.Diagnostic

	opts    Options
	names   apiNames
	targets []*targetPlan
	merged  merged
}

// targetPlan is what is decided for one target alone.
type targetPlan struct {
	Target
	types *typeSet
	coll  *collection
}

// Stem is what the names of an ident's files begin with: the ident in lower
// case, without underscores in front, behind which Go sees no file.
func Stem(ident string) string { return strings.TrimLeft(strings.ToLower(ident), "_") }

// NewPlan decides everything. The error is all problems joined, one line each.
func NewPlan(targets []Target, opts Options) (*Plan, error) {
	if opts.Stem == "" {
		opts.Stem = Stem(opts.Ident)
	}
	if err := checkOptions(targets, opts); err != nil {
		return nil, err
	}
	p := &Plan{opts: opts, names: apiNames{opts.Ident}}
	var colls []*collection
	for _, t := range targets {
		coll := newCollection(t.Object, &p.opts, p.names)
		colls = append(colls, coll)
		p.targets = append(p.targets, &targetPlan{Target: t, coll: coll})
	}
	p.names.nameMaps(colls)
	reserved := p.names.reserved()
	for _, coll := range colls {
		reserved = append(reserved, p.names.aliases(coll)...)
	}
	if err := p.planAllTypes(reserved); err != nil {
		return nil, err
	}
	slices.SortFunc(p.targets, func(a, b *targetPlan) int { return cmp.Compare(a.Name, b.Name) })
	var err error
	if p.merged, err = mergeTargets(p.targets, p.names); err != nil {
		return nil, err
	}
	p.collectWarnings()
	return p, nil
}

// planAllTypes decides on the types of all targets. What is wrong with several
// of them in the same words is one error.
func (p *Plan) planAllTypes(reserved []string) error {
	var texts []string
	failed := make(map[string][]*targetPlan)
	for _, t := range p.targets {
		for _, err := range p.planTypes(t, reserved) {
			text := err.Error()
			if failed[text] == nil {
				texts = append(texts, text)
			}
			failed[text] = append(failed[text], t)
		}
	}
	var errs []error
	for _, text := range texts {
		errs = append(errs, fmt.Errorf("%s: %s", p.sourcesOf(failed[text]), text))
	}
	return errors.Join(errs...)
}

// sourcesOf is what the user calls some of the targets: the objects, or the C
// file, with the targets where it is not all of them.
func (p *Plan) sourcesOf(some []*targetPlan) string {
	source := func(t *targetPlan) string { return cmp.Or(t.Source, t.ObjectFile, t.Name) }
	from := func(of []*targetPlan, name string) (names []string) {
		for _, t := range of {
			if source(t) == name {
				names = append(names, t.Name)
			}
		}
		return names
	}
	var sources []string
	for _, t := range some {
		s := source(t)
		if names := from(some, s); len(names) < len(from(p.targets, s)) {
			s += " for " + strings.Join(names, " and ")
		}
		if !slices.Contains(sources, s) {
			sources = append(sources, s)
		}
	}
	return strings.Join(sources, ", ")
}

// planTypes decides on the types of one target. reserved are the identifiers of
// the API of all targets, which share a package.
func (p *Plan) planTypes(t *targetPlan, reserved []string) []error {
	t.types = newTypeSet(t.Object, t.coll.roots(), &p.opts, reserved)
	t.coll.resolve(t.types)
	return slices.Concat(t.coll.errors, t.types.errors)
}

// collectWarnings gathers the warnings of all targets, each once, with what
// they are about. Of a kernel's types the C is not the user's.
func (p *Plan) collectWarnings() {
	about := make(map[btfparse.Diagnostic][]*targetPlan)
	for _, t := range p.targets {
		for _, w := range slices.Concat(t.Object.Warnings, t.coll.warnings, t.types.warnings) {
			if t.Object.TypesOnly {
				w.InC = ""
			}
			if !slices.Contains(about[w], t) {
				about[w] = append(about[w], t)
			}
		}
	}
	for w, targets := range about {
		w.File = p.sourcesOf(targets)
		p.Warnings = append(p.Warnings, w)
	}
	slices.SortFunc(p.Warnings, btfparse.CompareDiagnostics)
}

// checkOptions finds everything that is wrong with the call itself.
func checkOptions(targets []Target, opts Options) error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if !token.IsIdentifier(opts.Ident) || opts.Ident == "_" {
		fail("ident %q is not a Go identifier", opts.Ident)
	}
	if !token.IsIdentifier(opts.Package) || opts.Package == "_" {
		fail("package %q is not a Go package name; give one with -go-package", opts.Package)
	}
	if strings.ContainsAny(opts.Stem, `/\`) || opts.Stem != path.Base(opts.Stem) {
		fail("output stem %q is not a file name", opts.Stem)
	}
	if strings.HasPrefix(opts.Stem, "_") || strings.HasPrefix(opts.Stem, ".") {
		fail("output stem %q: Go sees no file whose name starts with _ or a dot", opts.Stem)
	}
	if strings.ContainsAny(opts.Suffix, `/\`) {
		fail("output suffix %q is not part of a file name", opts.Suffix)
	}
	if _, err := constraint.Parse("//go:build " + opts.Tags); opts.Tags != "" && err != nil {
		fail("build tags %q: %w", opts.Tags, err)
	}
	if len(targets) == 0 {
		fail("no object to generate from")
	}
	seen := make(map[string]bool)
	for _, t := range targets {
		if seen[t.Name] {
			fail("two objects for target %s", t.Name)
		}
		seen[t.Name] = true
		if strings.ContainsAny(t.ObjectFile, "\n\r\"` ") {
			fail("object file name %q cannot stand in a go:embed line", t.ObjectFile)
		}
	}
	return errors.Join(errs...)
}
