package btfparse

// Here the library's loader is the oracle: over every object of the
// cilium/ebpf module and every golden object that it accepts, maps, programs
// and variables must be what it makes of them.

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/google/go-cmp/cmp"
)

// objects are the paths of all test objects.
func objects(t testing.TB) []string {
	t.Helper()
	module, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/cilium/ebpf").Output()
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, root := range []string{strings.TrimSpace(string(module)), "../golden"} {
		found := 0
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if ext := filepath.Ext(path); ext == ".o" || ext == ".elf" {
				paths = append(paths, path)
				found++
			}
			return err
		})
		if err != nil || found == 0 {
			t.Fatalf("%d objects in %s, %v", found, root, err)
		}
	}
	return paths
}

// shortName is the file with its last folder, the same on every machine.
func shortName(path string) string {
	return filepath.Base(filepath.Dir(path)) + "/" + filepath.Base(path)
}

func parseFile(t testing.TB, path string) (*Object, error) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	return Parse(shortName(path), f)
}

// brokenObjects are the only ones that give no Object.
var brokenObjects = map[string]string{
	"testdata/invalid_btf_map_init-el.elf":   "testdata/invalid_btf_map_init-el.elf: map hash_map: the definition is initialised (byte 8 is not zero), but definitions in .maps hold only types; remove the initialiser",
	"testdata/invalid_btf_map_init-eb.elf":   "testdata/invalid_btf_map_init-eb.elf: map hash_map: the definition is initialised (byte 15 is not zero), but definitions in .maps hold only types; remove the initialiser",
	"map-initialised/mapinitialised_bpfel.o": "map-initialised/mapinitialised_bpfel.o: map values: the definition is initialised (byte 8 is not zero), but definitions in .maps hold only types; remove the initialiser",
	"map-initialised/mapinitialised_bpfeb.o": "map-initialised/mapinitialised_bpfeb.o: map values: the definition is initialised (byte 15 is not zero), but definitions in .maps hold only types; remove the initialiser",
}

func TestObjectsAgreeWithTheLibrary(t *testing.T) {
	agreed := 0
	for _, path := range objects(t) {
		t.Run(shortName(path), func(t *testing.T) {
			obj, err := parseFile(t, path)
			if want := brokenObjects[shortName(path)]; err != nil || want != "" {
				if fmt.Sprint(err) != want {
					t.Fatalf("error %v\nwant  %s", err, want)
				}
				return
			}
			spec, err := ebpf.LoadCollectionSpec(path)
			if (err == nil) != (obj.LoadError == nil) {
				t.Fatalf("LoadError is %v, the library says %v", obj.LoadError, err)
			}
			if err != nil {
				checkRefused(t, obj)
				return
			}
			agreed++
			compare(t, "maps", ourMaps(obj), libraryMaps(t, spec))
			compare(t, "programs", ourPrograms(obj), libraryPrograms(spec))
			compare(t, "variables", ourVariables(obj), libraryVariables(t, spec))
			compare(t, "kconfig", ourKconfig(obj), libraryKconfig(t, spec))
			compare(t, "types", ourTypes(obj), libraryTypes(t, spec))
		})
	}
	if agreed < 150 {
		t.Errorf("only %d objects were compared", agreed)
	}
}

func compare(t *testing.T, what string, ours, library []string) {
	t.Helper()
	if diff := cmp.Diff(library, ours); diff != "" {
		t.Errorf("%s (-library +ours):\n%s", what, diff)
	}
}

// checkRefused wants the reason beside the library's own words.
func checkRefused(t *testing.T, obj *Object) {
	t.Helper()
	for _, w := range obj.Warnings {
		if w.Path != "" && w.Remedy != "" && w.Fails {
			return
		}
	}
	t.Errorf("the library says %q, no warning says what to change:\n%v", obj.LoadError, obj.Warnings)
}

func ourMaps(obj *Object) []string {
	var lines []string
	for _, m := range obj.Maps {
		if m.Section == "?.struct_ops.link" || m.Section == "?.struct_ops" {
			continue // the library ignores these
		}
		lines = append(lines, ourMap(m))
	}
	slices.Sort(lines)
	return lines
}

func ourMap(m *Map) string {
	contents := ""
	if m.Type != MapStructOps {
		for _, slot := range m.Contents {
			contents += fmt.Sprintf(" %d=%s", slot.Key, slot.Name)
		}
	}
	s := fmt.Sprintf("%s type %d key %d/%d %s value %d %s flags %#x pin %d extra %d tags %q contents%s", m.Name, m.Type, m.KeySize, m.MaxEntries,
		ourType(m.Key), m.ValueSize, ourType(m.Value), m.Flags, m.Pinning, m.MapExtra, m.Tags, contents)
	if m.Inner != nil {
		s += " of " + ourMap(m.Inner)
	}
	return s
}

func libraryMaps(t *testing.T, spec *ebpf.CollectionSpec) []string {
	var lines []string
	for name, m := range spec.Maps {
		if strings.HasPrefix(name, ".") {
			continue // a data section
		}
		m.Name = name
		lines = append(lines, libraryMap(t, m))
	}
	slices.Sort(lines)
	return lines
}

func libraryMap(t *testing.T, m *ebpf.MapSpec) string {
	contents, tags := "", m.Tags
	if m.Type == ebpf.StructOpsMap {
		m.Key = nil // made up by the library
		tags = nil
	} else {
		for _, kv := range m.Contents {
			contents += fmt.Sprintf(" %v=%v", kv.Key, kv.Value)
		}
	}
	s := fmt.Sprintf("%s type %d key %d/%d %s value %d %s flags %#x pin %d extra %d tags %q contents%s", m.Name, m.Type, m.KeySize, m.MaxEntries,
		libraryType(t, m.Key), m.ValueSize, libraryType(t, m.Value), m.Flags, m.Pinning, m.MapExtra, tags, contents)
	if m.InnerMap != nil {
		s += " of " + libraryMap(t, m.InnerMap)
	}
	return s
}

// ourType and libraryType reduce a type to what both sides can say alike: the
// kind with name and size, through arrays.
func ourType(t Type) string {
	switch t := Underlying(t).(type) {
	case nil:
		return "-"
	case *Int:
		return fmt.Sprintf("int%d/%d", t.Encoding, t.Bytes)
	case *Float:
		return fmt.Sprintf("float/%d", t.Bytes)
	case *Enum:
		return fmt.Sprintf("enum %s/%d/%d", ourTag(t.Name, t.FromTypedef), t.Bytes, len(t.Values))
	case *Struct:
		return fmt.Sprintf("struct %s/%d/%d", ourTag(t.Name, t.FromTypedef), t.Bytes, len(t.Fields))
	case *Array:
		return fmt.Sprintf("%s[%d]", ourType(t.Elem), t.Len)
	case *Pointer:
		return "pointer"
	default:
		return "none"
	}
}

func ourTag(name string, typedef bool) string {
	if typedef {
		return ""
	}
	return name
}

func libraryType(t *testing.T, typ btf.Type) string {
	if typ == nil {
		return "-"
	}
	switch typ := btf.UnderlyingType(typ).(type) {
	case *btf.Int:
		return fmt.Sprintf("int%d/%d", map[btf.IntEncoding]int{btf.Signed: 1, btf.Bool: 2}[typ.Encoding], typ.Size)
	case *btf.Float:
		return fmt.Sprintf("float/%d", typ.Size)
	case *btf.Enum:
		return fmt.Sprintf("enum %s/%d/%d", typ.Name, typ.Size, len(typ.Values))
	case *btf.Struct:
		return fmt.Sprintf("struct %s/%d/%d", typ.Name, typ.Size, len(typ.Members))
	case *btf.Union:
		return fmt.Sprintf("struct %s/%d/%d", typ.Name, typ.Size, len(typ.Members))
	case *btf.Array:
		return fmt.Sprintf("%s[%d]", libraryType(t, typ.Type), typ.Nelems)
	case *btf.Pointer:
		return "pointer"
	case *btf.Void, *btf.Fwd, *btf.FuncProto:
		return "none"
	default:
		t.Errorf("the library has a variable or map of type %T", typ)
		return ""
	}
}

func ourPrograms(obj *Object) []string {
	var lines []string
	for _, p := range obj.Programs {
		typ, attach, target, flags := p.Type, p.AttachType, p.Target, 0
		if p.Sleepable {
			flags |= 1 << 4 // BPF_F_SLEEPABLE
		}
		if p.Frags {
			flags |= 1 << 5 // BPF_F_XDP_HAS_FRAGS
		}
		for _, def := range SectionDefs() {
			if def.Prefix == p.Prefix && def.NotInCilium {
				typ, attach, target, flags = ProgUnspec, AttachNone, "", 0
			}
		}
		lines = append(lines, fmt.Sprintf("%s %s type %d attach %d to %q flags %d license %q", p.Name, p.Section, typ, attach, target, flags, obj.License))
	}
	slices.Sort(lines)
	return lines
}

func libraryPrograms(spec *ebpf.CollectionSpec) []string {
	var lines []string
	for name, p := range spec.Programs {
		if p.Type == ebpf.StructOps {
			p.AttachTo = "" // from the map that holds it, not from the section
		}
		lines = append(lines, fmt.Sprintf("%s %s type %d attach %d to %q flags %d license %q", name, p.SectionName, p.Type, p.AttachType, p.AttachTo, p.Flags, p.License))
	}
	slices.Sort(lines)
	return lines
}

func ourVariables(obj *Object) []string {
	var lines []string
	for _, v := range obj.Variables {
		if v.Static || v.Kind != VarData && v.Kind != VarConst || strings.HasPrefix(v.Section, ".bss.") {
			continue // what the library does not show
		}
		lines = append(lines, fmt.Sprintf("%s %s+%d %d bytes %s tags %q const %v", v.Name, v.Section, v.Offset, v.Size, ourType(v.Type), v.Tags, v.Kind == VarConst))
	}
	slices.Sort(lines)
	return lines
}

func libraryVariables(t *testing.T, spec *ebpf.CollectionSpec) []string {
	var lines []string
	for name, v := range spec.Variables {
		var typ btf.Type
		var tags []string
		if v.Type != nil {
			typ, tags = v.Type.Type, v.Type.Tags
		}
		constant := strings.HasPrefix(v.SectionName, ".rodata")
		lines = append(lines, fmt.Sprintf("%s %s+%d %d bytes %s tags %q const %v", name, v.SectionName, v.Offset, v.Size(), libraryType(t, typ), tags, constant))
	}
	slices.Sort(lines)
	return lines
}

func ourKconfig(obj *Object) []string {
	var lines []string
	for _, v := range obj.Variables {
		if v.Kind == VarKconfig {
			lines = append(lines, fmt.Sprintf("%s+%d %s", v.Name, v.Offset, ourType(v.Type)))
		}
	}
	slices.Sort(lines)
	return lines
}

func libraryKconfig(t *testing.T, spec *ebpf.CollectionSpec) []string {
	var section *btf.Datasec
	if spec.Types == nil || spec.Types.TypeByName(".kconfig", &section) != nil {
		return nil
	}
	var lines []string
	for _, info := range section.Vars {
		v := info.Type.(*btf.Var)
		lines = append(lines, fmt.Sprintf("%s+%d %s", v.Name, info.Offset, libraryType(t, v.Type)))
	}
	slices.Sort(lines)
	return lines
}

func ourTypes(obj *Object) []string {
	var lines []string
	for _, t := range obj.Types {
		if s, ok := t.(*Struct); ok && !s.FromTypedef {
			lines = append(lines, ourStruct(s))
		}
	}
	slices.Sort(lines)
	return lines
}

func ourStruct(s *Struct) string {
	line := fmt.Sprintf("%s %d bytes tags %q:", s.CName(), s.Bytes, s.Tags)
	for _, f := range s.Fields {
		width := uint32(0)
		if f.Bitfield {
			width = f.SizeBits
		}
		line += fmt.Sprintf(" %s+%d:%d %s %q;", f.Name, f.OffsetBits, width, ourType(f.Type), f.Tags)
	}
	return line
}

// libraryTypes has every named struct and union once.
func libraryTypes(t *testing.T, spec *ebpf.CollectionSpec) []string {
	if spec.Types == nil {
		return nil
	}
	var lines []string
	for typ, err := range spec.Types.All() {
		if err != nil {
			t.Fatal(err)
		}
		switch typ := typ.(type) {
		case *btf.Struct:
			if typ.Name != "" && !isTruncated(typ.Size, typ.Members) { // of which BTF has no size
				lines = append(lines, libraryStruct(t, "struct "+typ.Name, typ.Size, typ.Tags, typ.Members))
			}
		case *btf.Union:
			if typ.Name != "" {
				lines = append(lines, libraryStruct(t, "union "+typ.Name, typ.Size, typ.Tags, typ.Members))
			}
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

func libraryStruct(t *testing.T, name string, size uint32, tags []string, members []btf.Member) string {
	line := fmt.Sprintf("%s %d bytes tags %q:", name, size, tags)
	for _, m := range members {
		line += fmt.Sprintf(" %s+%d:%d %s %q;", m.Name, m.Offset, m.BitfieldSize, libraryType(t, m.Type), m.Tags)
	}
	return line
}

// Two parses of the same bytes, and the two byte orders of one C file, must
// not differ.
func TestParseIsDeterministic(t *testing.T) {
	dumps := make(map[string]string)
	for _, path := range objects(t) {
		first, err := parseFile(t, path)
		if err != nil {
			continue
		}
		second, err := parseFile(t, path)
		if err != nil {
			t.Fatal(err)
		}
		dumps[path] = dump(first)
		if diff := cmp.Diff(dumps[path], dump(second)); diff != "" {
			t.Errorf("%s: two parses differ:\n%s", shortName(path), diff)
		}
	}
	pairs := 0
	for _, path := range slices.Sorted(maps.Keys(dumps)) {
		other := strings.Replace(path, "_bpfel.o", "_bpfeb.o", 1)
		if other == path || dumps[other] == "" || !strings.HasPrefix(path, "../golden") || asksByteOrder(t, path) {
			continue
		}
		pairs++
		if diff := cmp.Diff(orderless(dumps[path]), orderless(dumps[other])); diff != "" {
			t.Errorf("%s: the byte orders differ:\n%s", shortName(path), diff)
		}
	}
	if pairs < 30 {
		t.Errorf("only %d pairs of byte orders", pairs)
	}
}

// asksByteOrder says whether the C of an object is another one in each byte order.
func asksByteOrder(t *testing.T, object string) bool {
	dir := filepath.Dir(object)
	source, err := os.ReadFile(filepath.Join(dir, filepath.Base(dir)+".c"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(source), "__BYTE_ORDER__") || strings.Contains(object, "targets-")
}

func dump(o *Object) string {
	var b strings.Builder
	o.Dump(&b)
	return b.String()
}

// orderless removes what is right to differ: the order itself, and the
// library's own words.
func orderless(dump string) string {
	var lines []string
	for line := range strings.Lines(dump) {
		if strings.HasPrefix(line, "byte order") || strings.HasPrefix(line, "warning: cilium/ebpf v0.22 cannot load the object: ") {
			continue
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "")
}
