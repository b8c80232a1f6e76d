package btfparse

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"
)

// FuzzParse mutates real objects. Whatever comes, Parse gives one line of
// error, which is not an internal one, or an Object that two runs agree on.
func FuzzParse(f *testing.F) {
	for _, path := range objects(f) {
		data, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		if len(data) < 16<<10 {
			f.Add(data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		obj, err := Parse("fuzz.o", bytes.NewReader(data))
		if err != nil {
			if msg := err.Error(); strings.Contains(msg, "internal error") || strings.ContainsAny(msg, "\n\r\x1b") || !strings.HasPrefix(msg, "fuzz.o: ") {
				t.Errorf("error %q", msg)
			}
			return
		}
		again, err := Parse("fuzz.o", bytes.NewReader(data))
		if err != nil {
			t.Fatalf("the second time: %v", err)
		}
		checkObject(t, obj)
		// Of damaged BTF the library accepts some only some of the time.
		if (obj.LoadError == nil) == (again.LoadError == nil) && orderless(dump(obj)) != orderless(dump(again)) {
			t.Error("two runs differ")
		}
	})
}

// checkObject checks what the rest of bpfgen relies on.
func checkObject(t *testing.T, obj *Object) {
	for _, m := range obj.Maps {
		if m.Key != nil && m.KeySize == 0 && m.Key.Size() != 0 {
			t.Errorf("%s: a key of %d bytes, KeySize 0", m.Path(), m.Key.Size())
		}
	}
	for _, typ := range obj.Types {
		s, ok := typ.(*Struct)
		if !ok {
			continue
		}
		for _, field := range s.Fields {
			if uint64(field.OffsetBits)+uint64(field.SizeBits) > 8*uint64(s.Bytes) {
				t.Errorf("%s: field %s lies outside", s.CName(), field.Name)
			}
		}
	}
	for _, w := range slices.Concat(obj.Warnings, obj.TypeWarnings) {
		if strings.ContainsAny(w.String(), "\n\r\x1b") {
			t.Errorf("warning %q", w)
		}
	}
}
