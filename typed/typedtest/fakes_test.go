package typedtest_test

import (
	"fmt"
	"strings"
	"testing"

	mapsall "github.com/bpfgen/bpfgen/golden/maps-all"
	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/typedtest"
)

// What the users of the fakes see of them: names, sizes, and panics with what there
// is instead.

func TestNamesOfMaps(t *testing.T) {
	m := typedtest.New[typedtest.Hash[uint32, uint64]](&typedtest.Options{MaxEntries: 1, Name: "flows"})
	if _, err := m.Lookup(1); m.Name() != "flows" || !strings.HasPrefix(fmt.Sprint(err), "map flows: ") {
		t.Errorf("%s: %v", m.Name(), err)
	}
	if m := typedtest.NewHash[uint32, uint64](1); m.Name() != "typedtest" {
		t.Errorf("without a name: %s", m.Name())
	}
}

func TestPanicsSayWhatThereIs(t *testing.T) {
	for want, f := range map[string]func(){
		"NewEvents makes a reader":     func() { typedtest.New[mapsall.MapsAllRingbufTypedMap](nil) },
		"NewProducer makes a producer": func() { typedtest.New[mapsall.MapsAllUserRingbufMap](nil) },
		"has no Run":                   func() { typedtest.NewProgram[typed.Generic](func(*typedtest.Run) error { return nil }) },
		"that plays the program":       func() { typedtest.NewProgram[typed.XDP](nil) },
	} {
		func() {
			defer func() {
				if got := fmt.Sprint(recover()); !strings.Contains(got, want) {
					t.Errorf("%s, want %s", got, want)
				}
			}()
			f()
		}()
	}
}

// openEnded is what generated types are that end in a flexible array.
type openEnded [8]byte

func (*openEnded) MinSize() int { return 6 }

func TestMinSizeOfEvents(t *testing.T) {
	for _, test := range []struct {
		what      string
		got, want int
	}{
		{"a type", typedtest.NewEvents[uint32](nil).MinSize(), 4},
		{"an option", typedtest.NewEvents[uint32](&typed.RingBufOptions{MinSize: 2}).MinSize(), 2},
		{"bytes", typedtest.NewEvents[[]byte](nil).MinSize(), 0},
		{"a flexible array", typedtest.NewEvents[openEnded](nil).MinSize(), 6},
	} {
		if test.got != test.want {
			t.Errorf("%s: %d, want %d", test.what, test.got, test.want)
		}
	}
}
