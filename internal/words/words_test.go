package words

import "testing"

func TestSome(t *testing.T) {
	list := []string{"a", "b", "c"}
	for most, want := range []string{" and 3 more", "a and 2 more", "a, b and 1 more", "a, b, c", "a, b, c"} {
		if got := Some(list, most); got != want {
			t.Errorf("%d: %q, want %q", most, got, want)
		}
	}
}
