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
	// Typed is the file beside it with the typed API, nil for none.
	Typed *Bpf2goTyped
}

// Named is a map, program or variable with its Go name.
type Named struct{ C, Go string }

// Bpf2goTyped is the typed API over the types of bpf2go's file, for one target.
type Bpf2goTyped struct {
	// API has what the typed profile has, without types: Maps, Programs,
	// Variables, MapTypes, Aliases.
	API *Plan
	// Bridge is the function that makes the collection out of bpf2go's objects.
	Bridge string
	// Types are those that bpf2go does not declare and the API needs: of events
	// and of what has no name in C.
	Types []*Decl
	// Functions reach the members that have no field.
	Functions []MemberFunctions
}

// MemberFunctions get and set a member that has no field in bpf2go's type; of a
// flexible array there is only the function that gets.
type MemberFunctions struct {
	// Of is the type, Path what leads from a pointer to it, x, to the struct of
	// Size bytes that has the member: "x", "x.Key", "x.Keys[i]".
	Of, Path string
	Size     uint32
	// Index are the parameters in the path: "i".
	Index []string
	// Accessor has the functions as methods; its Storage means nothing.
	Accessor Accessor
	// Tail is set for a flexible array, which starts at byte Off of the struct.
	Tail bool
}
