package main

import "testing"

func TestMistypedCommand(t *testing.T) {
	for word, want := range map[string]string{
		"inspct": "inspect", "inspekt": "inspect", "isnpect": "inspect", "chek": "check", "typse": "types", "verison": "version",
		"hlep": "help", "counter": "", "flows": "", "x": "", "g": "", "bpf": "", "tcp": "", "execsnoop": "", "typse.": "types",
	} {
		if got, _ := mistypedCommand(word); got != want {
			t.Errorf("mistypedCommand(%q) = %q, want %q", word, got, want)
		}
	}
}
