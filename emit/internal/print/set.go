package print

// What holds the files of one run together. The loader has a number that changes
// with what the files of all targets agree on; the other files compare it with
// theirs, so that a file of another run does not compile, on any target.

import (
	"fmt"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

// setGuard is the comparison in a file; where there is no loader it is the layouts,
// if there are any.
func setGuard(p *plan.Plan) string {
	switch {
	case p.TypesOnly && p.Layouts != "":
		return fmt.Sprintf("\n// %[1]s is how C lays out the types, for [%[2]sCheckKernel].\nconst %[1]s = `\n%[3]s`", p.API.Layouts, p.Runtime.LoaderQualifier(), p.Layouts)
	case p.TypesOnly:
		return ""
	}
	return fmt.Sprintf("\n// If this does not compile, files of different runs are mixed: run go generate again.\n"+
		"const _ = -uint32(%s ^ %s)", p.API.Set, setNumber(p))
}

// lenderGuard is the comparison with the run of the ident whose types are used.
func lenderGuard(p *plan.Plan) string {
	if p.Lender.Number == "" {
		return ""
	}
	return fmt.Sprintf("\n\n// If this does not compile, the types of %s, which are used here, have changed since:\n"+
		"// run go generate again.\nconst _ = -uint32(%s ^ %s)", p.Lender.Ident, p.Lender.Set, p.Lender.Number)
}

func setNumber(p *plan.Plan) string { return fmt.Sprintf("%#08x", p.Set) }
