package btfparse

// The kernel is the oracle for what it takes: every type of map is tried with
// sizes, flags and numbers of entries around those of its rule.

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
)

// newerThanHost are the flags that kernels before 6.19 do not know.
const newerThanHost = flagRBOverwrite

// mapTypesWithoutRule are those of which no definition is refused, and why.
var mapTypesWithoutRule = map[MapType]string{
	MapStructOps: "the library makes of it what the kernel wants",
	MapInsnArray: "unknown to cilium/ebpf v0.22",
	MapRHash:     "unknown to cilium/ebpf v0.22",
}

// otherIndexes are the types whose keys are indexes, though their rule does not say
// that a key has four bytes.
var otherIndexes = []MapType{MapPerfEventArray, MapStructOps, MapInsnArray}

// Every map type has a rule or a reason for none. A key of four bytes that has no
// need of a type is an index.
func TestEveryMapTypeHasARule(t *testing.T) {
	for _, typ := range MapTypes() {
		rule, ok := mapRules[typ]
		reason := mapTypesWithoutRule[typ]
		if ok == (reason != "") {
			t.Errorf("%s: has a rule in kernelmaps.go: %v, reason for none: %q", typ, ok, reason)
		}
		if !ok && typ != MapStructOps && !strings.Contains(ebpf.MapType(typ).String(), "(") {
			t.Errorf("%s: cilium/ebpf knows it now: give it a rule in kernelmaps.go", typ)
		}
		want := ok && reflect.DeepEqual(rule.key, fourBytes) && !rule.typed || slices.Contains(otherIndexes, typ)
		if indexKeys[typ] != want {
			t.Errorf("%s: its keys are indexes: %v in enums.go, %v by its rule", typ, indexKeys[typ], want)
		}
	}
}

func TestMapRules(t *testing.T) {
	requireBPF(t)
	newest := kernelRelease(t) >= 618
	tried, refused := 0, 0
	for typ, rule := range mapRules {
		base := validMap(typ, rule)
		if err := create(base); err != nil {
			if !newest {
				continue // no such type
			}
			t.Errorf("%s: %+v is not created: %v", typ, *base, err)
			continue
		}
		for _, m := range variants(base) {
			var problems []string
			for _, p := range mapProblems(m) {
				problems = append(problems, p.What)
			}
			err := create(m)
			if errors.Is(err, unix.ENOMEM) {
				continue
			}
			if typ == MapStackTrace && m.ValueSize > 127*8 {
				continue // up to kernel.perf_event_max_stack
			}
			tried++
			if err != nil {
				refused++
			}
			// Older kernels refuse more. None takes what the rules refuse.
			if err == nil && len(problems) > 0 || err != nil && len(problems) == 0 && newest {
				t.Errorf("%s: key %d, value %d, entries %d, flags %q, extra %d: the kernel says %v, we say %q",
					typ, m.KeySize, m.ValueSize, m.MaxEntries, flagNames(m.Flags), m.MapExtra, err, problems)
			}
		}
	}
	if tried < 1000 || refused < 400 {
		t.Errorf("%d maps tried, %d refused", tried, refused)
	}
}

// kernelRelease is 618 for Linux 6.18.
func kernelRelease(t *testing.T) int {
	t.Helper()
	var uts unix.Utsname
	if err := unix.Uname(&uts); err != nil {
		t.Fatal(err)
	}
	var major, minor int
	if _, err := fmt.Sscanf(unix.ByteSliceToString(uts.Release[:]), "%d.%d", &major, &minor); err != nil {
		t.Fatal(err)
	}
	return 100*major + minor
}

func requireBPF(t *testing.T) {
	t.Helper()
	err := rlimit.RemoveMemlock()
	if err == nil {
		err = create(&Map{Type: MapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	}
	switch {
	case err == nil:
	case os.Getenv("CI") == "true":
		t.Fatal(err)
	default:
		t.Skip(err)
	}
}

// validMap is a map that the rule allows.
func validMap(typ MapType, rule mapRule) *Map {
	size := func(s sizes) uint32 {
		for _, n := range []uint32{4, 8, 5} {
			if s.allow(n) {
				return n
			}
		}
		return 0
	}
	m := &Map{Name: "m", Type: typ, KeySize: size(rule.key), ValueSize: size(rule.value), Flags: rule.must}
	if typ == MapRingBuf || typ == MapUserRingBuf {
		m.KeySize, m.ValueSize = 0, 0
	}
	if rule.entries == entriesSome {
		m.MaxEntries = 4096
	}
	if typ == MapArrayOfMaps || typ == MapHashOfMaps {
		m.Inner = &Map{Type: MapArray, KeySize: 4, ValueSize: 4, MaxEntries: 1}
	}
	m.setTypes(rule)
	return m
}

// setTypes gives maps that need it a key and a value type.
func (m *Map) setTypes(rule mapRule) {
	m.Key, m.Value = nil, nil
	if rule.typed {
		m.Key = &Int{Name: "int", Bytes: 4, Encoding: Signed}
		m.Value = &Array{Elem: &Int{Name: "char", Bytes: 1, Char: true}, Len: m.ValueSize}
	}
}

// variants differ from a map in one thing each.
func variants(base *Map) []*Map {
	rule := mapRules[base.Type]
	isRing := base.Type == MapRingBuf || base.Type == MapUserRingBuf
	var all []*Map
	vary := func(change func(*Map)) {
		m := *base
		m.MaxEntries = min(m.MaxEntries, 4096)
		change(&m)
		m.setTypes(rule)
		all = append(all, &m)
	}
	for _, n := range []uint32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 15, 16, 17, 24, 64, 260, 261, 512, 513, 4096, 32 << 10, 32<<10 + 1, 64 << 10, 64<<10 + 1, 4 << 20, 1 << 31} {
		if !isRing { // package typed clears them
			vary(func(m *Map) {
				if m.KeySize = n; m.MaxEntries > 0 {
					m.MaxEntries = 1
				}
			})
			vary(func(m *Map) {
				if m.ValueSize = n; m.MaxEntries > 0 {
					m.MaxEntries = 1
				}
			})
		}
	}
	for _, n := range []uint32{0, 1, 4096} {
		if n != 1 || !isRing {
			vary(func(m *Map) { m.MaxEntries = n })
		}
	}
	for i := range mapFlagNames {
		flag := uint32(1) << i
		if flag&(newerThanHost|flagZeroSeed) == 0 || flag == flagZeroSeed {
			vary(func(m *Map) { m.Flags ^= flag })
		}
	}
	vary(func(m *Map) { m.Flags |= flagRdonlyProg | flagWronlyProg })
	vary(func(m *Map) { m.Flags |= flagRdonly | flagWronly })
	vary(func(m *Map) { m.MapExtra = 1 })
	vary(func(m *Map) { m.MapExtra = 1 << 16 })
	return all
}

// create has the library create the map, and says whether the kernel refused.
func create(m *Map) error {
	spec := specOf(m)
	if m.Key != nil {
		spec.Key = &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
		spec.Value = &btf.Array{Type: &btf.Int{Name: "char", Size: 1, Encoding: btf.Signed}, Index: &btf.Int{Name: "int", Size: 4}, Nelems: m.ValueSize}
		if m.ValueSize == 0 {
			spec.Value = nil
		}
	}
	created, err := ebpf.NewMap(spec)
	if err != nil {
		return fmt.Errorf("%w", err)
	}
	return created.Close()
}

func specOf(m *Map) *ebpf.MapSpec {
	spec := &ebpf.MapSpec{
		Type: ebpf.MapType(m.Type), KeySize: m.KeySize, ValueSize: m.ValueSize, MaxEntries: m.MaxEntries, Flags: m.Flags, MapExtra: m.MapExtra,
		Pinning: ebpf.PinType(m.Pinning),
	}
	if m.Inner != nil {
		spec.InnerMap = specOf(m.Inner)
	}
	return spec
}
