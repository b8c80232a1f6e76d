package words

import "testing"

func TestBytesAndUpperFirst(t *testing.T) {
	for n, want := range map[uint32]string{0: "0 bytes", 1: "1 byte", 2: "2 bytes"} {
		if got := Bytes(n); got != want {
			t.Errorf("%d: %q, want %q", n, got, want)
		}
	}
	for s, want := range map[string]string{"abc": "Abc", "éa": "Éa", "_x": "_x", "1": "1"} {
		if got := UpperFirst(s); got != want {
			t.Errorf("%s: %q, want %q", s, got, want)
		}
	}
}

func TestSome(t *testing.T) {
	list := []string{"a", "b", "c"}
	for most, want := range []string{" and 3 more", "a and 2 more", "a, b and 1 more", "a, b, c", "a, b, c"} {
		if got := Some(list, most); got != want {
			t.Errorf("%d: %q, want %q", most, got, want)
		}
	}
}
