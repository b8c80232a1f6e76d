package layout

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/golden/char-arrays"
	"github.com/bpfgen/bpfgen/golden/decl-tags"
	"github.com/bpfgen/bpfgen/golden/types-without-layout"
	"github.com/bpfgen/bpfgen/typed/ctypes"
)

// Text goes into arrays of char by methods, whether these are fields, rows of
// fields or stand where Go has no field. What does not fit changes nothing.
func TestTextSetters(t *testing.T) {
	var r chararrays.CharArraysRecord
	var c typeswithoutlayout.TypesWithoutLayoutCounters
	for _, test := range []struct {
		what string
		set  func(string) error
		get  func() string
		room int // of the text, without the NUL
	}{
		{"field", r.SetCommString, r.CommString, 15},
		{"row", func(text string) error { return r.SetRowsString(1, text) }, func() string { return r.RowsString(1) }, 3},
		{"storage", c.SetTextString, c.TextString, 7},
	} {
		text := strings.Repeat("x", test.room)
		if err := test.set(text + "y"); err == nil {
			t.Errorf("%s: text that leaves no room for a NUL is stored", test.what)
		}
		if got := test.get(); got != "" {
			t.Errorf("%s: %q after an error", test.what, got)
		}
		for _, text := range []string{text, "a", ""} {
			if err := test.set(text); err != nil || test.get() != text {
				t.Errorf("%s: %q became %q, %v", test.what, text, test.get(), err)
			}
		}
	}
	if r.RowsString(0) != "" || r.NameString() != "" {
		t.Errorf("other members were written: %+v", r)
	}
}

// What C tags as an address is printed as one.
func TestAddressesAreText(t *testing.T) {
	e := decltags.DeclTagsEvent{Source: ctypes.IPv4{192, 0, 2, 1}}
	e.Resolvers[1] = ctypes.IPv4{192, 0, 2, 53}
	e.Target[15], e.Nested[0] = 1, 0xff
	if err := e.Gateways[1].SetAddr(netip.MustParseAddr("2001:db8::1")); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(e.Source, e.Resolvers, e.Target, e.Gateways, e.Nested),
		"192.0.2.1 [0.0.0.0 192.0.2.53] ::1 [:: 2001:db8::1] ff00::"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	text, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"Source":"192.0.2.1"`, `"Resolvers":["0.0.0.0","192.0.2.53"]`, `"Target":"::1"`, `"Gateways":["::","2001:db8::1"]`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	var again decltags.DeclTagsEvent
	if err := json.Unmarshal(text, &again); err != nil || again != e {
		t.Errorf("%+v, %v", again, err)
	}
}
