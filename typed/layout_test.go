package typed

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/internal/layout"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

var (
	layoutU8  = &btf.Int{Name: "unsigned char", Size: 1}
	layoutU32 = &btf.Int{Name: "unsigned int", Size: 4}
	layoutS32 = &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
)

// cStruct has fields of 4 bytes, one behind the other.
func cStruct(name string, members ...btf.Member) *btf.Struct {
	s := &btf.Struct{Name: name}
	for _, m := range members {
		m.Offset = btf.Bits(8 * s.Size)
		s.Members = append(s.Members, m)
		s.Size += 4
	}
	return s
}

// layoutSpec is an object with a map, a map of maps, an event, a global and a
// static variable, all of one type.
func layoutSpec(t *testing.T, typ btf.Type) *CollectionSpec {
	t.Helper()
	variable := func(name string, typ btf.Type) *btf.Var {
		return &btf.Var{Name: name, Type: typ, Linkage: btf.GlobalVar}
	}
	// The library finds no type of a Builder without going through bytes.
	types := make([]btf.Type, 0, 2)
	types = append(types, typ, &btf.Datasec{Name: ".bss", Size: 8, Vars: []btf.VarSecinfo{{Type: variable("hidden", typ), Size: 8}}})
	builder, err := btf.NewBuilder(types, nil)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := builder.Spec()
	if err != nil {
		t.Fatal(err)
	}
	inner := &ebpf.MapSpec{Type: ebpf.Hash, Key: layoutU32, Value: typ}
	return newCollectionSpec("test", &ebpf.CollectionSpec{
		Maps: map[string]*ebpf.MapSpec{
			"flows":  {Type: ebpf.Hash, Key: layoutU32, Value: typ},
			"outer":  {Type: ebpf.HashOfMaps, Key: layoutU32, InnerMap: inner},
			"events": {Type: ebpf.RingBuf},
		},
		Variables: map[string]*ebpf.VariableSpec{"global": {Name: "global", Type: variable("global", typ)}},
		Types:     spec,
	})
}

// checkLayouts is what Open does with the layouts of generated code.
func checkLayouts(c *CollectionSpec, layouts string) {
	c.layouts.setTable(layouts)
	(*specCore)(c).checkLayouts()
}

// layoutTable has the layout of a type at every place that layoutSpec has it.
func layoutTable(t *testing.T, typ btf.Type) string {
	t.Helper()
	l, err := layout.Of(typ)
	if err != nil {
		t.Fatal(err)
	}
	key, err := layout.Of(layoutU32)
	if err != nil {
		t.Fatal(err)
	}
	var table layout.Table
	table.Add(key, "map", "flows", "key")
	for _, place := range layoutPlaces {
		table.Add(l, place...)
	}
	return "\n" + table.String()
}

var layoutPlaces = [][]string{
	{"map", "flows", "value"}, {"map", "outer", "inner", "value"}, {"map", "events", "event", "struct stats"},
	{"variable", "global"}, {"static", ".bss", "hidden", "0"},
}

func TestCheckLayouts(t *testing.T) {
	member := func(name string, typ btf.Type) btf.Member { return btf.Member{Name: name, Type: typ} }
	want := cStruct("stats", member("packets", layoutU32), member("drops", layoutU32))
	for _, test := range []struct {
		name   string
		object btf.Type
		errors []string // of every place; %s is its path
	}{
		{"equal", want, nil},
		{"moved", cStruct("stats", member("drops", layoutU32), member("packets", layoutU32)), []string{
			"%s > struct stats > field packets: place is byte 4, the generated code expects byte 0",
			"%s > struct stats > field drops: place is byte 0, the generated code expects byte 4"}},
		{"sign", cStruct("stats", member("packets", layoutS32), member("drops", layoutU32)), []string{
			"%s > struct stats > field packets: type is s32, the generated code expects u32"}},
		{"renamed", cStruct("stats", member("bytes", layoutU32), member("drops", layoutU32)), []string{
			"%s > struct stats > field packets: name is bytes at byte 0, the generated code expects packets at byte 0"}},
		{"unnamed", &btf.Struct{Name: "stats", Size: 8}, nil},
		{"contains itself", func() btf.Type {
			s := cStruct("stats", member("packets", layoutU32), member("drops", layoutU32))
			s.Members[0].Type = s
			return s
		}(), nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := layoutSpec(t, test.object)
			checkLayouts(c, layoutTable(t, want))
			err := c.Err()
			if len(test.errors) == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var layoutError *LayoutError
			if !errors.As(err, &layoutError) || !strings.Contains(err.Error(), "run go generate") {
				t.Fatal(err)
			}
			for _, place := range []string{"map flows > value", "map outer > inner > value", "map events > event", "variable global", "variable hidden"} {
				for _, text := range test.errors {
					if text = strings.Replace(text, "%s", place, 1); !strings.Contains(err.Error(), text) {
						t.Errorf("%q is not in %v", text, err)
					}
				}
			}
		})
	}
}

// TestCheckLayoutsOfNamedType: what -map names for a map is compared with what the
// map says of itself in another build, and with the type of that name where it says
// nothing.
func TestCheckLayoutsOfNamedType(t *testing.T) {
	member := func(name string) btf.Member { return btf.Member{Name: name, Type: layoutU32} }
	want := cStruct("stats", member("packets"), member("drops"))
	swapped := cStruct("", member("drops"), member("packets"))
	l, err := layout.Of(want)
	if err != nil {
		t.Fatal(err)
	}
	var table layout.Table
	table.Add(l, "map", "sized", "value", "struct stats")
	for name, test := range map[string]struct {
		value btf.Type
		err   string
	}{
		"by sizes alone": {nil, ""},
		"the same":       {want, ""},
		"other":          {swapped, "map sized > value > struct stats > field packets: place is byte 4 of anonymous struct, the generated code expects byte 0"},
	} {
		t.Run(name, func(t *testing.T) {
			c := layoutSpec(t, want)
			c.Spec.Maps["sized"] = &ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 8, Value: test.value}
			checkLayouts(c, "\n"+table.String())
			if err := c.Err(); test.err == "" && err != nil || test.err != "" && (err == nil || !strings.Contains(err.Error(), test.err)) {
				t.Errorf("%v, want %q", err, test.err)
			}
		})
	}
}

// TestCheckLayoutsLacks: what the object has not is not loaded, and no error.
func TestCheckLayoutsLacks(t *testing.T) {
	typ := cStruct("stats", btf.Member{Name: "packets", Type: layoutU32})
	c := newCollectionSpec("test", &ebpf.CollectionSpec{Maps: map[string]*ebpf.MapSpec{
		"flows": {Type: ebpf.Hash, KeySize: 4, ValueSize: 8}, // no BTF
	}})
	checkLayouts(c, layoutTable(t, typ))
	if err := c.Err(); err != nil {
		t.Error(err)
	}
}

// TestManyDifferences: an error is no list of everything.
func TestManyDifferences(t *testing.T) {
	var old, new []btf.Member
	for _, name := range strings.Split("abcdefghijkl", "") {
		old = append(old, btf.Member{Name: name, Type: layoutU32})
		new = append(new, btf.Member{Name: name, Type: layoutS32})
	}
	c := layoutSpec(t, cStruct("stats", new...))
	checkLayouts(c, layoutTable(t, cStruct("stats", old...)))
	if err := c.Err(); err == nil || !strings.Contains(err.Error(), "map flows > value: 4 more differences") {
		t.Error(err)
	}
}

func TestCheckLayoutsDamaged(t *testing.T) {
	c := layoutSpec(t, layoutU32)
	checkLayouts(c, "map flows value u32\n")
	if c.Err() == nil {
		t.Error("no error")
	}
}

// TestOpenEmbedded: the object of generated code is the one that it was generated
// from, or none. Its layouts are not compared, those of others are.
func TestOpenEmbedded(t *testing.T) {
	data, err := os.ReadFile("../golden/counter/counter_" + targetOf(nativeOrder()) + ".o")
	if err != nil {
		t.Fatal(err)
	}
	other := "\n" + layoutTable(t, layoutU32) // "flows" has structs
	spec, err := OpenEmbedded("counter", data, layout.Checksum(data), other)
	if err != nil || spec.Err() != nil || spec.layouts.table.text != other {
		t.Fatal(spec, err)
	}
	damaged := bytes.Clone(data)
	damaged[len(damaged)-1] ^= 1
	if _, err := OpenEmbedded("counter", damaged, layout.Checksum(data), ""); err == nil || !strings.Contains(err.Error(), "open counter: the embedded object is not the one") {
		t.Error(err)
	}
	spec, err = Open("counter", bytes.NewReader(data), other)
	if err != nil || spec.Err() == nil {
		t.Error(spec, err)
	}
}

// TestKeyDiffers: the other types of a map.
func TestKeyDiffers(t *testing.T) {
	c := layoutSpec(t, layoutU32)
	c.Spec.Maps["flows"].Key = layoutS32
	checkLayouts(c, layoutTable(t, layoutU32))
	if err := c.Err(); err == nil || !strings.Contains(err.Error(), "map flows > key: type is s32") || strings.Count(err.Error(), "expects") != 1 {
		t.Error(err)
	}
	c = layoutSpec(t, layoutU32)
	c.Spec.Maps["flows"].Key = &btf.Array{Type: layoutU8, Index: layoutU32, Nelems: 4}
	checkLayouts(c, layoutTable(t, layoutU32))
	if err := c.Err(); err == nil || !strings.Contains(err.Error(), "map flows > key: type is [4]u8") {
		t.Error(err)
	}
}
