package btfparse

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/bpfgen/bpfgen/internal/layout"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// TestLayoutIsTheLibrarys: what the generator writes down of a type is what the
// runtime makes of the same object, which it has from the library.
func TestLayoutIsTheLibrarys(t *testing.T) {
	files, err := filepath.Glob("../golden/*/*.o")
	if err != nil || len(files) < 50 {
		t.Fatal(len(files), err)
	}
	compared := 0
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		obj, err := Parse(file, bytes.NewReader(content))
		if err != nil {
			continue // a case of errors
		}
		spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(content))
		if err != nil {
			continue
		}
		check := func(what string, ours Type, theirs btf.Type, tags []string) {
			if ours == nil || theirs == nil {
				return
			}
			want, err := new(layout.Maker).Layout(theirs, tags...)
			got, ok := obj.Layout(ours, tags...)
			if err != nil || ok != want.Known() || ok && got.String() != want.String() {
				t.Errorf("%s, %s: %v, %t\n%s\nthe library has\n%s", file, what, err, ok, got, want)
			}
			if ok {
				compared++
			}
		}
		for _, m := range obj.Maps {
			if s := spec.Maps[m.Name]; s != nil {
				check(string(m.Path().Join("key")), m.Key, s.Key, nil)
				check(string(m.Path().Join("value")), m.Value, s.Value, nil)
			}
		}
		for _, v := range obj.Variables {
			if s := spec.Variables[v.Name]; s != nil && s.Type != nil && !v.Static {
				check(string(v.Path()), v.Type, s.Type.Type, v.Tags)
			}
		}
	}
	if compared < 500 {
		t.Errorf("only %d types were compared", compared)
	}
}
