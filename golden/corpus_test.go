package golden

// The corpus: objects that others wrote. All of cilium/ebpf's own test objects
// and examples, and all that the executables of Debian's libbpf-tools carry.
// Each must give a package that go vet likes on every GOARCH of its byte
// order; those that are broken on purpose, a clear error.

import (
	"bytes"
	"debug/elf"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit"
	"github.com/bpfgen/bpfgen/internal/target"
)

// Sizes of the corpus. A smaller one means that a part was not found.
const (
	ciliumObjects      = 102 // cilium/ebpf v0.22.0
	libbpfToolsObjects = 52  // libbpf-tools 0.26.0
)

// corpusObject is one object with a name that can be a directory.
type corpusObject struct {
	name    string
	content []byte
}

// broken are the objects of the corpus that give no package: what the error
// says, and why there must be one.
var broken = map[string]struct{ says, why string }{
	"ebpf/testdata/invalid_btf_map_init-el": initialised,
	"ebpf/testdata/invalid_btf_map_init-eb": initialised,
}

var initialised = struct{ says, why string }{
	says: "map hash_map: the definition is initialised",
	why:  "its author wrote values into a definition of types, so nobody knows what the map should be",
}

// TestCorpus generates the bindings of every object, vets them all at once and
// looks for every member.
func TestCorpus(t *testing.T) {
	dir := newModule(t)
	generated := make(map[string][]generatedPackage) // by GOARCH
	for _, o := range corpus(t) {
		files, warnings, err := o.generate()
		if b, ok := broken[o.name]; ok {
			if err == nil || !regexp.MustCompile(b.says).MatchString(err.Error()) {
				t.Errorf("%s: got error %v, want one that says %q (%s)", o.name, err, b.says, b.why)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", o.name, err)
			continue
		}
		writePackage(t, filepath.Join(dir, o.name), files)
		spec, err := specOf(o.content)
		if errors.Is(err, btf.ErrNotFound) {
			continue // no BTF: sizes are all that is known
		}
		if err != nil {
			t.Errorf("%s: %v", o.name, err)
			continue
		}
		goarch := o.goarch()
		generated[goarch] = append(generated[goarch],
			generatedPackage{dir: filepath.Join(dir, o.name), ident: "Object", spec: spec, warnings: texts(warnings)})
	}
	for _, goarch := range goarchs {
		goTool(t, dir, goarch, "vet", "./...")
	}
	logMembers(t, generated)
}

// TestCorpusTypes declares every named type of every object, also those that
// no map and no variable uses, and looks for every member.
func TestCorpusTypes(t *testing.T) {
	dir := t.TempDir()
	generated := make(map[string][]generatedPackage)
	for _, o := range corpus(t) {
		spec, err := specOf(o.content)
		if _, ok := broken[o.name]; ok || errors.Is(err, btf.ErrNotFound) || err == nil && !hasNamed(spec) {
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", o.name, err)
			continue
		}
		files, warnings, err := o.emit(emit.Options{Package: "object", Ident: "Object", Types: []string{"*"}, TypesOnly: true})
		if err != nil {
			t.Errorf("%s: %v", o.name, err)
			continue
		}
		writePackage(t, filepath.Join(dir, o.name), files)
		goarch := o.goarch()
		generated[goarch] = append(generated[goarch],
			generatedPackage{dir: filepath.Join(dir, o.name), ident: "Object", spec: spec, warnings: texts(warnings), allTypes: true})
	}
	logMembers(t, generated)
}

// hasNamed says whether there is any struct, union or enum with a name.
func hasNamed(spec *btf.Spec) bool {
	for typ := range spec.All() {
		switch typ := typ.(type) {
		case *btf.Struct, *btf.Union, *btf.Enum:
			if typ.TypeName() != "" {
				return true
			}
		}
	}
	return false
}

// logMembers checks packages by GOARCH.
func logMembers(t *testing.T, generated map[string][]generatedPackage) {
	t.Helper()
	var sum tally
	for goarch, list := range generated {
		sum.add(checkMembers(t, goarch, list))
	}
	t.Log(sum)
}

// goarch is one that the object is for.
func (o corpusObject) goarch() string {
	if elf.Data(o.content[elf.EI_DATA]) == elf.ELFDATA2MSB {
		return "s390x"
	}
	return "amd64"
}

var corpusOnce = sync.OnceValues(findCorpus)

func corpus(t *testing.T) []corpusObject {
	t.Helper()
	objects, err := corpusOnce()
	if err != nil {
		missing(t, err.Error())
	}
	return objects
}

func findCorpus() ([]corpusObject, error) {
	library, err := objectsOfLibrary()
	if err != nil {
		return nil, err
	}
	tools, err := objectsOfTools()
	if err != nil {
		return nil, err
	}
	return append(library, tools...), nil
}

// objectsOfLibrary are the objects in the module of cilium/ebpf.
func objectsOfLibrary() ([]corpusObject, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/cilium/ebpf").Output()
	if err != nil {
		return nil, fmt.Errorf("go list -m github.com/cilium/ebpf: %w", err)
	}
	root := strings.TrimSpace(string(out))
	var objects []corpusObject
	err = filepath.WalkDir(root, func(path string, e fs.DirEntry, err error) error {
		ext := filepath.Ext(path)
		if err != nil || e.IsDir() || ext != ".o" && ext != ".elf" {
			return err
		}
		content, err := os.ReadFile(path)
		name := strings.TrimSuffix(strings.TrimPrefix(path, root+"/"), ext)
		objects = append(objects, corpusObject{"ebpf/" + name, content})
		return err
	})
	if err == nil && len(objects) != ciliumObjects {
		err = fmt.Errorf("%s has %d objects, want %d", root, len(objects), ciliumObjects)
	}
	return objects, err
}

// objectsOfTools are the objects that libbpf's skeletons put into the
// executables of Debian's package libbpf-tools.
func objectsOfTools() ([]corpusObject, error) {
	out, err := exec.Command("dpkg", "-L", "libbpf-tools").Output()
	if err != nil {
		return nil, fmt.Errorf("libbpf-tools is not installed (apt-get install libbpf-tools): %w", err)
	}
	var objects []corpusObject
	for path := range strings.FieldsSeq(string(out)) {
		if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		for i, object := range carve(content) {
			name := fmt.Sprintf("libbpf-tools/%s_%d", filepath.Base(path), i)
			objects = append(objects, corpusObject{name, object})
		}
	}
	if len(objects) != libbpfToolsObjects {
		return nil, fmt.Errorf("libbpf-tools has %d objects, want %d", len(objects), libbpfToolsObjects)
	}
	return objects, nil
}

// carve finds the little-endian eBPF objects inside an executable. Where one
// ends is told by its section headers, which clang and libbpf's linker put last.
func carve(executable []byte) [][]byte {
	magic := []byte(elf.ELFMAG + "\x02\x01\x01")
	var objects [][]byte
	for at := 0; ; at++ {
		i := bytes.Index(executable[at:], magic)
		if i < 0 {
			return objects
		}
		at += i
		f, err := elf.NewFile(bytes.NewReader(executable[at:]))
		if err != nil || f.Machine != elf.EM_BPF {
			continue
		}
		header := executable[at:]
		end := f.ByteOrder.Uint64(header[0x28:]) + // e_shoff
			uint64(f.ByteOrder.Uint16(header[0x3a:]))*uint64(f.ByteOrder.Uint16(header[0x3c:])) // e_shentsize, e_shnum
		objects = append(objects, executable[at:at+int(end)])
	}
}

// generate makes the package of an object, under an ident that exports all.
func (o corpusObject) generate() ([]emit.File, []btfparse.Diagnostic, error) {
	files, warnings, err := o.emit(emit.Options{Package: "object", Ident: "Object"})
	return append(files, emit.File{Name: "object.o", Content: o.content}), warnings, err
}

func (o corpusObject) emit(opts emit.Options) ([]emit.File, []btfparse.Diagnostic, error) {
	object, err := btfparse.Parse(o.name, bytes.NewReader(o.content))
	if err != nil {
		return nil, nil, err
	}
	id := "bpfel"
	if o.goarch() == "s390x" {
		id = "bpfeb"
	}
	info, err := target.Find(id)
	if err != nil {
		return nil, nil, err
	}
	target := emit.Target{Name: id, GOARCH: info.GOARCH, Object: object, ObjectFile: "object.o"}
	plan, err := emit.NewPlan([]emit.Target{target}, opts)
	if err != nil {
		return nil, nil, err
	}
	files, err := plan.Files()
	return files, plan.Warnings, err
}

// newModule makes a module for generated packages: this one's requirements,
// and this one itself. Without the paths in the packages, the go command's
// cache knows them again in the next run.
func newModule(t *testing.T) string {
	t.Helper()
	t.Setenv("GOFLAGS", "-trimpath")
	repo, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	mod, err := os.ReadFile(filepath.Join(repo, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	const path = "github.com/bpfgen/bpfgen"
	mod = bytes.Replace(mod, []byte("module "+path), []byte("module corpus"), 1)
	mod = fmt.Appendf(mod, "\nrequire %s v0.0.0\nreplace %s => %s\n", path, path, repo)
	sum, err := os.ReadFile(filepath.Join(repo, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	writePackage(t, dir, []emit.File{{Name: "go.mod", Content: mod}, {Name: "go.sum", Content: sum}})
	return dir
}

func writePackage(t *testing.T, dir string, files []emit.File) {
	t.Helper()
	for _, f := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, f.Name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, f.Name), f.Content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
