package templates

import "testing"

// Only what is used is parsed, so that text that does not parse, or that names what
// is not there, would panic in a user's hands.
func TestAllParse(t *testing.T) {
	if len(texts()) < 40 {
		t.Errorf("%d templates: they are not told apart", len(texts()))
	}
	for name := range texts() {
		parse(name)
	}
}
