package main

import (
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/typed/typedtest"
)

// The report needs no kernel: the variable is one in memory.
func TestReport(t *testing.T) {
	var out strings.Builder
	if err := report(&out, typedtest.NewVariable[uint64](7)); err != nil {
		t.Fatal(err)
	}
	if want := "7 connections\n\n"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}
