// Package lazyregexp compiles regular expressions when they are first used. A
// run of bpfgen takes a few milliseconds and uses few or none of those that its
// packages have.
package lazyregexp

import (
	"regexp"
	"sync"
)

// New is a regular expression of the program's own: one that does not compile
// panics, where it is first used.
func New(expr string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expr) })
}
