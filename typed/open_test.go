package typed

import (
	"bytes"
	"encoding/binary"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/bpfgen/bpfgen/internal/hostile/bombs"
)

// TestOpenRefusesBombs: objects that take gigabytes, or a stack without end.
func TestOpenRefusesBombs(t *testing.T) {
	for _, b := range bombs.All() {
		data := b.Object()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := Open("counter", bytes.NewReader(data), "")
		runtime.ReadMemStats(&after)
		if err == nil || !strings.HasPrefix(err.Error(), "open counter: ") || !strings.Contains(err.Error(), b.Want) {
			t.Errorf("%s: %v, want %s", b.Name, err, b.Want)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 64<<20 {
			t.Errorf("%s: %d MiB allocated", b.Name, used>>20)
		}
	}
}

// TestOpenRefusesTheOtherByteOrder: the initial values of such an object would be
// read swapped, and set so.
func TestOpenRefusesTheOtherByteOrder(t *testing.T) {
	own, other := targetOf(binary.LittleEndian), targetOf(binary.BigEndian)
	if nativeOrder() == binary.BigEndian {
		own, other = other, own
	}
	for target, want := range map[string]string{own: "", other: "open the object of the target " + own} {
		object, err := os.Open("../golden/counter/counter_" + target + ".o")
		if err != nil {
			t.Fatal(err)
		}
		defer object.Close()
		if _, err := Open("counter", object, ""); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", target, err, want)
		}
	}
}

func TestOpenWithoutObject(t *testing.T) {
	if _, err := Open("counter", nil, ""); err == nil || err.Error() != "open counter: there is no object: its io.ReaderAt is nil" {
		t.Error(err)
	}
}

// TestOpenTakesDeepTypes: types as deep as the limit allows do not exhaust the
// stack of the decoder, nor of what copies and compares types.
func TestOpenTakesDeepTypes(t *testing.T) {
	spec, err := readSpec(bytes.NewReader(bombs.Deep()))
	if err != nil {
		t.Fatal(err)
	}
	if spec.Copy().Variables["v"] == nil {
		t.Error("no variable v")
	}
}

// FuzzOpen mutates real objects. Whatever comes, Open gives a spec or an error
// in time, and no panic.
func FuzzOpen(f *testing.F) {
	paths, err := filepath.Glob("../golden/*/*_bpfel.o")
	if err != nil {
		f.Fatal(err)
	}
	for _, path := range paths {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 16<<10 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		start := time.Now()
		spec, err := Open("fuzz", bytes.NewReader(data), "")
		if err == nil && spec.Spec == nil {
			t.Error("neither a spec nor an error")
		}
		if took := time.Since(start); took > time.Minute {
			t.Errorf("%d bytes took %v", len(data), took)
		}
	})
}
