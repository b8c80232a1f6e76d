package layout

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// planted is a struct that is changed, and what must be said of it: the class
// and the last step of the path, which is a field, an enumerator or a type.
type planted struct {
	name     string
	old, new string
	want     []string
}

// Enumerators have names of their own in each case, because C has one scope for all.
var plantedCases = []planted{
	// Nothing that counts.
	{"equal", "struct T { __u32 a; };", "struct T { __u32 a; };", nil},
	{"integer of another name", "struct T { __u32 a; long b; };", "struct T { unsigned a; long long b; };", nil},
	{"typedef", "typedef __u32 id_a; struct T { id_a a; };", "struct T { __u32 a; };", nil},
	{"qualifiers", "struct T { __u32 a; char *p; };", "struct T { volatile __u32 a; const char *const p; };", nil},
	{"tag of a member's type", "struct before_t { __u32 x; }; struct T { struct before_t a; };", "struct after_t { __u32 x; }; struct T { struct after_t a; };", nil},
	{"flavour", "struct flavoured { __u32 x; }; struct T { struct flavoured a; };", "struct flavoured___new { __u32 x; }; struct T { struct flavoured___new a; };", nil},
	{"pointer to another type", "struct T { struct p1 *p; };", "struct T { int (*p)(void); };", nil},
	{"order of union members", "struct T { union { __u32 a; __u16 b; } u; };", "struct T { union { __u16 b; __u32 a; } u; };", nil},
	{"order of an anonymous union", "struct T { union { __u32 a; __u16 b; }; };", "struct T { union { __u16 b; __u32 a; }; };", nil},
	{"anonymous struct around", "struct T { __u32 a, b; };", "struct T { struct { __u32 a, b; }; };", nil},
	{"struct for union of one", "struct T { struct { __u32 a; } s; };", "struct T { union { __u32 a; } s; };", nil},
	{"sign of char", "struct T { char a; signed char b; };", "struct T { unsigned char a; char b; };", nil},
	{"char or byte", "struct T { char a[16]; };", "struct T { __u8 a[16]; };", nil},
	{"sign of a byte bitfield", "struct T { signed char a : 3; };", "struct T { unsigned char a : 3; };", nil},
	{"bitfield of full width", "struct T { __u32 a : 32; };", "struct T { __u32 a; };", nil},
	{"unnamed bitfield", "struct T { __u32 a : 3, : 5, b : 8; };", "struct T { __u32 a : 3; __u32 : 5; __u32 b : 8; };", nil},
	{"padding written out", "struct T { __u8 a; __u32 b; };", "struct T { __u8 a; __u8 : 8, : 8, : 8; __u32 b; };", nil},
	{"array of a typedef", "typedef __u32 row_a[3]; struct T { row_a a[2]; };", "struct T { __u32 a[2][3]; };", nil},
	{"flexible array as zero", "struct T { __u32 n; __u8 d[]; };", "struct T { __u32 n; __u8 d[0]; };", nil},
	{"tag of an enum", "enum e1 { E1_A }; struct T { enum e1 a; };", "typedef enum { E1_A } e1_t; struct T { e1_t a; };", nil},
	{"order of enumerators", "enum e2 { E2_A = 1, E2_B = 2 }; struct T { enum e2 a; };", "enum e2 { E2_B = 2, E2_A = 1 }; struct T { enum e2 a; };", nil},

	// Places.
	{"moved at equal size", "struct T { __u32 a, b; };", "struct T { __u32 b, a; };", []string{"moved field a", "moved field b"}},
	{"moved into padding", "struct T { __u32 a; __u8 b; __u64 c; };", "struct T { __u32 a; __u8 : 8; __u8 b; __u64 c; };", []string{"moved field b"}},
	{"packed", "struct T { __u8 a; __u32 b; };", "struct T { __u8 a; __u32 b; } __attribute__((packed));", []string{"moved struct T", "moved field b"}},
	{"field inserted", "struct T { __u32 a; __u32 z; };", "struct T { __u32 a; __u32 new; __u32 z; };", []string{"moved struct T", "moved field z", "added field new"}},
	{"grown at the end", "struct T { __u32 a; };", "struct T { __u32 a, b; };", []string{"moved struct T", "added field b"}},
	{"shrunk", "struct T { __u32 a, b; };", "struct T { __u32 a; };", []string{"moved struct T", "removed field b"}},
	{"width", "struct T { __u32 a; __u32 p; };", "struct T { __u64 a; };", []string{"moved field a", "removed field p"}},
	{"narrower", "struct T { __u64 a; };", "struct T { __u32 a; __u64 : 32; };", []string{"moved field a"}},
	{"signed bitfield of another width", "struct T { __s32 a : 3, b : 5; };", "struct T { __s32 a : 4, b : 4; };", []string{"moved field a", "moved field b", "moved field b"}},
	{"bitfield moved", "struct T { __u32 a : 3, : 2, b : 5; };", "struct T { __u32 a : 3, : 3, b : 5; };", []string{"moved field b"}},
	{"bitfield or byte", "struct T { __u8 a; };", "struct T { __u8 a : 7; };", []string{"moved field a"}},
	{"array length", "struct T { __u16 a[4]; __u64 b; };", "struct T { __u16 a[3]; __u64 b; };", []string{"moved field a"}},
	{"array dimensions", "struct T { __u16 a[2][3]; };", "struct T { __u16 a[3][2]; };", []string{"moved field a"}},
	{"array flattened", "struct T { __u16 a[2][3]; };", "struct T { __u16 a[6]; };", []string{"moved field a"}},
	{"array of other elements", "struct T { __u16 a[4]; };", "struct T { __u32 a[2]; };", []string{"moved field a"}},
	{"array or scalar", "struct T { __u32 a; };", "struct T { __u32 a[1]; };", []string{"moved field a"}},
	{"bytes or number", "struct T { __u8 a[8]; };", "struct T { __u64 a; };", []string{"moved field a"}},
	{"flexible tail moved", "struct T { __u32 n; __u32 m; __u8 d[]; };", "struct T { __u32 n; __u8 d[0]; __u32 m; };", []string{"moved field d"}},
	{"flexible tail of others", "struct T { __u32 n; __u8 d[]; };", "struct T { __u32 n; __u32 d[]; };", []string{"moved field d"}},
	{"flexible tail fixed", "struct T { __u64 n; __u8 d[]; };", "struct T { __u64 n; __u8 d[8]; };", []string{"moved struct T", "moved field d"}},
	{"flexible tail gone", "struct T { __u32 n; __u8 d[]; };", "struct T { __u32 n; };", []string{"removed field d"}},
	{"nested", "struct n1 { __u32 x, y; }; struct T { struct n1 a[2]; };", "struct n1 { __u32 y, x; }; struct T { struct n1 a[2]; };",
		[]string{"moved field x", "moved field y"}},
	{"nested of another size", "struct n2 { __u32 x; }; struct T { struct n2 a; __u32 b; };", "struct n2 { __u64 x; }; struct T { struct n2 a; __u32 b; };",
		[]string{"moved struct T", "moved struct n2", "moved field x", "moved field b"}},
	{"union arm moved", "struct T { union { __u32 a; struct { __u16 lo, hi; }; }; };", "struct T { union { __u32 a; struct { __u16 hi, lo; }; }; };",
		[]string{"moved field hi", "moved field lo"}},
	{"union made a struct", "struct T { union { __u32 a; __u16 b; }; __u32 c; };", "struct T { __u32 a; __u16 b; __u16 : 16; };", []string{"moved field b", "removed field c"}},
	{"size of an enum", "enum e3 { E3_A }; struct T { enum e3 a; };", "enum e3 { E3_A } __attribute__((packed)); struct T { enum e3 a; __u32 : 24; };", []string{"moved field a"}},

	// Categories.
	{"float", "struct T { __u32 a; };", "struct T { float a; };", []string{"retyped field a"}},
	{"pointer", "struct T { __u64 a; };", "struct T { void *a; };", []string{"retyped field a"}},
	{"struct for scalar", "struct T { __u32 a; };", "struct T { struct { __u32 x; } a; };", []string{"retyped field a"}},
	{"lock for number", "struct T { __u32 a; };", "struct T { struct bpf_spin_lock a; };", []string{"retyped field a"}},
	{"another special type", "struct T { struct bpf_timer a; };", "struct T { struct bpf_wq a; };", []string{"retyped field a"}},
	{"special type or like it", "struct T { struct bpf_timer a; };", "struct like_timer { __u64 x, y; }; struct T { struct like_timer a; };", []string{"retyped field a"}},
	{"split", "struct T { __u32 a; };", "struct T { __u16 lo, hi; };", []string{"retyped field a"}},
	{"joined", "struct T { __u16 lo, hi; };", "struct T { __u32 a; };", []string{"retyped field lo", "retyped field hi"}},
	{"kernel pointers", "struct T { struct p1 __attribute__((btf_type_tag(\"kptr\"))) *a; };",
		"struct T { struct p1 __attribute__((btf_type_tag(\"percpu_kptr\"))) *a; };", []string{"retyped field a"}},
	{"kernel pointer", "struct T { struct p1 __attribute__((btf_type_tag(\"kptr\"))) *a; };", "struct T { struct p1 *a; };", []string{"unknown field a"}},
	{"list of others", "struct T { struct bpf_list_head a __attribute__((btf_decl_tag(\"contains:x:y\"))); };",
		"struct T { struct bpf_list_head a __attribute__((btf_decl_tag(\"contains:z:y\"))); };", []string{"retyped field a"}},

	// void is what clang writes for _Atomic.
	{"atomic", "struct T { _Atomic int a; };", "struct T { int a; };", []string{"unknown field a"}},

	// Meanings.
	{"sign", "struct T { __u32 a; };", "struct T { __s32 a; };", []string{"meaning field a"}},
	{"sign in an array", "struct T { __s16 a[4]; };", "struct T { __u16 a[4]; };", []string{"meaning field a"}},
	{"sign of a bitfield", "struct T { __s32 a : 3; };", "struct T { __u32 a : 3; };", []string{"meaning field a"}},
	{"bool", "struct T { __u8 a; };", "struct T { _Bool a; };", []string{"meaning field a"}},
	{"enum for number", "struct T { __u32 a; };", "enum e4 { E4_A }; struct T { enum e4 a; };", []string{"meaning field a"}},
	{"byte order", "struct T { __u32 a; };", "struct T { __be32 a; };", []string{"meaning field a"}},
	{"other byte order", "struct T { __le16 a[2]; };", "struct T { __be16 a[2]; };", []string{"meaning field a"}},
	{"byte order by tag", "struct T { __u32 a; };", "struct T { __u32 a __attribute__((btf_decl_tag(\"bpfgen:type=__be32\"))); };", []string{"tagged field a"}},
	{"byte order by tag or typedef", "struct T { __be32 a; };", "struct T { __u32 a __attribute__((btf_decl_tag(\"bpfgen:type=__be32\"))); };", nil},

	// Names.
	{"renamed", "struct T { __u32 a; };", "struct T { __u32 b; };", []string{"renamed field a"}},
	{"renamed and another sign", "struct T { __u32 a; };", "struct T { __s32 b; };", []string{"renamed field a", "meaning field a"}},
	{"renamed bitfield", "struct T { __u32 a : 3, b : 5; };", "struct T { __u32 a : 3, c : 5; };", []string{"renamed field b"}},
	{"renamed nested struct", "struct n3 { __u32 x; }; struct T { struct n3 a; };", "struct n3 { __u32 x; }; struct T { struct n3 b; };", []string{"renamed field a"}},
	{"renamed union arm", "struct T { union { __u32 a; __u16 b; }; };", "struct T { union { __u32 a; __u16 c; }; };", []string{"renamed field b"}},
	{"named union", "struct T { union { __u32 a; }; };", "struct T { union { __u32 a; } u; };", []string{"renamed field a", "retyped field a"}},
	{"padding renamed", "struct T { __u32 a; __u32 _pad; };", "struct T { __u32 a; __u32 pad1; };", []string{"reserved field _pad"}},
	{"reserved renamed", "struct T { __u32 a; __u32 reserved; };", "struct T { __u32 a; __u32 rsvd; };", []string{"reserved field reserved"}},
	{"reserved put to use", "struct T { __u32 a; __u32 reserved[2]; };", "struct T { __u32 a; __u32 flags; __u32 reserved[1]; };",
		[]string{"reserved field reserved", "reserved field flags"}},
	{"reserved renamed to a field", "struct T { __u32 a; __u32 unused; };", "struct T { __u32 a; __u32 flags; };", []string{"reserved field unused"}},
	{"field retired", "struct T { __u32 a; __u32 flags; };", "struct T { __u32 a; __u32 unused; };", []string{"removed field flags"}},
	{"padding named", "struct T { __u8 a; __u32 b; };", "struct T { __u8 a; __u8 __pad[3]; __u32 b; };", []string{"reserved field __pad"}},
	{"padding unnamed", "struct T { __u8 a; __u8 __pad[3]; __u32 b; };", "struct T { __u8 a; __u32 b; };", []string{"reserved field __pad"}},
	{"field in padding", "struct T { __u8 a; __u32 b; };", "struct T { __u8 a; __u16 c; __u32 b; };", []string{"added field c"}},
	{"field gone from padding", "struct T { __u8 a; __u16 c; __u32 b; };", "struct T { __u8 a; __u32 b; };", []string{"removed field c"}},
	{"union arm added", "struct T { union { __u32 a; }; };", "struct T { union { __u32 a; __u16 b; }; };", []string{"added field b"}},
	{"union arm removed", "struct T { union { __u32 a; __u16 b; } u; };", "struct T { union { __u32 a; } u; };", []string{"removed field b"}},

	// Enumerators.
	{"enumerator added", "enum e5 { E5_A }; struct T { enum e5 a; };", "enum e5 { E5_A, E5_B }; struct T { enum e5 a; };", []string{"enumerator E5_B"}},
	{"enumerator removed", "enum e6 { E6_A, E6_B }; struct T { enum e6 a; };", "enum e6 { E6_A }; struct T { enum e6 a; };", []string{"enumerator E6_B"}},
	{"enumerator's value", "enum e7 { E7_A, E7_B }; struct T { enum e7 a; };", "enum e7 { E7_B, E7_A }; struct T { enum e7 a; };", []string{"revalued E7_A", "revalued E7_B"}},
	{"enumerator inserted", "enum e8 { E8_A, E8_C }; struct T { enum e8 a; };", "enum e8 { E8_A, E8_B, E8_C }; struct T { enum e8 a; };", []string{"revalued E8_C", "enumerator E8_B"}},
	{"enumerator renamed", "enum e9 { E9_A, E9_B }; struct T { enum e9 a; };", "enum e9 { E9_A, E9_X }; struct T { enum e9 a; };", []string{"renamed E9_B"}},
	{"negative enumerator", "enum e10 { E10_A = -1 }; struct T { enum e10 a; };", "enum e10 { E10_A = -2 }; struct T { enum e10 a; };", []string{"revalued E10_A"}},
	{"wide enumerator", "enum e11 { E11_A = 1ULL << 40 }; struct T { enum e11 a; };", "enum e11 { E11_A = 1ULL << 41 }; struct T { enum e11 a; };", []string{"revalued E11_A"}},
	{"enumerator in an array", "enum e12 { E12_A, E12_B = 3 }; struct T { enum e12 a[2]; };", "enum e12 { E12_A, E12_B = 4 }; struct T { enum e12 a[2]; };", []string{"revalued E12_B"}},
	{"enumerator of a bitfield", "enum e13 { E13_A, E13_B = 3 }; struct T { enum e13 a : 4; };", "enum e13 { E13_A, E13_B = 4 }; struct T { enum e13 a : 4; };", []string{"revalued E13_B"}},
}

const cPrelude = `
typedef unsigned char __u8; typedef unsigned short __u16; typedef unsigned int __u32; typedef unsigned long long __u64;
typedef signed char __s8; typedef short __s16; typedef int __s32; typedef long long __s64;
typedef __u16 __be16; typedef __u32 __be32; typedef __u64 __be64; typedef __u16 __le16;
struct p1;
struct bpf_spin_lock { __u32 val; };
struct bpf_timer { __u64 : 64; __u64 : 64; } __attribute__((aligned(8)));
struct bpf_wq { __u64 : 64; __u64 : 64; } __attribute__((aligned(8)));
struct bpf_list_head { __u64 : 64; __u64 : 64; } __attribute__((aligned(8)));
`

// compileC is the BTF of C.
func compileC(t *testing.T, source string) *btf.Spec {
	t.Helper()
	clang, err := exec.LookPath("clang-19")
	if err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("clang-19 is not installed")
	}
	object := filepath.Join(t.TempDir(), "c.o")
	cmd := exec.CommandContext(t.Context(), clang, "-O2", "-g", "-target", "bpfel", "-Wno-everything", "-x", "c", "-c", "-o", object, "-")
	cmd.Stdin = strings.NewReader(cPrelude + source)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out[:min(len(out), 2000)], source[:min(len(source), 4000)])
	}
	content, err := os.ReadFile(object)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// structLayout is the layout of a struct by its name.
func structLayout(t *testing.T, spec *btf.Spec, name string) Layout {
	t.Helper()
	var s *btf.Struct
	if err := spec.TypeByName(name, &s); err != nil {
		t.Fatal(name, err)
	}
	l, err := Of(s)
	if err != nil {
		t.Fatal(name, err)
	}
	if hash, err := new(Hasher).Hash(s); err != nil || hash != l.Hash() {
		t.Errorf("%s: the Hasher has %s, %v; the layout %s", name, hash, err, l.Hash())
	}
	return l
}

// TestPlantedDifferences: each difference that matters is found and classed,
// and nothing else is said.
func TestPlantedDifferences(t *testing.T) {
	var old, new strings.Builder
	name := func(i int) string { return fmt.Sprintf("planted_%d", i) }
	for i, p := range plantedCases {
		for b, source := range map[*strings.Builder]string{&old: p.old, &new: p.new} {
			fmt.Fprintf(b, "%s\nstruct %s v_%d;\n", strings.Replace(source, "struct T ", "struct "+name(i)+" ", 1), name(i), i)
		}
	}
	was, is := compileC(t, old.String()), compileC(t, new.String())
	for i, p := range plantedCases {
		t.Run(p.name, func(t *testing.T) {
			a, b := structLayout(t, was, name(i)), structLayout(t, is, name(i))
			diffs := Compare(a, b)
			var got []string
			for _, d := range diffs {
				step := d.Path[strings.LastIndex(d.Path, "> ")+1:]
				got = append(got, strings.ReplaceAll(d.Class.String()+" "+strings.TrimSpace(step), name(i), "T"))
				if d.Old == d.New || d.Property == "" {
					t.Errorf("says nothing: %s", d)
				}
			}
			want := slices.Clone(p.want)
			slices.Sort(got)
			slices.Sort(want)
			if !slices.Equal(got, want) {
				t.Errorf("found %q, want %q\n%v\n%s\n%s", got, want, diffs, a, b)
			}
			if (a.Hash() == b.Hash()) != (len(diffs) == 0) {
				t.Errorf("hashes %s and %s, %v", a.Hash(), b.Hash(), diffs)
			}
			if same := Compare(a, a); len(same) > 0 {
				t.Errorf("differs from itself: %v", same)
			}
			for _, l := range []Layout{a, b} {
				back, err := Parse(l.String())
				if err != nil || back.Hash() != l.Hash() {
					t.Errorf("%v\n%s", err, l)
				}
			}
		})
	}
}
