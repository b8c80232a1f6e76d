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
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit"
)

const (
	randomSeed  = 1
	randomTypes = 150
	// randomMembers is the least that so many types have.
	randomMembers = 1500
)

// TestRandomLayout runs testdata/random_test.go.txt, as a test of the generated
// package, on this machine and as a big-endian one.
func TestRandomLayout(t *testing.T) {
	if _, err := exec.LookPath("clang-19"); err != nil {
		missing(t, "clang-19 is not installed (apt-get install clang-19 llvm-19)")
	}
	source, values := randomSource(randomSeed, randomTypes)
	if len(values) < randomMembers {
		t.Errorf("%d members in %d types, want at least %d", len(values), randomTypes, randomMembers)
	}
	dir := newModule(t)
	for _, target := range []struct{ name, goarch, emulator string }{
		{"bpfel", "amd64", ""}, {"bpfeb", "s390x", "qemu-s390x-static"},
	} {
		t.Run(target.goarch, func(t *testing.T) {
			pkg := filepath.Join(dir, target.name)
			writePackage(t, pkg, randomPackage(t, target.name, source, values))
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
				t.Errorf("seed %d: %v\n%s", randomSeed, err, firstLines(out, 40))
			}
		})
	}
}

// randomPackage compiles the source and generates its package, with its test.
func randomPackage(t *testing.T, target, source string, values []randomValue) []emit.File {
	t.Helper()
	object := filepath.Join(t.TempDir(), "random.o")
	cmd := exec.CommandContext(t.Context(), "clang-19", "-O2", "-g", "-target", target, "-I", "include", "-Wno-everything", "-x", "c", "-c", "-o", object, "-")
	cmd.Stdin = strings.NewReader(source)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %v\n%s", cmd, err, firstLines(out, 20))
	}
	content, err := os.ReadFile(object)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := btfparse.Parse("random.o", bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	plan, err := emit.NewPlan([]emit.Target{{Name: target, Object: parsed, ObjectFile: "random.o", Embedded: content}}, emit.Options{Package: "random", Ident: "Random"})
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range plan.Warnings {
		if w.Fails { // what the kernel refuses has a layout all the same
			continue
		}
		t.Errorf("warning: %s", w)
	}
	files, err := plan.Files()
	if err != nil {
		t.Fatal(err)
	}
	list, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := os.ReadFile("testdata/random_test.go.txt")
	if err != nil {
		t.Fatal(err)
	}
	return append(files, emit.File{Name: "random.o", Content: content}, emit.File{Name: "values.json", Content: list},
		emit.File{Name: "random_test.go", Content: reader})
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
	source strings.Builder
	values []randomValue
	names  int
	// records are the last few, which others hold.
	records []*cRecord
}

func randomSource(seed uint64, types int) (string, []randomValue) {
	w := &randomWriter{Rand: rand.New(rand.NewPCG(seed, seed))}
	w.source.WriteString(randomEnums)
	for i := range types {
		r := w.record(0)
		r.tag = fmt.Sprintf("t%d", i)
		fmt.Fprintf(&w.source, "%s %s { %s} %s;\n", r.kind, r.tag, r.body(), r.attribute)
		if !r.hasData() {
			continue
		}
		if w.records = append(w.records, r); len(w.records) > 8 {
			w.records = w.records[1:]
		}
		variable := fmt.Sprintf("v%d", i)
		fmt.Fprintf(&w.source, "%s %s %s = %s;\n", r.kind, r.tag, variable, w.initial(cType{record: r}, variable, nil))
	}
	w.source.WriteString("char _license[] SEC(\"license\") = \"GPL\";\n")
	return w.source.String(), w.values
}

// chance is true so many times in a hundred.
func (w *randomWriter) chance(percent int) bool { return w.IntN(100) < percent }

func pick[T any](w *randomWriter, list ...T) T { return list[w.IntN(len(list))] }

func (w *randomWriter) name() string {
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
			return cMember{name: w.name(), typ: cType{elem: &inner, length: 1 + w.IntN(3)}}
		}
		return cMember{name: w.name(), typ: inner}
	case w.chance(6): // no data
		elem := w.typ(2)
		return cMember{name: w.name(), typ: cType{elem: &elem}}
	}
	return cMember{name: w.name(), typ: w.typ(0), aligned: pick(w, "", "", "", "", "", "", "", "__aligned(2)", "__aligned(8)", "__aligned(16)")}
}

// bitfield is one in ten times without a name.
func (w *randomWriter) bitfield() cMember {
	s := pick(w, randomScalars...)
	if w.chance(10) {
		return cMember{typ: cType{scalar: s}, bitfield: true, bits: pick(w, 0, 1)}
	}
	return cMember{name: w.name(), typ: cType{scalar: s}, bitfield: true, bits: 1 + w.IntN(s.bits)}
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
