//go:build linux

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPaint: what stands out on a terminal, and that nothing else changes.
func TestPaint(t *testing.T) {
	for line, want := range map[string]string{
		"struct cache_line: 64 bytes, 60 bytes in holes": bold + "struct cache_line" + plain + ": 64 bytes, 60 bytes in holes",
		"  OFFSET  SIZE  MEMBER":                         dim + "  OFFSET  SIZE  MEMBER" + plain,
		"       4    60  (padding)":                      "       4    60  " + yellow + "(padding)" + plain,
		"     0:3  5 bits      (hole)":                   "     0:3  5 bits      " + yellow + "(hole)" + plain,
		"  8 bytes in another order: a b":                "  " + green + "8 bytes in another order:" + plain + " a b",
		"warning: map m: is void":                        yellow + "warning:" + plain + " map m: is void",
		"       0     4  int (*f)(int);":                 "       0     4  int (*f)(int);",
		"records  ARRAY  unsigned int (4)":               "records  ARRAY  unsigned int (4)",
	} {
		if got := paint(line); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// TestColours: a terminal gets them and a pipe does not, nor who does not want them.
func TestColours(t *testing.T) {
	script, err := exec.LookPath("script") // of util-linux: gives a command a terminal
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	bpfgen := filepath.Join(t.TempDir(), "bpfgen")
	if out, err := exec.Command("go", "build", "-o", bpfgen, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	object := "../../golden/alignment/alignment_bpfel.o"
	for name, test := range map[string]struct {
		cmd  *exec.Cmd
		env  []string
		want bool
	}{
		"terminal": {exec.Command(script, "-qec", bpfgen+" inspect "+object, "/dev/null"), []string{"TERM=xterm"}, true},
		"NO_COLOR": {exec.Command(script, "-qec", bpfgen+" inspect "+object, "/dev/null"), []string{"TERM=xterm", "NO_COLOR=1"}, false},
		"dumb":     {exec.Command(script, "-qec", bpfgen+" inspect "+object, "/dev/null"), []string{"TERM=dumb"}, false},
		"pipe":     {exec.Command(bpfgen, "inspect", object), []string{"TERM=xterm"}, false},
	} {
		test.cmd.Env = append(os.Environ(), append([]string{"NO_COLOR="}, test.env...)...)
		out, err := test.cmd.Output()
		if err != nil || !strings.Contains(string(out), "struct record") {
			t.Errorf("%s: %v\n%s", name, err, out)
		}
		if got := bytes.Contains(out, []byte(bold)); got != test.want {
			t.Errorf("%s: colours: %v", name, got)
		}
	}
}
