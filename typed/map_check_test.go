//go:build linux

package typed

import (
	"errors"
	"iter"
	"os"
	"testing"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// must fails the test on an error.
func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// got returns the value of a call that must succeed.
func got[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		must(t, err)
		return v
	}
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// failsWith demands an error that wraps all of the targets.
func failsWith(t testing.TB, what string, err error, targets ...error) {
	t.Helper()
	for _, target := range targets {
		if !errors.Is(err, target) {
			t.Errorf("%s: got error %v, want one that wraps %q", what, err, target)
		}
	}
}

// each gives what a walk finds to yield.
func each[K, V any](w *walk, yield func(K, V) bool) error {
	return scan(w, false, func(p *page) bool {
		return p.each(w.c, func(key, value unsafe.Pointer) bool { return yield(*(*K)(key), *(*V)(value)) })
	})
}

// Error sets of the library's meanings.
var (
	notExist = []error{ebpf.ErrKeyNotExist, os.ErrNotExist, unix.ENOENT}
	exist    = []error{ebpf.ErrKeyExist, os.ErrExist, unix.EEXIST}
)

// collect reads a sequence to its end.
func collect[K comparable, V any](t testing.TB, seq iter.Seq2[K, V], errf func() error) map[K]V {
	t.Helper()
	all := make(map[K]V)
	for k, v := range seq {
		if _, ok := all[k]; ok {
			t.Errorf("key %v comes twice", k)
		}
		all[k] = v
	}
	must(t, errf())
	return all
}

type failing struct {
	what string
	err  error
}

// eachFails demands that every operation fails with the target.
func eachFails(t testing.TB, target error, ops []failing) {
	t.Helper()
	for _, op := range ops {
		failsWith(t, op.what, op.err, target)
	}
}

// layoutError is the layout error in err, or an empty one.
func layoutError(err error) *LayoutError {
	layout := new(LayoutError)
	errors.As(err, &layout)
	return layout
}

// A map of another Go type for the same keys and values can take the place, one
// for others cannot.
func TestReplaceWith(t *testing.T) {
	type other struct{ HashMap[uint32, uint64] }
	set := testSpec(nil)
	set.Spec.Maps["m"] = &ebpf.MapSpec{Name: "m", Type: ebpf.Hash, KeySize: 4, ValueSize: 8, MaxEntries: 1}
	var spec *MapSpec[*HashMap[uint32, uint64]]
	bindSpecOf(set, &spec, "m")
	if err := ReplaceWith(spec, new(other)); err != nil {
		t.Error(err)
	}
	for what, wrong := range map[string]AnyMap{"size": new(HashMap[uint32, uint32]), "class": new(ArrayMap[uint32, uint64])} {
		var layout *LayoutError
		if err := ReplaceWith(spec, wrong); !errors.As(err, &layout) {
			t.Errorf("another %s: %v, want a LayoutError", what, err)
		}
	}
	failsWith(t, "no map", ReplaceWith(spec, (*HashMap[uint32, uint64])(nil)), ErrNotLoaded)
}
