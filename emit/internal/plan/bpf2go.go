package plan

// Bpf2go is the file of one target with bpf2go's API, which stands alone.
type Bpf2go struct {
	// Target names the file, Constraint is its build constraint, "" for none.
	Target, Constraint string
	// ObjectFile is the name of the file to embed.
	ObjectFile string
	// Ident is the stem of the API.
	Ident string
	// Types are the declarations, sorted by name.
	Types []*Decl
	// Maps, Programs and Variables are sorted by C name.
	Maps, Programs, Variables []Named
}

// Named is a map, program or variable with its Go name.
type Named struct{ C, Go string }
