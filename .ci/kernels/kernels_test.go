package main

// These tests boot kernels: about half a minute. What needs none is in
// parts_test.go.

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// requireTools fails in CI and skips elsewhere if there is nothing to boot with.
func requireTools(t *testing.T) {
	t.Helper()
	_, _, err := lookTools()
	switch {
	case err != nil && os.Getenv("CI") == "true":
		t.Fatal(err)
	case err != nil:
		t.Skip(err)
	}
}

func runHarness(t *testing.T, args ...string) (exit int, output string) {
	t.Helper()
	requireTools(t)
	var out bytes.Buffer
	exit = run(t.Context(), args, &out, &out)
	t.Logf("kernels %s\n%s", strings.Join(args, " "), out.Bytes())
	return exit, out.String()
}

func wantLines(t *testing.T, output string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(output, w) {
			t.Errorf("no %q in the output", w)
		}
	}
}

func TestPassesOnRequiredKernels(t *testing.T) {
	table := filepath.Join(t.TempDir(), "kernels.md")
	exit, out := runHarness(t, "-kernels", "6.1,6.12", "-table", table, "./testdata/kprobe")
	if exit != 0 {
		t.Errorf("exit status %d", exit)
	}
	wantLines(t, out, "kernel 6.1     ok\n", "kernel 6.12    ok\n")
	md, err := os.ReadFile(table)
	if err != nil {
		t.Fatal(err)
	}
	wantLines(t, string(md), "| hook | 6.1 | 6.12 |\n", "| kprobe | fired | fired |\n")
}

// TestReportsFailures: a test that fails, one that hangs and one that takes
// the kernel down, and what comes after them.
func TestReportsFailures(t *testing.T) {
	exit, out := runHarness(t, "-kernels", "6.1", "-timeout", "5s",
		"./testdata/kprobe", "./testdata/fails", "./testdata/hangs", "./testdata/panics", "./testdata/late")
	if exit != 1 {
		t.Errorf("exit status %d", exit)
	}
	const pkg = "github.com/bpfgen/bpfgen/.ci/kernels/testdata/"
	wantLines(t, out,
		"ok\t6.1\t"+pkg+"kprobe\t",
		"on purpose", "FAIL\t6.1\t"+pkg+"fails\texit status 1\n",
		"test timed out", "FAIL\t6.1\t"+pkg+"hangs\texit status 2\n",
		"about to crash", "FAIL\t6.1\t"+pkg+"panics\tthe machine died while it ran\n",
		"FAIL\t6.1\t"+pkg+"late\tnot run: the machine had died\n",
		"Kernel panic - not syncing: sysrq triggered crash", // from the console
		"kernel 6.1     FAIL\n")
}

func TestBootTimeout(t *testing.T) {
	exit, out := runHarness(t, "-kernels", "6.1", "-boot-timeout", "1s", "./testdata/kprobe")
	if exit != 1 {
		t.Errorf("exit status %d", exit)
	}
	wantLines(t, out, "FAIL\t6.1\tnot done after 1s; end of the console:")
}

func TestTriedKernelsDecideNothing(t *testing.T) {
	exit, out := runHarness(t, "-kernels", "", "-try", "0.1,6.1", "./testdata/fails")
	if exit != 0 {
		t.Errorf("exit status %d", exit)
	}
	wantLines(t, out, "kernel 0.1     not run: no kernel 0.1 ", "kernel 6.1     failed, but was only tried\n")
}

// TestTriedKernelThatIsKnown: a test that fails in a release that the table was
// measured with fails the run, once it has failed twice.
func TestTriedKernelThatIsKnown(t *testing.T) {
	k, err := obtain(t.Context(), "6.1", defaultCache())
	if err != nil {
		requireTools(t)
		t.Fatal(err)
	}
	table := filepath.Join(t.TempDir(), "kernels.md")
	for release, want := range map[string]struct {
		exit, boots int
		verdict     string
	}{
		k.Release: {1, 2, "FAIL: only tried, but this release has passed before"},
		"6.1.0":   {0, 1, "failed, but was only tried"},
	} {
		writeText(t, table, "| kernel | release | in CI |\n|---|---|---|\n| 6.1 | "+release+" | tried |\n")
		exit, out := runHarness(t, "-kernels", "", "-try", "6.1", "-check", table, "./testdata/fails")
		if boots := strings.Count(out, "FAIL\t6.1\t"); exit != want.exit || boots != want.boots {
			t.Errorf("%s: exit status %d, want %d; %d boots, want %d", release, exit, want.exit, boots, want.boots)
		}
		wantLines(t, out, "kernel 6.1     "+want.verdict+"\n")
	}
}

func TestRequiredKernelThatIsNotThere(t *testing.T) {
	exit, out := runHarness(t, "-kernels", "0.1", "./testdata/kprobe")
	if exit != 1 {
		t.Errorf("exit status %d", exit)
	}
	wantLines(t, out, "kernel 0.1     FAIL: required and not run: no kernel 0.1 ")
}

func TestHostFailure(t *testing.T) {
	exit, out := runHarness(t, "-kernels", "", "-host", "./testdata/fails")
	if exit != 1 {
		t.Errorf("exit status %d", exit)
	}
	wantLines(t, out, "FAIL\thost\t", "kernel host    FAIL\n")
}

func TestWrongUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"-nonsense", "./testdata/kprobe"}, {"-test.v"}} {
		if exit, _ := runHarness(t, args...); exit != 2 {
			t.Errorf("%q: exit status %d, want 2", args, exit)
		}
	}
}
