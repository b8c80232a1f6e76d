package layout

import (
	"slices"
	"testing"

	flexibletail "github.com/bpfgen/bpfgen/golden/flexible-tail"
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
