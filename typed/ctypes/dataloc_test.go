package ctypes

import "testing"

// TestDataLoc cuts arrays out of the struct, out of the bytes behind it, and out
// of both, and never reads behind the record.
func TestDataLoc(t *testing.T) {
	record, rest := [4]byte{'a', 'b', 'c', 'd'}, []byte("efgh")
	for _, test := range []struct {
		offset, length uint32
		from           uintptr
		want           string
	}{
		{4, 4, 0, "efgh"}, {2, 4, 0, "cdef"}, {0, 2, 0, "ab"}, {1, 3, 4, "fgh"}, {5, 2, 0, "fg"},
		{6, 9, 0, "gh"}, {8, 1, 0, ""}, {0xffff, 0xffff, 4, ""}, {0, 0xffff, 0, "abcdefgh"}, {3, 0, 0, ""},
	} {
		if got := string(DataLoc(&record, rest, test.length<<16|test.offset, test.from)); got != test.want {
			t.Errorf("%d bytes at %d+%d: %q, want %q", test.length, test.offset, test.from, got, test.want)
		}
	}
}
