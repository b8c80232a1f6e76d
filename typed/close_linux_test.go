package typed

import (
	"errors"
	"os"
	"slices"
	"sync"
	"testing"

	"github.com/cilium/ebpf"
)

// Close of a collection while others attach and load with its maps: all of them end with
// nil or os.ErrClosed, and nothing is left open or attached.
func TestCloseWhileAttachingAndLoading(t *testing.T) {
	needKernel(t)
	before := descriptors(t)
	rounds := 60
	if testing.Short() {
		rounds = 10
	}
	for range rounds {
		coll := loadAll(t, map[string]string{"a": "raw_tp/sched_switch", "b": "raw_tp/sys_enter", "c": "raw_tp/sys_exit"}, nil)
		var all sync.WaitGroup
		check := func(what string, err error) {
			if err != nil && !errors.Is(err, os.ErrClosed) {
				t.Errorf("%s: %v", what, err)
			}
		}
		all.Go(func() {
			_, err := coll.AttachAll()
			check("AttachAll", err)
		})
		all.Go(func() {
			cs := testSpec(map[string]*ebpf.ProgramSpec{"a": sectionSpec(t, "raw_tp/sched_switch", countHit(2))})
			m := new(OpaqueMap)
			BindMap(coll, m, hitsName)
			var s *MapSpec[*OpaqueMap]
			bindSpecOf(cs, &s, hitsName)
			s.Replace(m)
			other, err := cs.Load(nil)
			check("Load", err)
			check("Close of the other", other.Close())
		})
		for range 2 {
			all.Go(func() { check("Close", coll.Close()) })
		}
		all.Wait()
		if left := coll.Links.list(); len(left) > 0 {
			t.Fatalf("%d links are left", len(left))
		}
	}
	if after := descriptors(t); !slices.Equal(before, after) {
		t.Errorf("descriptors %v, before %v", after, before)
	}
}

// Close in a loop over records and in the handler of a Switch ends them, and what is
// read later says why.
func TestCloseInRecordsAndHandlers(t *testing.T) {
	ways := map[string]func(t *testing.T, r EventReader[testEvent]) (events int, err error){
		"Records": func(t *testing.T, r EventReader[testEvent]) (n int, err error) {
			for _, err = range r.Records(t.Context()) {
				n++
				must(t, r.Close())
			}
			return n, err
		},
		"Switch": func(t *testing.T, r EventReader[testEvent]) (n int, err error) {
			s := NewSwitch(r, func(testEvent) int { return 1 })
			Case(s, 1, func(*testEvent, []byte) error {
				n++
				return r.Close()
			})
			return n, errors.Join(s.Run(t.Context()), s.Run(t.Context()))
		},
	}
	for name, read := range ways {
		t.Run(name, func(t *testing.T) {
			both(t, 0, func(t *testing.T, e *eventTest[testEvent]) {
				e.emit(event(1).bytes())
				e.emit(event(2).bytes())
				if n, err := read(t, e.r); n != 1 || err != nil {
					t.Errorf("%d events, %v", n, err)
				}
				failsWith(t, "Next after Close", e.r.Next(t.Context(), new(Record[testEvent])), os.ErrClosed)
			})
		})
	}
}
