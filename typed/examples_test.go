package typed_test

import (
	"go/ast"
	"go/doc"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/golden/hooks"
	mapsall "github.com/bpfgen/bpfgen/golden/maps-all"
	"github.com/bpfgen/bpfgen/typed"
)

// Every class of maps, reader, family of hooks and fake is used by an Example, which
// is found in the source of the Examples.

// used are the names that Examples use: "typed.XDP", "mapsall.MapsAllHashMap",
// "typedtest.NewHash", "ctypes.Bits"; and "Maps.Hash" for bpf.Maps.Hash.
type used map[string]bool

// addFile adds what the Examples of a file use: their types are those of the name
// (ExampleReader_Next), of what is selected from a package, and of the fields of
// Programs.
func (u used) addFile(t *testing.T, path, pkg string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	programs := programTypes()
	for _, f := range examples(file) {
		name, _, _ := strings.Cut(strings.TrimPrefix(f.Name.Name, "Example"), "_")
		u[pkg+"."+name] = true
		ast.Inspect(f.Body, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				u.addSelector(sel, programs)
			}
			return true
		})
	}
}

// examples are the Examples of a file.
func examples(file *ast.File) (all []*ast.FuncDecl) {
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && strings.HasPrefix(f.Name.Name, "Example") {
			all = append(all, f)
		}
	}
	return all
}

func (u used) addSelector(sel *ast.SelectorExpr, programs map[string]string) {
	switch x := sel.X.(type) {
	case *ast.Ident:
		u[x.Name+"."+sel.Sel.Name] = true
	case *ast.SelectorExpr:
		u[x.Sel.Name+"."+sel.Sel.Name] = true
		if x.Sel.Name == "Programs" {
			u[programs[sel.Sel.Name]] = true
		}
	}
}

// programTypes are the types of the programs of golden/hooks: "typed.XDP" of
// CountPackets.
func programTypes() map[string]string {
	types := make(map[string]string)
	programs := reflect.TypeFor[hooks.HooksCollectionPrograms]()
	for i := range programs.NumField() {
		f := programs.Field(i)
		types[f.Name] = "typed." + f.Type.Elem().Name()
	}
	return types
}

// exampleUses are what all Examples of the packages use.
func exampleUses(t *testing.T) used {
	t.Helper()
	u := make(used)
	for path, pkg := range exampleFiles(t) {
		u.addFile(t, path, pkg)
	}
	return u
}

// exampleFiles are the files of the Examples, and their packages.
func exampleFiles(t *testing.T) map[string]string {
	t.Helper()
	if kernel := os.Getenv("BPFGEN_KERNEL"); kernel != "" && kernel != "host" {
		t.Skip("the source is not in virtual machines; the host's run looks at it")
	}
	files := make(map[string]string)
	for dir, pkg := range map[string]string{".": "typed", "typedtest": "typedtest", "ctypes": "ctypes"} {
		paths, err := filepath.Glob(filepath.Join(dir, "example_*test.go"))
		if err != nil || len(paths) == 0 {
			t.Fatalf("no Examples in %s: %v", dir, err)
		}
		for _, path := range paths {
			files[path] = pkg
		}
	}
	return files
}

// The go command runs an Example only if it says what it prints. Those that need
// a kernel are run by TestExamplesInKernel.
func TestExamplesAllRun(t *testing.T) {
	unknown := maps.Clone(kernelExamples)
	for path, pkg := range exampleFiles(t) {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			t.Fatal(err)
		}
		if declared, found := len(examples(file)), len(doc.Examples(file)); declared != found {
			t.Errorf("%s: of %d Examples, godoc shows %d", path, declared, found)
		}
		for _, e := range doc.Examples(file) {
			if e.Output == "" && !e.EmptyOutput {
				t.Errorf("%s: Example%s is never run: it has no Output", path, e.Name)
			}
			if pkg == "typed" {
				delete(unknown, "Example"+e.Name)
			}
		}
	}
	for name := range unknown {
		t.Errorf("there is no %s: is it run?", name)
	}
}

// exported are the exported types and functions that files declare, without
// methods; constants if they have a type.
func exported(t *testing.T, patterns ...string) (names []string) {
	t.Helper()
	for _, pattern := range patterns {
		paths, err := filepath.Glob(pattern)
		if err != nil || len(paths) == 0 {
			t.Fatalf("no file is called %s: %v", pattern, err)
		}
		for _, path := range paths {
			if strings.HasSuffix(path, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			for _, d := range file.Decls {
				names = append(names, exportedOf(d)...)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func exportedOf(d ast.Decl) (names []string) {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil && d.Name.IsExported() {
			names = append(names, d.Name.Name)
		}
	case *ast.GenDecl:
		for _, s := range d.Specs {
			if s, ok := s.(*ast.TypeSpec); ok && s.Name.IsExported() {
				names = append(names, s.Name.Name)
			}
		}
	}
	return names
}

// want complains about what no Example uses.
func (u used) want(t *testing.T, pkg string, names []string, but map[string]string) {
	t.Helper()
	if len(names) == 0 {
		t.Error("nothing is looked for")
	}
	for _, name := range names {
		is := u[pkg+"."+name] || u[pkg+".New"+name] // a type is used where one is made
		switch _, excepted := but[name]; {
		case excepted && is:
			t.Errorf("%s.%s is used: it is no exception", pkg, name)
		case !excepted && !is:
			t.Errorf("no Example uses %s.%s", pkg, name)
		}
	}
}

func TestExamplesOfClasses(t *testing.T) {
	u := exampleUses(t)
	shown := make(map[typed.MapClass]bool)
	classes := make(map[typed.MapClass]string)
	for _, all := range []reflect.Type{reflect.TypeFor[mapsall.MapsAllCollectionMaps](), reflect.TypeFor[hooks.HooksCollectionMaps]()} {
		for i := range all.NumField() {
			f := all.Field(i)
			class := reflect.New(f.Type.Elem()).Interface().(typed.AnyMap).Shape().Class
			classes[class] = strings.TrimSpace(classes[class] + " " + f.Name)
			if u["Maps."+f.Name] || u["mapsall.MapsAll"+f.Name+"Map"] {
				shown[class] = true
			}
		}
	}
	if len(classes) < 20 {
		t.Errorf("maps-all has %d classes", len(classes))
	}
	for class, fields := range classes {
		if !shown[class] {
			t.Errorf("no Example has a map of the class of %s", fields)
		}
	}
	u.want(t, "typed", exported(t, "map_iface.go"), map[string]string{
		"AnyMap": "of generated code", "DeletingMap": "of parameters",
	})
}

func TestExamplesOfReaders(t *testing.T) {
	exampleUses(t).want(t, "typed", exported(t, "event.go", "event_reader.go", "event_ring.go", "event_perf.go", "event_errors.go", "event_switch.go", "userringbuf.go"), map[string]string{
		"NewRingBufReader": "of generated code", "NewPerfReader": "of generated code", "NewProducer": "of generated code",
		"RecordInfo": "embedded in Record",
	})
}

func TestExamplesOfFakes(t *testing.T) {
	exampleUses(t).want(t, "typedtest", exported(t, "typedtest/*.go"), nil)
}

func TestExamplesOfC(t *testing.T) {
	exampleUses(t).want(t, "ctypes", exported(t, "ctypes/*.go"), map[string]string{
		"LPMTooWide": "of generated code",
	})
}

// families are the kinds of programs that are attached alike.
var families = [][]typed.AnyProgram{
	{new(typed.Kprobe), new(typed.Kretprobe), new(typed.Ksyscall), new(typed.Kretsyscall)},
	{new(typed.KprobeMulti), new(typed.KretprobeMulti), new(typed.KprobeSession)},
	{new(typed.Uprobe), new(typed.Uretprobe)},
	{new(typed.UprobeMulti), new(typed.UretprobeMulti), new(typed.UprobeSession)},
	{new(typed.USDT)},
	{new(typed.Tracepoint)},
	{new(typed.RawTracepoint), new(typed.RawTracepointWritable)},
	{new(typed.TPBTF), new(typed.Fentry), new(typed.Fexit), new(typed.FmodRet), new(typed.Fsession)},
	{new(typed.FentryMulti), new(typed.FexitMulti), new(typed.FsessionMulti)},
	{new(typed.Freplace)},
	{new(typed.LSM)},
	{new(typed.LSMCgroup)},
	{new(typed.Iter)},
	{new(typed.XDP)},
	{new(typed.XDPDevMap), new(typed.XDPCPUMap)},
	{new(typed.TC), new(typed.TCX)},
	{new(typed.Netkit)},
	{new(typed.SchedAct)},
	{new(typed.Netfilter)},
	{new(typed.CgroupSKB), new(typed.CgroupSock), new(typed.CgroupSockAddr), new(typed.CgroupSysctl), new(typed.CgroupSockopt), new(typed.CgroupDevice), new(typed.SockOps)},
	{new(typed.CgroupSKBAny)},
	{new(typed.SocketFilter), new(typed.SkReuseport)},
	{new(typed.SkMsg), new(typed.SkSKB)},
	{new(typed.SkSKBAny)},
	{new(typed.SkLookup), new(typed.FlowDissector)},
	{new(typed.PerfEvent)},
	{new(typed.LWTIn), new(typed.LWTOut), new(typed.LWTXmit), new(typed.LWTSeg6Local)},
	{new(typed.LircMode2)},
	{new(typed.StructOpsProgram)},
	{new(typed.Syscall)},
	{new(typed.Generic)},
}

func TestExamplesOfHooks(t *testing.T) {
	u := exampleUses(t)
	known := make(map[string]bool)
	for _, family := range families {
		var names []string
		for _, kind := range family {
			names = append(names, reflect.TypeOf(kind).Elem().Name())
			known[names[len(names)-1]] = true
		}
		if !slices.ContainsFunc(names, func(name string) bool { return u["typed."+name] }) {
			t.Errorf("no Example attaches or runs a program of a kind %s", strings.Join(names, ", "))
		}
	}
	kinds := typed.KindNames()
	for _, name := range kinds {
		if !known[name] {
			t.Errorf("%s is of no family", name)
		}
	}
	if len(kinds) != len(known) {
		t.Errorf("%d kinds, %d in families", len(kinds), len(known))
	}
}
