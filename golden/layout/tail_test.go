package layout

import (
	"slices"
	"strings"
	"testing"

	flexibletail "github.com/bpfgen/bpfgen/golden/flexible-tail"
	"github.com/bpfgen/bpfgen/typed"
)

// TestTail reads flexible arrays out of variables that C initialised with a
// tail: head and rest, as a record of a ring buffer is cut.
func TestTail(t *testing.T) {
	var event [1]flexibletail.FlexibleTailEvent
	rest := cut(t, event[:], "sent")
	equal(t, "pid", event[0].Pid, 0x01020304)
	equal(t, "count", event[0].Count, 3)
	numbers := event[0].NumbersTail(rest)[:event[0].Count]
	if want := []uint16{0x1111, 0x2222, 0x3333}; !slices.Equal(numbers, want) {
		t.Errorf("numbers are %#x, want %#x", numbers, want)
	}

	var pairs [1]flexibletail.FlexibleTailPairs
	rest = cut(t, pairs[:], "paired")
	equal(t, "when", pairs[0].When, 5)
	equal(t, "count", pairs[0].Count, 2)
	got := pairs[0].PairsTail(rest)[:pairs[0].Count]
	if want := []flexibletail.FlexibleTailPair{{A: 1, B: 2}, {A: 3, B: 4}}; !slices.Equal(got, want) {
		t.Errorf("pairs are %v, want %v", got, want)
	}
}

// cut fills head with the first bytes of a variable and returns the others.
func cut[R any](t *testing.T, head []R, symbol string) []byte {
	t.Helper()
	raw, err := variable("flexible-tail", symbol)
	if err != nil {
		t.Fatal(err)
	}
	return raw[copy(memory(head), raw):]
}

// TestNestedTail reads the flexible arrays of structs at the end of others out of
// whole records, and out of the shortest ones.
func TestNestedTail(t *testing.T) {
	testTail(t, "padded_record", 12, func(r *flexibletail.FlexibleTailPadded, rest []byte) []uint8 { return r.Header.DataTail(rest) })
	testTail(t, "twice_padded_record", 20, func(r *flexibletail.FlexibleTailTwicePadded, rest []byte) []uint8 {
		return r.Inner.Header.DataTail(rest)
	})
	testTail(t, "in_union_record", 12, func(r *flexibletail.FlexibleTailInUnion, rest []byte) []uint8 {
		h := r.Either.Header()
		return h.DataTail(rest)
	})
	testTail(t, "in_anonymous_union_record", 12, func(r *flexibletail.FlexibleTailInAnonymousUnion, rest []byte) []uint8 {
		h := r.Header()
		return h.DataTail(rest)
	})
	testTail(t, "tail_behind_record", 4, func(r *flexibletail.FlexibleTailTailBehind, rest []byte) []uint16 { return r.OnlyDataTail(rest) })
	testTail(t, "tail_in_padding_record", 12, func(r *flexibletail.FlexibleTailTailInPadding, rest []byte) []uint16 {
		return r.Only.DataTail(rest)
	})
	testTail(t, "tails_behind_record", 4, func(r *flexibletail.FlexibleTailTailsBehind, rest []byte) []uint16 {
		return r.EitherNumbersDataTail(rest)
	})
	testTail(t, "tails_behind_record", 4, func(r *flexibletail.FlexibleTailTailsBehind, rest []byte) []uint8 { return r.EitherBytesTail(rest) })
}

// testTail decodes the variable with a record, whose tail is abcdefgh from the
// offset least on, and the part of it before the tail.
func testTail[R any, E uint8 | uint16](t *testing.T, symbol string, least int, tail func(r *R, rest []byte) []E) {
	t.Helper()
	raw, err := variable("flexible-tail", symbol)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"abcdefgh", ""} {
		var rec typed.Record[R]
		if err := typed.DecodeRecord(raw[:least+len(want)], 0, &rec); err != nil {
			t.Errorf("%s with %q: %v", symbol, want, err)
			continue
		}
		got := memory(tail(&rec.Event, rec.Tail))
		if !strings.HasPrefix(string(got), want) || strings.Trim(string(got[len(want):]), "\x00") != "" {
			t.Errorf("%s with %q: the tail is %q", symbol, want, got)
		}
	}
}
