package emit

// Types of another ident of the package (-types-from): which of them are those of
// this object, too. What Go reads decides: the layout of the whole C type and, for
// what a layout leaves out (the sign of a byte), the fields and methods in Go.

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/internal/layout"
	"github.com/bpfgen/bpfgen/internal/target"
)

// Lender is the Go types that another ident of the package has on some
// architectures.
type Lender struct {
	// GOARCH are these architectures; none means all.
	GOARCH []string
	// Layouts is the text of its constant of that name.
	Layouts string
	// Set is the number of its run, in Go.
	Set string
	// Types are the declarations, by name.
	Types map[string]Declaration
}

// Declaration is what a Go type has, by name: the types of its fields, of its
// methods without parameters ("Name()") and, under "", of a type that is no struct.
type Declaration map[string]string

// IsLayouts says whether generated code of an ident has its layouts in that
// constant.
func IsLayouts(ident, constant string) bool {
	return constant == apiOf(ident).Layouts || constant == typesLayoutsName(ident)
}

// SetName is the constant with the number of a run.
func SetName(ident string) string { return apiOf(ident).Set }

// lentTypes are a Lender that has been read.
type lentTypes struct {
	Lender
	layouts map[string]layout.Layout
}

func (o *Options) lenders() ([]lentTypes, error) {
	var lenders []lentTypes
	for _, d := range o.Lenders {
		table, err := layout.ParseTable(d.Layouts)
		if err != nil {
			return nil, fmt.Errorf("-types-from %s: %w; generate that ident again", o.TypesFrom, err)
		}
		l := lentTypes{d, make(map[string]layout.Layout)}
		for _, n := range table.Named {
			l.layouts[n.Name] = n.Layout
		}
		lenders = append(lenders, l)
	}
	return lenders, nil
}

// serves says whether code for a target is built together with the types.
func (l *lentTypes) serves(t Target) bool { return target.Overlap(l.GOARCH, t.GOARCH) }

// hasPart says whether the types have one of a place in a type that is borrowed, with
// the bytes of a flexible array that stand there. It is none of C's, and has no layout;
// that of the type around it has been compared, and says all.
func (l *lentTypes) hasPart(th *thing, name string) bool {
	if th.owner == nil || !th.owner.borrowed || th.variants[0].member.extends.Type == nil {
		return false
	}
	_, ok := l.Types[name]
	return ok
}

// borrow takes the types that another ident has declared, if they are the same on
// all targets. It is an error if none is.
func (n *names) borrow(w *wanted) {
	if n.opts.TypesFrom == "" {
		return
	}
	lenders, err := n.opts.lenders()
	if err != nil {
		n.fail(n.everywhere(), "%v", err)
		return
	}
	shared := 0
	var differs []string
	for _, th := range n.things {
		if th.plain() {
			continue
		}
		other := n.opts.TypesFrom + strings.TrimPrefix(th.name, n.opts.Ident)
		found, why := w.lent(lenders, th, other)
		switch {
		case found && why == "":
			th.name, th.borrowed = other, true
			shared++
		case found:
			differs = append(differs, fmt.Sprintf("%s is not %s: %s", th.key, other, why))
			n.warn(th.targets(), btfparse.Diagnostic{
				Path: btfparse.Path(th.key), What: fmt.Sprintf("is %s in Go, and not %s of -types-from: %s", th.name, other, why),
				Remedy: otherTypes.Remedy, Kind: otherTypes, Item: fmt.Sprintf("%s (%s)", th.key, why),
			})
		}
	}
	if shared == 0 {
		n.fail(n.everywhere(), "-types-from %s: no type is shared%s; leave it out, or generate both from C that has the same types", n.opts.TypesFrom, listOf(differs))
	}
}

// otherTypes is what is said of several types that differ from those of -types-from.
var otherTypes = &btfparse.Kind{
	What:   "%d types differ from those of -types-from and are declared anew",
	Remedy: "generate both from C that has the same type, or give one another name",
	Most:   10,
}

// listOf is the end of a message that gives reasons.
func listOf(reasons []string) string {
	const most = 4
	if len(reasons) == 0 {
		return ": none of the types of this object is declared there"
	}
	more := ""
	if n := len(reasons) - most; n > 0 {
		reasons, more = reasons[:most], fmt.Sprintf("; and %d more", n)
	}
	return ": " + strings.Join(reasons, "; ") + more
}

// lent says whether a thing is declared elsewhere under that name, and why it
// cannot be used, "" if it can.
func (w *wanted) lent(lenders []lentTypes, th *thing, name string) (found bool, why string) {
	for _, v := range th.variants {
		ours, ok := w.layoutOf(v.typ, nil)
		for i, t := range w.targets {
			if !v.on[i] {
				continue
			}
			served := false
			for _, l := range lenders {
				theirs, declared := l.layouts[name]
				part := l.hasPart(th, name)
				if !declared && !part || !l.serves(t) {
					continue
				}
				found, served = true, true
				if unlike := w.opts.unlike[name]; unlike != "" {
					return true, unlike
				}
				if part {
					continue
				}
				if !ok {
					return true, "BTF has no layout of it"
				}
				if d := layout.Compare(theirs, ours); layout.Worst(d, layout.InGo) > layout.Nothing {
					return true, d[0].String()
				}
			}
			if !served && why == "" {
				why = fmt.Sprintf("it is not declared for target %s", t.Name)
			}
		}
	}
	return found, why
}

// checkBorrowed compares the Go declarations of borrowed types with what they
// would be here, and notes down which are unlike: the plan is made anew without them.
func (b *builder) checkBorrowed(alone []*plan.Alone) {
	lenders := b.opts.Lenders
	if len(lenders) == 0 {
		return
	}
	b.plan.Lender = plan.Lender{Ident: b.opts.TypesFrom, Set: SetName(b.opts.TypesFrom), Number: lenders[0].Set}
	for i, a := range alone {
		for _, d := range a.Types {
			if !d.Borrowed || d.Pkg != "" {
				continue
			}
			for _, other := range lenders {
				l := lentTypes{Lender: other}
				if there, ok := other.Types[d.Name]; ok && l.serves(b.targets[i]) {
					b.sameDeclaration(d, there)
				}
			}
		}
	}
}

func (b *builder) sameDeclaration(d *plan.Decl, there Declaration) {
	here := declarationOf(d)
	for _, name := range slices.Sorted(maps.Keys(here)) {
		if want, ok := there[name]; !ok || want != here[name] {
			b.opts.unlike[d.Name] = fmt.Sprintf("%s is %s there, and %s here", cmp.Or(name, "it"), cmp.Or(want, "nothing"), here[name])
			return
		}
	}
}

// declarationOf is what the printed type has.
func declarationOf(d *plan.Decl) Declaration {
	decl := make(Declaration)
	for _, f := range d.Fields {
		if f.Name != "_" {
			decl[f.Name] = f.Type.String()
		}
	}
	for _, a := range d.Accessors {
		decl[a.Getter+"()"] = a.Type.String()
	}
	if d.Enum != nil {
		decl[""] = d.Enum.Base.String()
	}
	return decl
}
