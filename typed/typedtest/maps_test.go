package typedtest_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/typedtest"
	"github.com/cilium/ebpf"
)

// What a loop gets of a drain was removed with the rest of its page: nobody else
// finds it, as with the kernel.
func TestDrainRemovesPages(t *testing.T) {
	m := typedtest.NewHash[uint32, uint32](8)
	for k := range uint32(4) {
		if err := m.Put(k, k); err != nil {
			t.Fatal(err)
		}
	}
	drained := 0
	seq, errf := m.Drain()
	for range seq {
		drained++
		for k := range uint32(4) {
			if _, err := m.Lookup(k); !errors.Is(err, ebpf.ErrKeyNotExist) {
				t.Errorf("entry %d in the middle of a drain: %v", k, err)
			}
		}
	}
	if err := errf(); err != nil || drained != 4 {
		t.Errorf("%d drained, %v", drained, err)
	}
}

// Close ends loops and later calls, as with the kernel's maps.
func TestClose(t *testing.T) {
	m := typedtest.NewHash[uint32, uint32](8)
	if err := errors.Join(m.Put(1, 1), m.Put(2, 2)); err != nil {
		t.Fatal(err)
	}
	n := 0
	all, errf := m.All()
	for range all {
		n++
		if err := errors.Join(m.Close(), m.Close()); err != nil {
			t.Error(err)
		}
	}
	_, err := m.Lookup(1)
	for _, err := range []error{errf(), err, m.Put(1, 1), m.Err()} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("after Close: %v", err)
		}
	}
	if n != 1 {
		t.Errorf("the loop got %d entries", n)
	}
}

func TestFail(t *testing.T) {
	m := typedtest.NewHash[uint32, uint32](8)
	if err := m.Put(1, 1); err != nil {
		t.Fatal(err)
	}
	var calls []typedtest.Call
	mine := errors.New("mine")
	typedtest.Fail(m, func(c typedtest.Call) error {
		calls = append(calls, c)
		switch c.Operation {
		case typedtest.Update:
			return syscall.E2BIG
		case typedtest.BatchLookupAndDelete:
			return mine
		default: // nothing to say of the others
		}
		return nil
	})
	if _, err := m.Lookup(1); err != nil {
		t.Error(err)
	}
	if err := m.Put(1, 2); !errors.Is(err, typed.ErrMapFull) || !errors.Is(err, syscall.E2BIG) {
		t.Errorf("put: %v", err)
	}
	seq, errf := m.Drain()
	for range seq {
		t.Error("the loop ran")
	}
	if err := errf(); !errors.Is(err, mine) || !strings.Contains(err.Error(), "map typedtest") {
		t.Errorf("drain: %v", err)
	}
	want := []typedtest.Operation{typedtest.Lookup, typedtest.Update, typedtest.BatchLookupAndDelete}
	for i, c := range calls {
		if i >= len(want) || c.Operation != want[i] || c.Elements < 1 {
			t.Errorf("call %d is %+v", i, c)
		}
	}
	typedtest.Fail(m, nil)
	if v, err := m.LookupAndDelete(1); err != nil || v != 1 {
		t.Errorf("%d, %v", v, err)
	}
}

// The values of one CPU, and one value for all of them.
func TestCPUs(t *testing.T) {
	m := typedtest.NewPerCPUHash[uint32, uint32](2, 3)
	if err := typed.PerCPUUpdateWith(m, 1, []uint32{7}, &typed.WriteOptions{CPU: typed.EveryCPU()}); err != nil {
		t.Fatal(err)
	}
	if err := typed.PerCPUUpdateWith(m, 1, []uint32{9}, &typed.WriteOptions{CPU: typed.OneCPU(2)}); err != nil {
		t.Fatal(err)
	}
	one := make([]uint32, 1)
	if err := typed.PerCPULookupWith(m, 1, one, &typed.ReadOptions{CPU: typed.OneCPU(2)}); err != nil || one[0] != 9 {
		t.Errorf("%v, %v", one, err)
	}
	if err := typed.PerCPULookupWith(m, 1, one, &typed.ReadOptions{CPU: typed.OneCPU(3)}); !errors.Is(err, syscall.ERANGE) {
		t.Errorf("CPU 3 of 3: %v", err)
	}
	if err := typed.PerCPULookupWith(m, 1, make([]uint32, 3), &typed.ReadOptions{CPU: typed.OneCPU(2)}); !errors.Is(err, syscall.EINVAL) {
		t.Errorf("three values of one CPU: %v", err)
	}
	all, err := m.Lookup(1)
	if err != nil || len(all) != 3 || all[0] != 7 || all[2] != 9 {
		t.Errorf("%v, %v", all, err)
	}
	seq, errf := typed.PerCPUAllWith(m, &typed.ReadOptions{CPU: typed.OneCPU(2)})
	for _, values := range seq {
		if len(values) != 1 || values[0] != 9 {
			t.Errorf("all of CPU 2: %v", values)
		}
	}
	if err := errf(); err != nil {
		t.Error(err)
	}
	var c typed.Cursor
	n, err := typed.PerCPUBatchLookup(m, &c, make([]uint32, 2), make([]uint32, 2), &typed.ReadOptions{CPU: typed.OneCPU(0)})
	if n != 1 || err != nil {
		t.Errorf("batch: %d, %v", n, err)
	}
}

func TestVariables(t *testing.T) {
	v := typedtest.NewVariable(uint64(3))
	if got, err := v.Get(); got != 3 || err != nil {
		t.Errorf("%d, %v", got, err)
	}
	if err := v.Set(4); err != nil {
		t.Error(err)
	}
	if got, err := typed.AtomicAdd(v, 2); got != 6 || err != nil {
		t.Errorf("%d, %v", got, err)
	}
	pair := typedtest.NewVariable(testKey{ID: 1, Kind: 2})
	if got, err := pair.Get(); got != (testKey{ID: 1, Kind: 2}) || err != nil {
		t.Errorf("%v, %v", got, err)
	}
	c := typedtest.NewConstant(int32(-5))
	if got, err := c.Get(); got != -5 || err != nil {
		t.Errorf("%d, %v", got, err)
	}
	defer func() {
		if recover() == nil {
			t.Error("a variable of a type that C does not have")
		}
	}()
	typedtest.NewVariable("text")
}

// What New takes for a mistake in the test.
func TestMistakes(t *testing.T) {
	for what, mistake := range map[string]func(){
		"no room":                      func() { typedtest.NewHash[uint32, uint32](0) },
		"no CPU":                       func() { typedtest.NewPerCPUHash[uint32, uint32](1, 0) },
		"an array with large keys":     func() { typedtest.NewArray[uint64, uint64](1) },
		"a trie without data":          func() { typedtest.NewLPMTrie[uint32, uint32](1) },
		"a value with a Go pointer":    func() { typedtest.NewHash[uint32, *int32](1) },
		"an array that removes":        func() { typedtest.New[typedtest.Array[uint32, uint32]](&typedtest.Options{MaxEntries: 1, LRU: true}) },
		"a type without map in memory": func() { typedtest.New[typed.Arena](&typedtest.Options{MaxEntries: 1}) },
		"Fail of a map that is none":   func() { typedtest.Fail(new(typed.Arena), nil) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", what)
				}
			}()
			mistake()
		}()
	}
}

func TestStorage(t *testing.T) {
	s := typedtest.NewStorage[uint64]()
	if _, err := s.Lookup(3); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("lookup: %v", err)
	}
	if err := s.Update(3, 1, typed.UpdateExist); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("update: %v", err)
	}
	if err := s.Put(3, 7); err != nil {
		t.Error(err)
	}
	if v, err := s.Lookup(3); err != nil || v != 7 {
		t.Errorf("%d, %v", v, err)
	}
	if err := s.Update(3, 1, typed.UpdateNoExist); !errors.Is(err, os.ErrExist) {
		t.Errorf("update: %v", err)
	}
	if err := s.Put(-1, 7); err == nil {
		t.Error("-1 is no descriptor")
	}
	if err := errors.Join(s.Delete(3)); err != nil {
		t.Error(err)
	}
	if err := s.Delete(3); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("delete: %v", err)
	}
}

// What a map gives out is a copy.
func TestPerCPUValuesAreCopies(t *testing.T) {
	values := []int32{1, 2}
	hash, array := typedtest.NewPerCPUHash[uint32, int32](1, 2), typedtest.NewPerCPUArray[uint32, int32](1, 2)
	for _, m := range []typed.FixedPerCPUMap[uint32, int32]{hash, array} {
		values[0] = 1
		if err := m.Put(0, values); err != nil {
			t.Fatal(err)
		}
		values[0] = 9
		got, err := m.Lookup(0)
		if err != nil || !slices.Equal(got, []int32{1, 2}) {
			t.Errorf("%v, %v", got, err)
		}
		got[1] = 9
		if got, err := m.Lookup(0); err != nil || !slices.Equal(got, []int32{1, 2}) {
			t.Errorf("%v, %v", got, err)
		}
		if err := m.Put(0, []int32{1}); err == nil {
			t.Error("one value for two CPUs")
		}
		if err := m.LookupInto(0, make([]int32, 3)); err == nil {
			t.Error("three values for two CPUs")
		}
	}
}

func TestDrainStopsEarly(t *testing.T) {
	m := typedtest.NewHash[uint32, uint32](8)
	for k := range uint32(5) {
		if err := m.Put(k, k); err != nil {
			t.Fatal(err)
		}
	}
	seq, errf := m.Drain()
	for range seq {
		break
	}
	all, errf2 := m.All()
	left := 0
	for range all {
		left++
	}
	if err := errors.Join(errf(), errf2()); err != nil || left != 4 {
		t.Errorf("%d entries left, %v", left, err)
	}
}

// Maps may be used from several goroutines, which the race detector watches.
func TestMapsAreConcurrent(t *testing.T) {
	hash, array := typedtest.NewLRUHash[uint32, uint64](8), typedtest.NewArray[uint32, uint64](8)
	perCPU, queue := typedtest.NewPerCPUHash[uint32, uint64](8, 2), typedtest.NewQueue[uint64](8)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for i := range uint32(200) {
				k, v := i%8, uint64(i)
				if err := errors.Join(hash.Put(k, v), array.Put(k, v), perCPU.PutEach(k, v), queue.PushOverwrite(v)); err != nil {
					t.Error(err)
				}
				all, _ := hash.All()
				for range all {
				}
				drain, _ := perCPU.Drain()
				for range drain {
				}
				queue.Pop()
				array.Lookup(k)
			}
		})
	}
	wg.Wait()
}
