package golden

// The layout oracle over random C: structs of everything that C allows in
// them, in any order, which clang fills and Go reads and writes. What the cases
// with lists show of the forms that somebody thought of, this shows of others.

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/emit"
)

const (
	// randomPairs are of two C files each.
	randomPairs = 50
	// randomTypes are those of each pair, randomMembers the least that all have.
	randomTypes   = 3
	randomMembers = 1500
)

// TestRandomLayout makes pairs of C files that share a header with random types, and
// has bpfgen generate one package of all: of the first of a pair as it is, of the
// second with -types-from. testdata/random_test.go.txt, as a test of the package,
// reads both on this machine and as a big-endian one.
func TestRandomLayout(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles many files")
	}
	if _, err := exec.LookPath("clang-19"); err != nil {
		missing(t, "clang-19 is not installed (apt-get install clang-19 llvm-19)")
	}
	dir := newModule(t)
	pkg := filepath.Join(dir, "random")
	writePackage(t, pkg, randomPackage(t))
	generateRandom(t, pkg)
	for _, target := range []struct{ goarch, emulator string }{{"amd64", ""}, {"s390x", "qemu-s390x-static"}} {
		t.Run(target.goarch, func(t *testing.T) {
			binary := filepath.Join(pkg, "random.test")
			goTool(t, pkg, target.goarch, "test", "-c", "-o", binary, ".")
			args := []string{binary, "-test.v"}
			if target.emulator != "" {
				path, err := exec.LookPath(target.emulator)
				if err != nil {
					missing(t, target.emulator+" is not installed (apt-get install qemu-user-static)")
				}
				args = append([]string{path}, args...)
			}
			cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
			cmd.Dir = pkg
			out, err := cmd.CombinedOutput()
			if err != nil || !bytes.Contains(out, []byte("--- PASS: TestRandom")) {
				t.Errorf("%v\n%s", err, firstLines(out, 40))
			}
		})
	}
}

// randomPackage is everything but what is generated.
func randomPackage(t *testing.T) []emit.File {
	t.Helper()
	include, err := filepath.Abs("include")
	if err != nil {
		t.Fatal(err)
	}
	reader, err := os.ReadFile("testdata/random_test.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	files := []emit.File{{Name: "random_test.go", Content: reader}}
	values := make(map[string][]randomValue)
	var lines, idents, constants strings.Builder
	members := 0
	for i := range randomPairs {
		w := randomSource(uint64(i + 1))
		files = append(files, emit.File{Name: "c/" + w.name + ".h", Content: []byte(w.types.String())})
		for _, ident := range []struct{ name, flags string }{{"Random", ""}, {"Lent", fmt.Sprintf(" -types-from Random%d", i)}} {
			name := fmt.Sprint(ident.name, i)
			source, list := w.variables()
			members += len(list)
			values[name] = list
			files = append(files, emit.File{Name: "c/" + name + ".c", Content: []byte(source)})
			fmt.Fprintf(&lines, "//go:generate bpfgen -cc clang-19 -target bpfel,bpfeb%s %s c/%s.c -- -Wno-everything -I %s\n", ident.flags, name, name, include)
			fmt.Fprintf(&idents, "\t%q: func() (any, error) { return Open%s() },\n", name, name)
		}
		for _, e := range w.enumerators {
			fmt.Fprintf(&constants, "\t%q: fmt.Sprintf(\"%%d\", Random%d%s) + \" %s\",\n", e.name, i, e.goName, e.value)
		}
	}
	if members < randomMembers {
		t.Errorf("%d members in %d files, want at least %d", members, 2*randomPairs, randomMembers)
	}
	list, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	table := "package random\n\nimport \"fmt\"\n\nvar openers = map[string]func() (any, error){\n" + idents.String() +
		"}\n\n// enumerators are pairs of Go's value and C's.\nvar enumerators = map[string]string{\n" + constants.String() + "}\n"
	return append(files, emit.File{Name: "values.json", Content: list}, emit.File{Name: "table_test.go", Content: []byte(table)},
		emit.File{Name: "gen.go", Content: []byte("package random\n\n" + lines.String())})
}

// randomWarnings are those that random C deserves: what the kernel refuses has a layout
// all the same; a struct that Go gives the bytes of its flexible array is not shared; the
// BTF of enums with a typedef behind the colon does not say whether large values are negative.
var randomWarnings = []string{"unsigned in the BTF", "refused by the kernel", "the kernel refuses", "ends in a flexible array", "end in a flexible array", "of -types-from"}

// generateRandom runs the lines of the package.
func generateRandom(t *testing.T, pkg string) {
	t.Helper()
	bpfgen := filepath.Join(t.TempDir(), "bpfgen")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", bpfgen, "../cmd/bpfgen").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	cmd := exec.CommandContext(t.Context(), bpfgen, "gen", "-no-typecheck", "./...")
	cmd.Dir, cmd.Env = pkg, append(os.Environ(), "BPFGEN_CACHE=off")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, firstLines(out, 40))
	}
	for line := range strings.Lines(string(out)) {
		if strings.Contains(line, "warning: ") && !slices.ContainsFunc(randomWarnings, func(w string) bool { return strings.Contains(line, w) }) {
			t.Error(line)
		}
	}
}

// randomValue is a member of a variable, as a path of names and indices, and
// the number that it is initialised with.
type randomValue struct {
	Variable string
	Path     []any
	Value    string
}

// cType is a scalar, an array or a struct or union.
type cType struct {
	scalar
	elem   *cType
	length int
	record *cRecord
}

// scalar is spelled as in C. One of type float has no bits.
type scalar struct {
	spelling string
	bits     int
	signed   bool
}

// cRecord is a struct or union; without a tag it is written out in its place.
type cRecord struct {
	kind, tag, attribute string
	members              []cMember
}

// cMember without a name is an anonymous struct or padding between bitfields.
type cMember struct {
	name, aligned string
	typ           cType
	bitfield      bool
	bits          int
}

var randomScalars = []scalar{
	{"__u8", 8, false}, {"__s8", 8, true}, {"__u16", 16, false}, {"__s16", 16, true}, {"__u32", 32, false}, {"__s32", 32, true},
	{"__u64", 64, false}, {"__s64", 64, true}, {"bool", 1, false},
	{"enum u8", 8, false}, {"enum s8", 8, true}, {"enum u16", 16, false}, {"enum s16", 16, true},
	{"enum u32", 32, false}, {"enum s32", 32, true}, {"enum u64", 64, false}, {"enum s64", 64, true},
}

const randomEnums = `#include "bpf.h"
enum __packed u8 { U8 = 255 }; enum __packed s8 { S8 = -128 }; enum __packed u16 { U16 = 65535 }; enum __packed s16 { S16 = -32768 };
enum u32 { U32 = 0xffffffffU }; enum s32 { S32 = -0x7fffffff - 1 }; enum u64 { U64 = -1ULL }; enum s64 { S64 = -0x7fffffffffffffffLL - 1 };
`

// randomWriter writes types, and variables of them.
type randomWriter struct {
	*rand.Rand
	name        string // of the header
	types       strings.Builder
	declared    []*cRecord
	enumerators []randomEnumerator
	values      []randomValue
	names       int
	// records are the last few, which others hold.
	records []*cRecord
}

// randomEnumerator is one with its value and the end of its Go name.
type randomEnumerator struct{ name, goName, value string }

func randomSource(seed uint64) *randomWriter {
	w := &randomWriter{Rand: rand.New(rand.NewPCG(seed, seed)), name: fmt.Sprintf("types%d", seed)}
	w.types.WriteString(randomEnums)
	w.enum()
	for i := range randomTypes {
		r := w.record(0)
		r.tag = fmt.Sprintf("t%d", i)
		fmt.Fprintf(&w.types, "%s %s { %s} %s;\n", r.kind, r.tag, r.body(), r.attribute)
		if !r.hasData() {
			continue
		}
		w.declared = append(w.declared, r)
		if w.records = append(w.records, r); len(w.records) > 8 {
			w.records = w.records[1:]
		}
	}
	return w
}

// enum writes one of a random size and sign.
func (w *randomWriter) enum() {
	bits, signed := pick(w, 8, 16, 32, 64), w.chance(50)
	var list []string
	for i := range 2 + w.IntN(5) {
		v := w.Uint64() >> (64 - bits)
		value, literal := fmt.Sprint(v), fmt.Sprintf("%dULL", v)
		if signed {
			n := int64(v<<(64-bits)) >> (64 - bits)
			value, literal = fmt.Sprint(n), fmt.Sprintf("(__s64)%dULL", uint64(n))
		}
		name := fmt.Sprintf("WORD_%c%d", 'A'+w.IntN(26), i)
		list = append(list, name+" = "+literal)
		w.enumerators = append(w.enumerators, randomEnumerator{w.name + " " + name, "Numbers" + "Word" + name[len("WORD_"):], value})
	}
	fmt.Fprintf(&w.types, "enum __packed numbers { %s };\n", strings.Join(list, ", "))
}

// variables is a C file with one of each type, and their values.
func (w *randomWriter) variables() (string, []randomValue) {
	w.values = nil
	var source strings.Builder
	fmt.Fprintf(&source, "#include %q\nenum numbers number;\n", w.name+".h")
	for _, r := range w.declared {
		variable := "v" + r.tag
		fmt.Fprintf(&source, "%s %s %s = %s;\n", r.kind, r.tag, variable, w.initial(cType{record: r}, variable, nil))
	}
	source.WriteString("char _license[] SEC(\"license\") = \"GPL\";\n")
	return source.String(), w.values
}

// chance is true so many times in a hundred.
func (w *randomWriter) chance(percent int) bool { return w.IntN(100) < percent }

func pick[T any](w *randomWriter, list ...T) T { return list[w.IntN(len(list))] }

func (w *randomWriter) newName() string {
	w.names++
	return fmt.Sprintf("m%dx", w.names)
}

func (w *randomWriter) record(depth int) *cRecord {
	r := &cRecord{kind: pick(w, "struct", "struct", "union"), attribute: pick(w, "", "", "__packed", "__aligned(8)")}
	for range 1 + w.IntN(6) {
		r.members = append(r.members, w.member(depth))
	}
	return r
}

func (w *randomWriter) member(depth int) cMember {
	switch {
	case w.chance(25):
		return w.bitfield()
	case depth < 3 && w.chance(20):
		inner := cType{record: w.record(depth + 1)}
		switch {
		case w.chance(60):
			return cMember{typ: inner}
		case w.chance(50):
			return cMember{name: w.newName(), typ: cType{elem: &inner, length: 1 + w.IntN(3)}}
		}
		return cMember{name: w.newName(), typ: inner}
	case w.chance(6): // no data
		elem := w.typ(2)
		return cMember{name: w.newName(), typ: cType{elem: &elem}}
	}
	return cMember{name: w.newName(), typ: w.typ(0), aligned: pick(w, "", "", "", "", "", "", "", "__aligned(2)", "__aligned(8)", "__aligned(16)")}
}

// bitfield is one in ten times without a name.
func (w *randomWriter) bitfield() cMember {
	s := pick(w, randomScalars...)
	if w.chance(10) {
		return cMember{typ: cType{scalar: s}, bitfield: true, bits: pick(w, 0, 1)}
	}
	return cMember{name: w.newName(), typ: cType{scalar: s}, bitfield: true, bits: 1 + w.IntN(s.bits)}
}

// typ is one that can be named.
func (w *randomWriter) typ(depth int) cType {
	switch {
	case depth < 3 && w.chance(20):
		elem := w.typ(depth + 1)
		return cType{elem: &elem, length: pick(w, 1, 2, 3, 5)}
	case len(w.records) > 0 && w.chance(20):
		return cType{record: pick(w, w.records...)}
	case w.chance(12):
		return cType{scalar: scalar{spelling: pick(w, "float", "double")}}
	}
	return cType{scalar: pick(w, randomScalars...)}
}

// declare is a declaration of the name.
func (t cType) declare(name string) string {
	switch r := t.record; {
	case t.elem != nil:
		return t.elem.declare(fmt.Sprintf("%s[%d]", name, t.length))
	case r == nil:
		return t.spelling + " " + name
	case r.tag != "":
		return r.kind + " " + r.tag + " " + name
	default:
		return fmt.Sprintf("%s { %s} %s %s", r.kind, r.body(), r.attribute, name)
	}
}

func (r *cRecord) body() string {
	var body strings.Builder
	for _, m := range r.members {
		body.WriteString(m.typ.declare(m.name))
		if m.bitfield {
			fmt.Fprintf(&body, " : %d", m.bits)
		}
		fmt.Fprintf(&body, " %s; ", m.aligned)
	}
	return body.String()
}

func (t cType) hasData() bool {
	switch {
	case t.elem != nil:
		return t.length > 0 && t.elem.hasData()
	case t.record != nil:
		return t.record.hasData()
	}
	return true
}

func (r *cRecord) hasData() bool { return len(r.withData()) > 0 }

// withData are the members that an initialiser can name.
func (r *cRecord) withData() []cMember {
	var list []cMember
	for _, m := range r.members {
		if m.typ.hasData() && (m.name != "" || !m.bitfield) {
			list = append(list, m)
		}
	}
	return list
}

// initial is an initialiser with random values, which are noted down.
func (w *randomWriter) initial(t cType, variable string, path []any) string {
	var list []string
	switch {
	case t.elem != nil:
		for i := range t.length {
			list = append(list, w.initial(*t.elem, variable, extended(path, i)))
		}
	case t.record != nil:
		list = w.initialMembers(t.record, variable, path)
	default:
		return w.number(t.scalar, variable, path)
	}
	return "{" + strings.Join(list, ", ") + "}"
}

// initialMembers are those of a struct, and one of a union.
func (w *randomWriter) initialMembers(r *cRecord, variable string, path []any) []string {
	members := r.withData()
	if r.kind == "union" {
		members = []cMember{pick(w, members...)}
	}
	var list []string
	for _, m := range members {
		if m.name == "" { // its members are named as if they were ours
			list = append(list, w.initialMembers(m.typ.record, variable, path)...)
			continue
		}
		typ := m.typ
		if m.bitfield {
			typ.bits = m.bits
		}
		list = append(list, "."+m.name+" = "+w.initial(typ, variable, extended(path, m.name)))
	}
	return list
}

func extended(path []any, step any) []any { return append(path[:len(path):len(path)], step) }

// number is random, and all bits set now and then.
func (w *randomWriter) number(s scalar, variable string, path []any) string {
	value, literal := "", ""
	if s.bits == 0 {
		value = fmt.Sprint(float64(w.IntN(8000)-4000) / 4)
		literal = value
	} else {
		bits := w.Uint64()
		if w.chance(20) {
			bits = ^uint64(0)
		}
		bits >>= 64 - s.bits
		literal = fmt.Sprintf("(%s)%dULL", strings.Replace(s.spelling, "bool", "__u8", 1), bits)
		value = fmt.Sprint(bits)
		if s.signed {
			signed := int64(bits<<(64-s.bits)) >> (64 - s.bits)
			literal, value = fmt.Sprintf("(%s)%dULL", s.spelling, uint64(signed)), fmt.Sprint(signed)
		}
	}
	w.values = append(w.values, randomValue{variable, path, value})
	return literal
}
