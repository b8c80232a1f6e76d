package golden

// The layout oracle (include/layout.h, package layout) shows what its lists
// name: here is the proof that they name everything.

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// oracleCases is how many cases have a list of members.
const oracleCases = 20

var (
	listedMember = regexp.MustCompile(`\bX\(\d+, ([^,]+),`)
	arrayIndex   = regexp.MustCompile(`\[[^]]*\]`)
)

// TestOracleNamesEveryMember looks for members of struct record, and of what it
// holds, that no line of the list names.
func TestOracleNamesEveryMember(t *testing.T) {
	cases := 0
	for _, c := range findCases(t) {
		source, err := os.ReadFile(filepath.Join(c.dir, c.name+".c"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(source), "layout.h") {
			continue
		}
		cases++
		objects, err := filepath.Glob(filepath.Join(c.dir, "*_bpfel.o"))
		if err != nil || len(objects) == 0 {
			t.Fatalf("%s: no object: %v", c.name, err)
		}
		var record *btf.Struct
		if err := readSpec(t, objects[0]).TypeByName("record", &record); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		named := make(map[typeMember]bool)
		for _, m := range listedMember.FindAllStringSubmatch(string(source), -1) {
			if !mark(record, strings.Split(arrayIndex.ReplaceAllString(m[1], ""), "."), named) {
				t.Errorf("%s: the list names %s, which struct record does not have", c.name, m[1])
			}
		}
		for _, missing := range unmarked(record, named, make(map[btf.Type]bool)) {
			t.Errorf("%s: no line of the list is about %s", c.name, missing)
		}
	}
	if cases != oracleCases {
		t.Errorf("%d cases have a list, want %d", cases, oracleCases)
	}
}

// typeMember is a named member of a struct or union.
type typeMember struct {
	of   btf.Type
	name string
}

// mark enters each step of a path, and reports whether they are all there.
func mark(t btf.Type, path []string, named map[typeMember]bool) bool {
	for _, m := range flatten(members(t), 0) {
		if m.Name == path[0] {
			named[typeMember{t, m.Name}] = true
			return len(path) == 1 || mark(composite(m.Type), path[1:], named)
		}
	}
	return false
}

// unmarked are the members that have data and are not named.
func unmarked(t btf.Type, named map[typeMember]bool, seen map[btf.Type]bool) (missing []string) {
	if seen[t] {
		return nil
	}
	seen[t] = true
	for _, m := range flatten(members(t), 0) {
		if cSize(m.Type) == 0 {
			continue
		}
		if !named[typeMember{t, m.Name}] {
			missing = append(missing, kindOf(t)+" "+t.TypeName()+"'s "+m.Name)
		} else if inner := composite(m.Type); inner != nil {
			missing = append(missing, unmarked(inner, named, seen)...)
		}
	}
	return missing
}
