package forecast

import (
	"os"
	"reflect"
	"testing"
)

func TestUsesOfObject(t *testing.T) {
	f, err := os.Open("../golden/counter/counter_bpfel.o")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	o, err := ReadObject("counter", f)
	if err != nil {
		t.Fatal(err)
	}
	uses := o.Uses()
	if len(uses) != 1 || uses[0].Instructions < 10 {
		t.Fatalf("%+v", uses)
	}
	uses[0].Instructions = 0
	want := Use{
		Program: "count_packets", Maps: []string{".bss", ".rodata", "flows"},
		Helpers: []string{"bpf_map_lookup_elem", "bpf_map_update_elem"},
	}
	if !reflect.DeepEqual(uses[0], want) {
		t.Errorf("%+v, not %+v", uses[0], want)
	}
	if got, want := o.Sections(), []Section{{".bss", 8, false}, {".rodata", 4, true}}; !reflect.DeepEqual(got, want) {
		t.Errorf("sections %v, not %v", got, want)
	}
	if data, ok := o.Initial(".rodata"); !ok || len(data) != 4 || data[0] != 1 {
		t.Errorf("initial .rodata: %v, %v", data, ok)
	}
	if _, ok := o.Initial("flows"); ok {
		t.Error("a map has initial contents")
	}
}
