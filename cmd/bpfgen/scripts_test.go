package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

// Every flag of every command is tried as a user types it.
func TestEveryFlagHasAScript(t *testing.T) {
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatal(scripts, err)
	}
	var text []byte
	for _, name := range scripts {
		script, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, script...)
	}
	for _, cmd := range completedCommands(&cli{}) {
		for _, f := range cmd.flags {
			name := cmd.name + " "
			if name == "gen " {
				name = "" // may be left out
			}
			if !regexp.MustCompile("bpfgen.* " + name + `(?:.* )?'?-` + f.Name + `\b`).Match(text) {
				t.Errorf("no script of testdata/script gives bpfgen %s the flag -%s", cmd.name, f.Name)
			}
		}
	}
}
