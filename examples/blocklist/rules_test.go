package main

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/bpfgen/bpfgen/typed/typedtest"
)

// What the program does with its rules needs no kernel: the trie is one in
// memory.
func TestReport(t *testing.T) {
	rules := typedtest.NewLPMTrie[blocklistSource, blocklistRule](16)
	now := time.Now()
	short := []netip.Prefix{netip.MustParsePrefix("192.0.2.7/24")}
	long := []netip.Prefix{netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("198.51.100.0/24")}
	for _, err := range []error{block(rules, short, now.Add(time.Minute)), block(rules, long, now.Add(time.Hour))} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct {
		after time.Duration
		want  []string // lines, in any order
	}{
		{30 * time.Second, []string{"192.0.2.0/24", "198.51.100.0/24", "2001:db8::/32", "0 expired"}},
		{2 * time.Minute, []string{"192.0.2.0/24", "198.51.100.0/24", "2001:db8::/32", "1 expired"}},
		{3 * time.Minute, []string{"198.51.100.0/24", "2001:db8::/32", "0 expired"}},
		{2 * time.Hour, []string{"198.51.100.0/24", "2001:db8::/32", "2 expired"}},
		{3 * time.Hour, []string{"0 expired"}},
	} {
		var out strings.Builder
		if err := report(&out, rules, now.Add(test.after)); err != nil {
			t.Fatal(err)
		}
		for _, want := range test.want {
			if !strings.Contains(out.String(), want) {
				t.Errorf("after %v: no %q in\n%s", test.after, want, &out)
			}
		}
		if lines := strings.Count(out.String(), "\n") - 1; lines != len(test.want) {
			t.Errorf("after %v: %d lines, want %d:\n%s", test.after, lines, len(test.want), &out)
		}
	}
}
