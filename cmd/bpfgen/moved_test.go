package main

// The guide's program on its way from bpf2go: each step is generated, built and
// run, and does the same.

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/rlimit"
)

// stepsTitle is the heading of the guide under which the programs stand.
const stepsTitle = "### In three steps\n"

func TestMovedInThreeSteps(t *testing.T) {
	needClang(t)
	repo := repository(t)
	_, text, ok := strings.Cut(readDocument(t, repo, guide), stepsTitle)
	if !ok {
		t.Fatalf("%s has no %q", guide, stepsTitle)
	}
	text, _, _ = strings.Cut(text, "\n### ")
	programs := blocks(text, "go")
	if len(programs) != 4 {
		t.Fatalf("%d programs, not what they share and three steps", len(programs))
	}
	u := newUser(t, repo)
	dir := filepath.Join(u.dir, "steps")
	for name, from := range map[string]string{"counter.c": "counter.c", "net.h": "net.h", "helpers.h": "helpers.h", "bpf.h": "bpf.h"} {
		u.write(t, filepath.Join("steps", name), readDocument(t, u.dir, from))
	}
	u.write(t, "steps/packet.go", programs[0].code)
	u.command(t, u.dir, "go", "get", "-tool", "github.com/bpfgen/bpfgen/cmd/bpfgen")
	for i, lines := range []string{"-bpf2go counter counter.c", "-bpf2go -typed counter counter.c", "bpfgen counter counter.c"} {
		step := programs[i+1]
		if !strings.Contains(step.code, lines+"\n") {
			t.Fatalf("%s:%d: the program does not generate by %q", guide, step.line, lines)
		}
		u.write(t, "steps/main.go", step.code)
		u.command(t, u.dir, "go", "tool", "bpfgen", "gen", "./steps")
		u.command(t, u.dir, "go", "vet", "./steps")
		program := filepath.Join(t.TempDir(), "program")
		u.command(t, u.dir, "go", "build", "-o", program, "./steps")
		checkStep(t, dir, i)
		if !canLoad(t) {
			continue
		}
		out, err := exec.CommandContext(t.Context(), program).CombinedOutput()
		if want := "1 to 192.0.2.7:53\n"; err != nil || string(out) != want {
			t.Errorf("%s:%d: %v, printed %q, want %q", guide, step.line, err, out, want)
		}
	}
}

// checkStep looks which files a step leaves: those of the step before that are not
// its own are gone.
func checkStep(t *testing.T, dir string, step int) {
	t.Helper()
	for name, steps := range map[string][3]bool{
		"counter_bpfel.go":       {true, true, true},
		"counter_bpfel_typed.go": {false, true, false},
		"counter_bpfeb_typed.go": {false, true, false},
		"counter_bpfgen.go":      {false, false, true},
		"counter_types.go":       {false, false, true},
	} {
		_, err := os.Stat(filepath.Join(dir, name))
		if (err == nil) != steps[step] {
			t.Errorf("step %d: %s: %v", step+1, name, err)
		}
	}
}

// canLoad says whether programs can be loaded, which CI requires.
func canLoad(t *testing.T) bool {
	t.Helper()
	_ = rlimit.RemoveMemlock()
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	switch {
	case err == nil:
		m.Close()
		return true
	case os.Getenv("CI") == "true" || !errors.Is(err, os.ErrPermission):
		t.Fatalf("no access to BPF: %v", err)
	}
	t.Logf("built, and not run: %v", err)
	return false
}
