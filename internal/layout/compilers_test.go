package layout

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// object is the BTF of testdata/<name>.o.
func object(t *testing.T, name string) []byte {
	t.Helper()
	f, err := elf.Open(filepath.Join("testdata", name+".o"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	raw, err := f.Section(".BTF").Data()
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func loadSpec(t *testing.T, raw []byte) *btf.Spec {
	t.Helper()
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// specLayouts are the variables of types.c and the struct that holds all.
func specLayouts(t *testing.T, spec *btf.Spec) map[string]Layout {
	t.Helper()
	layouts := make(map[string]Layout)
	var m Maker
	var h Hasher
	for typ, err := range spec.All() {
		if err != nil {
			t.Fatal(err)
		}
		var name string
		var tags []string
		switch v := typ.(type) {
		case *btf.Var:
			if !strings.HasPrefix(v.Name, "v_") {
				continue
			}
			name, tags, typ = v.Name, v.Tags, v.Type
		case *btf.Struct:
			if name = v.Name; name != "all" {
				continue
			}
		default:
			continue
		}
		l, err := m.Layout(typ, tags...)
		if err != nil {
			t.Fatal(err)
		}
		if hash, err := h.Hash(typ, tags...); err != nil || hash != l.Hash() {
			t.Errorf("%s: the Hasher has %s, %v; the layout %s", name, hash, err, l.Hash())
		}
		layouts[name] = l
	}
	if len(layouts) != 12 {
		t.Fatalf("%d layouts", len(layouts))
	}
	return layouts
}

// onlyUnknown compares two builds of one source and returns the paths that are
// unknown. Nothing may differ.
func onlyUnknown(t *testing.T, old, new map[string]Layout) []string {
	t.Helper()
	var unknown []string
	for name, was := range old {
		is := new[name]
		diffs := Compare(was, is)
		for _, d := range diffs {
			if d.Class != Unknown {
				t.Errorf("%s: %s: %s", name, d.Class, d)
			}
			unknown = append(unknown, name+" > "+d.Path)
		}
		if (len(diffs) == 0) != (was.Hash() == is.Hash()) {
			t.Errorf("%s: %d differences, hashes %s and %s", name, len(diffs), was.Hash(), is.Hash())
		}
	}
	slices.Sort(unknown)
	return unknown
}

// TestCompilersAgree: clang of four versions, with other defaults, for the
// other byte order, before and after linking. Clang 14 cuts the values of
// 8-byte enums to 32 bits.
func TestCompilersAgree(t *testing.T) {
	files, err := filepath.Glob("testdata/*.o")
	if err != nil || len(files) < 11 {
		t.Fatal(files, err)
	}
	want := specLayouts(t, loadSpec(t, object(t, "clang19")))
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".o")
		t.Run(name, func(t *testing.T) {
			got := specLayouts(t, loadSpec(t, object(t, name)))
			unknown := onlyUnknown(t, want, got)
			if back := onlyUnknown(t, got, want); !slices.Equal(back, unknown) {
				t.Errorf("the other way round %v, not %v", back, unknown)
			}
			var expected []string
			if strings.HasPrefix(name, "clang14") {
				expected = []string{
					"all > struct all > field aggregates > struct aggregates > field wide > enum wide > WIDE_HIGH",
					"all > struct all > field aggregates > struct aggregates > field wide_negative > enum wide_negative > WIDE_BOTH",
					"all > struct all > field aggregates > struct aggregates > field wide_negative > enum wide_negative > WIDE_NEGATIVE",
					"v_aggregates > struct aggregates > field wide > enum wide > WIDE_HIGH",
					"v_aggregates > struct aggregates > field wide_negative > enum wide_negative > WIDE_BOTH",
					"v_aggregates > struct aggregates > field wide_negative > enum wide_negative > WIDE_NEGATIVE",
					"v_wide > enum wide > WIDE_HIGH",
				}
			}
			if !slices.Equal(unknown, expected) {
				t.Errorf("unknown are %q", unknown)
			}
		})
	}
}

// TestObjectsDiffer makes sure that the objects differ in what the test
// above finds to be equal.
func TestObjectsDiffer(t *testing.T) {
	ints := func(name string) (all []btf.Int) {
		for typ, err := range loadSpec(t, object(t, name)).All() {
			if i, ok := typ.(*btf.Int); ok && err == nil {
				all = append(all, *i)
			}
		}
		return all
	}
	plain := btf.Int{Name: "char", Size: 1, Encoding: btf.Signed}
	for _, test := range []struct {
		object string
		has    btf.Int
	}{
		{"clang19", plain},
		{"clang19", btf.Int{Name: "_Bool", Size: 1, Encoding: btf.Bool}},
		{"clang19-unsigned-char", btf.Int{Name: "char", Size: 1}},
		{"clang14-unsigned-char", btf.Int{Name: "char", Size: 1}},
		{"clang19-c23", btf.Int{Name: "bool", Size: 1, Encoding: btf.Bool}},
		{"clang16-c2x", btf.Int{Name: "bool", Size: 1, Encoding: btf.Bool}},
	} {
		if all := ints(test.object); !slices.Contains(all, test.has) {
			t.Errorf("%s has no %+v: %+v", test.object, test.has, all)
		}
	}
	var unsigned *btf.Enum
	if err := loadSpec(t, object(t, "clang14")).TypeByName("negative", &unsigned); err != nil || unsigned.Signed {
		t.Errorf("clang 14: %v, %+v", err, unsigned)
	}
	// Linking with a file that knows more completes struct opaque.
	for name, complete := range map[string]bool{"clang19": false, "clang19-linked": true, "clang14-linked": true} {
		var s *btf.Struct
		if err := loadSpec(t, object(t, name)).TypeByName("opaque", &s); (err == nil) != complete {
			t.Errorf("%s: struct opaque: %v", name, err)
		}
	}
}

// TestSanitisedIsUnknown: what libraries do to BTF for old kernels, and BTF
// without names.
func TestSanitisedIsUnknown(t *testing.T) {
	raw := object(t, "clang19")
	want := specLayouts(t, loadSpec(t, raw))
	for _, test := range []struct {
		name  string
		strip stripping
		// unknown are the fields that nothing can be said of.
		unknown []string
	}{
		{"nothing", stripping{}, nil},
		{"enum64", stripping{enum64: true, enumSign: true}, []string{"v_wide > ", "> field wide", "> field wide_negative"}},
		{"floats", stripping{floats: true}, []string{"> field f", "> field d"}},
		{"type tags", stripping{typeTags: true}, []string{"> field kept"}},
		{"all", stripping{enum64: true, enumSign: true, floats: true, typeTags: true},
			[]string{"v_wide > ", "> field wide", "> field wide_negative", "> field f", "> field d", "> field kept"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := specLayouts(t, sanitise(t, raw, test.strip))
			for _, path := range onlyUnknown(t, want, got) {
				if !slices.ContainsFunc(test.unknown, func(u string) bool { return strings.HasSuffix(path, u) }) {
					t.Errorf("%s is unknown", path)
				}
			}
			for _, u := range test.unknown {
				if paths := onlyUnknown(t, got, want); !slices.ContainsFunc(paths, func(p string) bool { return strings.HasSuffix(p, u) }) {
					t.Errorf("%s is known: %v", u, paths)
				}
			}
		})
	}
	t.Run("names", func(t *testing.T) {
		got := specLayouts(t, sanitise(t, raw, stripping{names: true}))
		for _, path := range onlyUnknown(t, want, got) {
			if strings.Contains(path, "field") {
				t.Errorf("%s is looked into", path)
			}
		}
	})
	// A field of which a decl tag says the byte order is not the same without,
	// but the kernel's BTF may have lost the tag.
	t.Run("decl tags", func(t *testing.T) {
		got := specLayouts(t, sanitise(t, raw, stripping{declTags: true}))
		for name, was := range want {
			for _, d := range Compare(was, got[name]) {
				if d.At(AtPin) != Unproved {
					t.Errorf("%s: %s: %s", name, d.Class, d)
				}
			}
		}
		if diffs := Compare(want["v_integers"], got["v_integers"]); len(diffs) != 1 || diffs[0].Class != Tagged {
			t.Errorf("v_integers: %v", diffs)
		}
	})
}

// TestLibrarySanitises: the same by cilium/ebpf, which writes maps' BTF in this
// way on old kernels.
func TestLibrarySanitises(t *testing.T) {
	spec := loadSpec(t, object(t, "clang19"))
	want := specLayouts(t, spec)
	var b btf.Builder
	for typ, err := range spec.All() {
		if _, ok := typ.(*btf.Void); ok {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Add(typ); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := b.Marshal(nil, &btf.MarshalOptions{
		Order: binary.LittleEndian, StripFuncLinkage: true, ReplaceDeclTags: true, ReplaceTypeTags: true, ReplaceEnum64: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := specLayouts(t, loadSpec(t, raw))
	unknown := 0
	for name, was := range want {
		for _, d := range Compare(was, got[name]) {
			if d.At(AtPin) != Unproved {
				t.Errorf("%s: %s: %s", name, d.Class, d)
			}
			unknown++
		}
	}
	if unknown == 0 {
		t.Error("the library has changed nothing")
	}
}

// TestTextRoundTrip: what is read from the text is what was written.
func TestTextRoundTrip(t *testing.T) {
	layouts := specLayouts(t, loadSpec(t, object(t, "clang19")))
	var table Table
	for name, l := range layouts {
		text := l.String()
		back, err := Parse(text)
		if err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
		if back.Hash() != l.Hash() || back.String() != text || len(Compare(l, back)) > 0 {
			t.Errorf("%s:\n%s\nwas\n%s", name, back, text)
		}
		table.Add(l, "variable", name)
		table.Name("go_"+name, l)
	}
	text := table.String()
	back, err := ParseTable(text)
	if err != nil {
		t.Fatal(err, "\n", text)
	}
	if again := back.String(); again != text {
		t.Errorf("%s\nwas\n%s", again, text)
	}
	n := 0
	err = EachHash(text, func(place []string, hash Hash) {
		if found, ok := back.Find(hash, place...); !ok || found.Hash() != hash {
			t.Errorf("%v has %s", place, hash)
		}
		if len(place) != 2 || layouts[place[1]].Hash() != hash {
			t.Errorf("%v has %s", place, hash)
		}
		n++
	})
	if err != nil || n != len(layouts) {
		t.Errorf("%d of %d hashes: %v", n, len(layouts), err)
	}
}
