package temp

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

const holderEnv = "BPFGEN_TEST_HOLDER"

// TestMain makes the test binary a process that has a temporary directory and
// waits to be killed.
func TestMain(m *testing.M) {
	if parent := os.Getenv(holderEnv); parent != "" {
		dir, _, err := Dir(parent)
		if err != nil {
			os.Exit(1)
		}
		os.WriteFile(filepath.Join(dir, "content"), nil, 0o666)
		os.Stdout.WriteString(dir)
		os.Stdout.Close()
		select {}
	}
	os.Exit(m.Run())
}

// What a killed process leaves goes with the next one; what a living one has, and
// what is somebody else's by its name, stays.
func TestSweep(t *testing.T) {
	parent := t.TempDir()
	own, remove, err := Dir(parent)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"bpfgen-src", "bpfgen-1.tmp.go", "x-1.tmp"} {
		if err := os.Mkdir(filepath.Join(parent, name), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), holderEnv+"="+parent)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n, _ := out.Read(buf)
	other := string(buf[:n])
	Sweep(parent)
	if !there(own) || !there(other) {
		t.Fatal("what living processes have was swept")
	}
	cmd.Process.Kill()
	cmd.Wait()
	Sweep(parent)
	if there(other) || !there(own) {
		t.Errorf("of a killed process: %t, want none; of a living one: %t", there(other), there(own))
	}
	remove()
	entries, err := os.ReadDir(parent)
	if err != nil || len(entries) != 3 {
		t.Errorf("%v, %v: want the three directories of others alone", entries, err)
	}
}

// Those who make and those who sweep may run at one time.
func TestMakeAndSweep(t *testing.T) {
	parent := t.TempDir()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				dir, remove, err := Dir(parent)
				if err != nil {
					t.Error(err)
					return
				}
				if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o666); err != nil {
					t.Error(err)
				}
				remove()
				path, remove, err := File(parent, []byte("x"))
				if err != nil {
					t.Error(err)
					return
				}
				if err := os.Rename(path, filepath.Join(parent, "kept")); err != nil {
					t.Error(err)
				}
				remove()
			}
		})
	}
	wg.Wait()
	if entries, _ := os.ReadDir(parent); len(entries) != 1 {
		t.Errorf("%d entries are left, want the renamed file", len(entries))
	}
}

func there(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
