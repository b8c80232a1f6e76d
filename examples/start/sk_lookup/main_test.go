package main

import (
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/typed/typedtest"
)

// The report needs no kernel: the map is one in memory.
func TestReport(t *testing.T) {
	counts := typedtest.NewHash[uint16, uint64](16)
	if err := counts.Put(443, 7); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := report(&out, counts); err != nil {
		t.Fatal(err)
	}
	if want := "port 443         7\ntotal            7\n\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
