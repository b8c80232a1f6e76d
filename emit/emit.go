// Package emit turns the facts of package btfparse into Go source.
//
// It works in stages, each of which sees only the one before: what is wanted
// (want.go), over all targets of a run, with one node for what is one C type;
// which types that needs, and their layout (typeset.go, layout.go); the names
// of everything (things.go, naming.go, claims.go); the plan (build.go,
// declare.go, lpm.go), which is data without a trace of BTF
// (internal/plan). [Plan.Files] then only prints (internal/print). What cannot
// be decided well is a diagnostic.
//
// profile.go has what differs between the flavours of generated code,
// mapclass.go and hooks.go are the tables of map classes and hooks.
package emit

import (
	"cmp"
	"errors"
	"fmt"
	"go/build/constraint"
	"go/token"
	"maps"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/emit/internal/print"
)

// Header is the first line of every file that bpfgen writes, and how it knows
// its own files again.
const Header = print.Header

// File is one file to write.
type File = print.File

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
	// Embedded are the bytes of that file: generated code opens no others.
	Embedded []byte
	// Source is the file that the user named, for errors: the object, or the C
	// file of several targets; empty means ObjectFile.
	Source string
}

// Options are what the user asked for.
type Options struct {
	// Package is the name of the Go package.
	Package string
	// Ident is the stem of all Go identifiers. It decides, by its first
	// letter, whether they are exported. Types alone may do without one; then they
	// are, and Stem must be given.
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
	// Layouts is for TypesOnly: the file carries the layouts of the types, as that of
	// a loader does.
	Layouts bool
	// Packages is for TypesOnly: each target is a kernel, which gets a package of its
	// own, see [Plan.Packages].
	Packages bool
	// Events gives ring buffers and perf event arrays their event type, by the
	// C name of the map.
	Events map[string]EventType
	// MapTypes gives maps that are declared by sizes their key and value types,
	// by the C name of the map.
	MapTypes map[string]MapTypes
	// Binds are Go types of the user by the C type that they stand for: "struct
	// flow", "enum verdict", "__be32".
	Binds map[string]*BoundType
	// Renames gives C types, by their C name ("struct foo"), another Go name
	// behind the ident.
	Renames map[string]string
	// TypesFrom is another ident of the package. A type that it declares
	// (Lenders) is used instead of being declared again, if it has the layout of
	// this object's C type.
	TypesFrom string
	// Bpf2go gives bpf2go's API and types instead, in a file for each target.
	Bpf2go bool
	// Typed adds, to Bpf2go, files with the typed API over the same types.
	Typed bool
	// Packed says, for Bpf2go, what becomes of structs that Go lays out
	// otherwise than C.
	Packed Packed
	// Lenders are the Go types of that ident.
	Lenders []Lender
	// unlike are those whose declarations in Go differ from what they would be here,
	// and in what.
	unlike map[string]string
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

	plan  *plan.Plan
	names map[string]string
}

// Names are the Go names of everything that has one of its own, by what -rename
// calls it: "struct flow", "struct flow.addr", "enum verdict.VERDICT_PASS", "map
// flows", "program count", "variable rate". Those of types and constants are
// without the ident.
func (p *Plan) Names() map[string]string { return maps.Clone(p.names) }

// Files prints the plan. The same plan gives the same bytes.
func (p *Plan) Files() ([]File, error) { return print.Files(p.plan) }

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
	targets = slices.SortedFunc(slices.Values(targets), func(a, b Target) int { return cmp.Compare(a.Name, b.Name) })
	if opts.Bpf2go {
		return bpf2goPlan(targets, &opts)
	}
	opts.unlike = make(map[string]string)
	for {
		known := len(opts.unlike)
		if p, err := typedPlan(targets, &opts); err != nil || len(opts.unlike) == known {
			return p, err
		}
	}
}

// typedPlan is a plan that borrows all types but those in Options.unlike, to which it
// adds what turns out to be declared otherwise.
func typedPlan(targets []Target, opts *Options) (*Plan, error) {
	w := want(targets, opts)
	types := w.typedTypes()
	names := name(w, types, nil)
	if err := w.err(); err != nil {
		return nil, err
	}
	w.unused()
	p := build(w, types, names)
	if err := w.err(); err != nil {
		return nil, err
	}
	return &Plan{Warnings: w.allWarnings(), plan: p, names: names.all(w)}, nil
}

// embedMeta are the characters that mean something in a go:embed line (patterns
// of path.Match, quotes, blanks) or that no file of a module may have in its name
// (golang.org/x/mod/module, CheckFilePath).
const embedMeta = "*?[]\"'`<>|: "

// checkOptions finds everything that is wrong with the call itself.
func checkOptions(targets []Target, opts Options) error {
	var errs []error
	fail := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if noIdent := opts.Ident == "" && opts.TypesOnly && opts.Stem != ""; !noIdent && (!token.IsIdentifier(opts.Ident) || opts.Ident == "_") {
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
	if strings.ContainsAny(opts.Stem+opts.Suffix, embedMeta) || strings.ContainsFunc(opts.Stem+opts.Suffix, unicode.IsControl) {
		fail("output stem %q, suffix %q: a go:embed line would not take %s for characters of a name", opts.Stem, opts.Suffix, embedMeta)
	}
	if strings.ContainsAny(opts.Suffix, `/\`) {
		fail("output suffix %q is not part of a file name", opts.Suffix)
	}
	if err := checkPackages(opts); err != nil {
		errs = append(errs, err)
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
