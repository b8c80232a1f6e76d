package emit

// Claims: the one rule by which clashes of names are settled.
//
// Whoever wants a name in a scope makes a claim with several forms, from the
// pretty one to one that cannot clash. Claims have a rank, which depends on
// nothing but the thing of C that makes them: how it is spelled, what kind of
// thing it is, how it is built. The highest rank chooses first, and each gets
// its first form that is free. So nothing that is added renames what ranks
// higher, and the order in which claims come means nothing: it counts only for
// things of equal rank, which broken BTF alone has.

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// rank says who keeps a name that several want: the lowest.
type rank struct {
	class    nameClass
	kind     int
	spelling string
	// more tells apart what C spells alike: structure, place.
	more string
}

func (r rank) compare(o rank) int {
	return cmp.Or(cmp.Compare(r.class, o.class), cmp.Compare(r.kind, o.kind),
		cmp.Compare(r.spelling, o.spelling), cmp.Compare(r.more, o.more))
}

// nameClass is what counts first.
type nameClass int

const (
	classChosen    nameClass = iota // by -rename or a tag
	classCanonical                  // C spells it as C does: flow_key goes before flowKey
	classNamed                      // C has that name
	classHidden                     // C has that name with underscores in front: rx_bytes goes before __rx_bytes
	classDerived                    // from another name of C
)

// classOfName is the class of a name of C.
func classOfName(c string) nameClass {
	switch {
	case strings.HasPrefix(c, "_"):
		return classHidden
	case strings.IndexFunc(c, unicode.IsUpper) < 0 && !strings.Contains(c, "__") && !strings.HasSuffix(c, "_"):
		return classCanonical
	}
	return classNamed
}

// A claim is the wish for a name in a scope.
type claim struct {
	// label is what C calls the claimant, for messages.
	label string
	rank  rank
	// first is the name that it wants, and more gives those that it takes
	// instead, in this order.
	first string
	more  func() []string

	// name is what it got; rival is who has the first one instead.
	name, rival string
}

// renamed says whether a claim did not get its first name.
func (c *claim) renamed() bool { return c.rival != "" }

// A scope has the names that are taken, and by what.
type scope map[string]string

// newScope is a scope with names that nothing of C may have.
func newScope(what string, names ...string) scope {
	s := make(scope, len(names))
	s.add(what, names...)
	return s
}

// add enters names that are given.
func (s scope) add(what string, names ...string) {
	for _, n := range names {
		s[n] = what
	}
}

// maxClash is how many things may want one name in one scope. C has a handful
// at most; the BTF of kernels some dozens.
const maxClash = 1000

// settle gives every claim a name.
func (s scope) settle(claims []*claim) error {
	claims = slices.Clone(claims)
	slices.SortStableFunc(claims, func(a, b *claim) int { return a.rank.compare(b.rank) })
	wanted := make(map[string]int)
	for _, c := range claims {
		if wanted[c.first]++; wanted[c.first] > maxClash {
			return fmt.Errorf("more than %d things are called like %s, which are more than Go can have names for: the BTF is damaged", maxClash, c.label)
		}
		c.settle(s)
		s[c.name] = c.label
	}
	return nil
}

func (c *claim) settle(s scope) {
	c.name, c.rival = c.first, s[c.first]
	if c.rival == "" {
		return
	}
	for _, c.name = range c.more() {
		if s[c.name] == "" {
			return
		}
	}
	for n, last := 2, c.name; s[c.name] != ""; n++ { // broken BTF
		c.name = fmt.Sprintf("%s_%d", last, n)
	}
}

// clash says of a renamed claim why it has another name.
func (c *claim) clash(what string) string {
	if !strings.HasPrefix(what, "the ") {
		what = "its " + what
	}
	return fmt.Sprintf("%s in Go is %s, because %s is that of %s", what, c.name, c.first, c.rivalName())
}

// rivalName is who has the name instead.
func (c *claim) rivalName() string {
	if c.rival == c.label {
		return "another " + c.rival
	}
	return c.rival
}

// free is the name, with as many trailing underscores as it takes to be new.
func (s scope) free(name, what string) string {
	for s[name] != "" || reservedMethods[name] {
		name += "_"
	}
	s[name] = what
	return name
}
