package hostile

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/internal/hostile/bombs"
)

// TestBombs: each is refused, and that costs little.
func TestBombs(t *testing.T) {
	for _, b := range bombs.All() {
		t.Run(b.Name, func(t *testing.T) {
			data := b.Object()
			if len(data) > 16<<20 {
				t.Errorf("an object of %d bytes needs no bomb", len(data))
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			o, err := ReadELF(bytes.NewReader(data))
			if b.Loader {
				if err != nil {
					t.Fatal(err)
				}
				err = o.CheckLoader()
			}
			runtime.ReadMemStats(&after)
			if err == nil || !strings.Contains(err.Error(), b.Want) {
				t.Errorf("%v, want %s", err, b.Want)
			}
			if used := after.TotalAlloc - before.TotalAlloc; used > 8*uint64(len(data))+1<<20 {
				t.Errorf("%d bytes allocated for an object of %d", used, len(data))
			}
		})
	}
}

// TestRealObjects: compiled objects pass, each of them.
func TestRealObjects(t *testing.T) {
	paths, err := filepath.Glob("../../golden/*/*.o")
	if err != nil || len(paths) == 0 {
		t.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		o, err := ReadELF(bytes.NewReader(data))
		if err == nil {
			err = o.CheckLoader()
		}
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func BenchmarkCheck(b *testing.B) {
	data, err := os.ReadFile("../../golden/counter/counter_bpfel.o")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		o, err := ReadELF(bytes.NewReader(data))
		if err == nil {
			err = o.CheckLoader()
		}
		if err != nil {
			b.Fatal(err)
		}
	}
}
