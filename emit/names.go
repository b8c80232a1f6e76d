package emit

// Names: how C spellings become Go identifiers, every name that is derived
// from another one, and the one rule by which clashes are settled.
//
// C names are never numbered by order of appearance. Whoever wants a name in a
// scope makes a claim with several forms, from the pretty one to one that
// cannot clash; settleClaims raises those that clash to their next form until all
// differ. Every form depends on C names and C structure alone, so that adding
// an unrelated type never renames another.

import (
	"crypto/sha256"
	"encoding/hex"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// identifier is an exported Go identifier for a C name: flow_key → FlowKey. It
// follows bpf2go's rule (cilium/ebpf v0.22, internal/output.go, Identifier), so
// that fields have the same names in both; what that rule leaves illegal gets
// an X in front (_32_bit → X32Bit).
func identifier(c string) string {
	s := camel(c)
	switch {
	case s == "":
		return exactIdentifier(c)
	case !token.IsExported(s):
		return "X" + s
	}
	return s
}

// camel drops underscores behind lower-case letters, digits and other dropped
// underscores, and puts the next letter in upper case. Runes that no
// identifier may have are dropped.
func camel(c string) string {
	var b strings.Builder
	const start = rune(-1)
	prev := start
	for _, r := range c {
		switch {
		case unicode.IsLetter(r):
			if prev == start {
				r = unicode.ToUpper(r)
			}
		case r == '_':
			if prev == start || unicode.IsDigit(prev) || unicode.IsLower(prev) {
				prev = start
				continue
			}
		case !unicode.IsDigit(r):
			continue
		}
		b.WriteRune(r)
		prev = r
	}
	return b.String()
}

// exactIdentifier is an exported Go identifier that keeps the spelling of C
// wherever Go allows it: flow_key → Flow_key, _flow → X_flow, a::b → A__b.
func exactIdentifier(c string) string {
	s := spelled(c)
	r, n := utf8.DecodeRuneInString(s)
	if n > 0 {
		s = string(unicode.ToUpper(r)) + s[n:]
	}
	if !token.IsExported(s) {
		s = "X" + s
	}
	return s
}

// spelled is a C name with an underscore for every rune that no identifier of
// Go may have. Names that C allows stay as they are.
func spelled(c string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, c)
}

// The names that are derived from that of a member.

// setterName is the method that writes what member X reads.
func setterName(member string) string { return "Set" + member }

// stringName is the method that reads an array of char as text.
func stringName(member string) string { return member + "String" }

// tailName is the method that reads a flexible array.
func tailName(member string) string { return member + "Tail" }

// rawName is the field with the bytes of several members, after the first.
func rawName(first string) string { return "Raw" + first }

// getterName is the method that reads a member: its own name, unless that
// means something else to Go.
func getterName(member string) string {
	if reservedMethods[member] {
		return member + "Value"
	}
	return member
}

// memberTypeName is the type of a member whose C type has no name.
func memberTypeName(parent, member string) string { return parent + member }

// constantName is the constant of an enumerator, without what it repeats of
// the enum's name: VERDICT_PASS of enum verdict → counterVerdictPass.
func constantName(goType, enum, enumerator string) string {
	return goType + enumeratorName(enum, enumerator)
}

func enumeratorName(enum, enumerator string) string {
	rest := enumerator
	if n := len(enum); n > 0 && len(rest) > n+1 && rest[n] == '_' && strings.EqualFold(rest[:n], enum) {
		rest = rest[n+1:]
	}
	if strings.IndexFunc(rest, unicode.IsLower) < 0 {
		rest = titled(rest)
	}
	if s := camel(rest); s != "" {
		return s
	}
	return exactIdentifier(enumerator)
}

// titled is ALL_CAPS as All_Caps.
func titled(s string) string {
	words := strings.Split(strings.ToLower(s), "_")
	for i, w := range words {
		words[i] = upperFirst(w)
	}
	return strings.Join(words, "_")
}

// reservedMethods mean something to fmt, to errors, to encoding/… or to go
// vet's stdmethods check (golang.org/x/tools/go/analysis/passes/stdmethods),
// which demands their exact signature.
var reservedMethods = setOf(
	"As", "Error", "Format", "GoString", "GobDecode", "GobEncode", "Is",
	"MarshalBinary", "MarshalJSON", "MarshalText", "MarshalXML",
	"ReadByte", "ReadFrom", "ReadRune", "Scan", "Seek", "String",
	"UnmarshalBinary", "UnmarshalJSON", "UnmarshalText", "UnmarshalXML",
	"UnreadByte", "UnreadRune", "Unwrap", "WriteByte", "WriteTo",
)

// reservedInPackage are identifiers that generated files use and no type may
// hide: those that Go declares itself, and the packages imported.
var reservedInPackage = setOf(append(types.Universe.Names(), "bytes", "ctypes", "ebpf", "io", "netip", "strconv", "structs", "typed", "unsafe")...)

func setOf(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

// hashSuffix tells apart what has one name: hex digits of a hash of what it is.
func hashSuffix(text string, digits int) string {
	sum := sha256.Sum256([]byte(text))
	return "_" + hex.EncodeToString(sum[:])[:digits]
}

// A claim is the wish for a name in a scope.
type claim struct {
	// label is what C calls the claimant, for messages.
	label string
	// class says who may keep a name that several want: the lowest.
	class int
	// form is the name in its n-th form; the last form, maxForm, must be one
	// that cannot clash.
	form func(n int) string
	// n is the form that was settled on, name what it gives.
	n    int
	name string
}

// renamed says whether a claim did not get the name that it would have alone.
func (c *claim) renamed() bool { return c.n > 0 && c.name != c.form(0) }

// rivals are the others that wanted the same name, by what C calls them.
func (c *claim) rivals(claims []*claim) []string {
	var labels []string
	for _, o := range claims {
		if o != c && o.form(0) == c.form(0) {
			labels = append(labels, o.label)
		}
	}
	slices.Sort(labels)
	return slices.Compact(labels)
}

// clash says of a renamed claim what stood against its first name.
func (c *claim) clash(rivals []string) string {
	why := "is taken in the package"
	if len(rivals) > 0 {
		why = "would also be " + strings.Join(rivals, ", ")
	}
	return "is " + c.name + " in Go: " + c.form(0) + " " + why
}

// maxForm is the last form of a claim.
const maxForm = 4

// settleClaims gives every claim a name that no other has and that is not taken. The
// order of the claims does not matter.
func settleClaims(claims []*claim, taken map[string]bool) {
	wanted := make(map[string][]*claim, len(claims))
	want := func(c *claim) {
		c.name = c.form(c.n)
		wanted[c.name] = append(wanted[c.name], c)
	}
	for _, c := range claims {
		want(c)
	}
	for {
		var raised []*claim
		for name, group := range wanted {
			stay, leave := contest(group, taken[name])
			if len(leave) > 0 {
				wanted[name] = stay
				raised = append(raised, leave...)
			}
		}
		if len(raised) == 0 {
			return
		}
		for _, c := range raised {
			c.n++
			want(c)
		}
	}
}

// contest says which of the claims to one name keep it and which go on to their
// next form: one alone keeps it; of several only a single one of the lowest
// class does.
func contest(group []*claim, taken bool) (stay, leave []*claim) {
	if len(group) == 0 || len(group) == 1 && !taken {
		return group, nil
	}
	best := slices.MinFunc(group, func(a, b *claim) int { return a.class - b.class }).class
	equals := 0
	for _, c := range group {
		if c.class == best {
			equals++
		}
	}
	for _, c := range group {
		alone := c.class == best && equals == 1 && !taken
		if alone || c.n == maxForm {
			stay = append(stay, c)
		} else {
			leave = append(leave, c)
		}
	}
	return stay, leave
}

// A scope holds the names of the fields and methods of one Go type.
type scope map[string]bool

// free is the name, with as many trailing underscores as it takes to be new.
// C names win over derived ones: they are in the scope first.
func (s scope) free(name string) string {
	for s[name] || reservedMethods[name] {
		name += "_"
	}
	s[name] = true
	return name
}

// add enters names that have been settled.
func (s scope) add(names ...string) {
	for _, n := range names {
		s[n] = true
	}
}

// sortedKeys is the keys of a map, in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
