package golden

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/bpfgen/bpfgen/internal/buildcost"
)

// What generated packages cost their users at compile time: the size of archives
// stands for it, since it is the same on every run. docs/benchmarks.md has times.

// archiveLimits are about a tenth above what the archives have with Go 1.26. A
// limit that is raised has its reason in the commit; one that the code is far
// below is lowered.
var archiveLimits = []struct {
	folder string
	limit  int64 // bytes
	// structs are those of maps and variables where an importer is compiled, too.
	structs  []string
	importer int64
}{
	{folder: "counter", limit: 580e3},
	{folder: "maps-all", limit: 3.3e6, structs: []string{"MapsAllCollectionMaps"}, importer: 610e3},
	{folder: "variables-all", limit: 1.12e6},
	{folder: "sections-all", limit: 3.06e6},
	{folder: "map-in-map", limit: 1.0e6},
	{folder: "bpf2go", limit: 140e3},
}

func TestArchives(t *testing.T) {
	set, err := buildcost.NewSet("embed", "github.com/bpfgen/bpfgen/typed", "github.com/bpfgen/bpfgen/typed/tc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { set.Close() })
	for _, test := range archiveLimits {
		t.Run(test.folder, func(t *testing.T) {
			path := "github.com/bpfgen/bpfgen/golden/" + test.folder
			checkArchive(t, set, path, test.folder, test.limit)
			if test.structs == nil {
				return
			}
			dir := t.TempDir()
			if err := set.WriteImporter(dir, path, test.structs, ""); err != nil {
				t.Fatal(err)
			}
			checkArchive(t, set, path+"/importer", dir, test.importer)
		})
	}
}

// binaryLimit is how much larger a stripped program that opens, loads and closes
// golden/counter may be than one that does it with the library alone, in bytes.
// docs/benchmarks.md says what is in it. It is no ratio, so that it stays what it is
// when the library grows.
const binaryLimit = 342e3

// TestBinary links both programs. What one call too many keeps (a comparison of layouts
// that nobody asked for, a dictionary of generic code) shows in hundreds of kilobytes.
func TestBinary(t *testing.T) {
	set, err := buildcost.NewSet("embed", "github.com/bpfgen/bpfgen/typed")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { set.Close() })
	typed := linkCounter(t, set, `package main

func main() {
	spec, err := openCounter()
	if err != nil {
		panic(err)
	}
	b, err := spec.Load(nil)
	if err != nil {
		panic(err)
	}
	defer b.Close()
	b.Maps.Flows.Lookup(counterFlowKey{})
	b.Variables.Dropped.Get()
	b.Variables.SampleRate.Get()
}
`, "counter_*.go")
	bare := linkCounter(t, set, `package main

import (
	"bytes"
	_ "embed"

	"github.com/cilium/ebpf"
)

//go:embed counter_bpfel.o
var object []byte

func main() {
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(object))
	if err != nil {
		panic(err)
	}
	var objs struct {
		Flows        *ebpf.Map      `+"`ebpf:\"flows\"`"+`
		CountPackets *ebpf.Program  `+"`ebpf:\"count_packets\"`"+`
		Dropped      *ebpf.Variable `+"`ebpf:\"dropped\"`"+`
		SampleRate   *ebpf.Variable `+"`ebpf:\"sample_rate\"`"+`
	}
	if err := spec.LoadAndAssign(&objs, nil); err != nil {
		panic(err)
	}
	defer objs.Flows.Close()
	defer objs.CountPackets.Close()
	var key [16]byte
	var value [24]byte
	objs.Flows.Lookup(&key, &value)
	var dropped uint64
	objs.Dropped.Get(&dropped)
	var rate uint32
	objs.SampleRate.Get(&rate)
}
`)
	t.Logf("typed %d bytes, the library alone %d, %.3f times; limit %d more", typed, bare, float64(typed)/float64(bare), int64(binaryLimit))
	if typed-bare > binaryLimit {
		t.Errorf("a program of one map is %d bytes larger than with the library alone, more than %d: see docs/design.md on what is linked", typed-bare, int64(binaryLimit))
	}
}

// linkCounter links a program in the package of golden/counter, with the files of it that
// a pattern names, and returns its size.
func linkCounter(t *testing.T, set *buildcost.Set, main string, files ...string) int64 {
	t.Helper()
	dir := t.TempDir()
	write := func(name string, content []byte) {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("main.go", []byte(main))
	for _, pattern := range append(files, "counter_*.o") {
		matches, _ := filepath.Glob(filepath.Join("counter", pattern))
		for _, path := range matches {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			write(filepath.Base(path), bytes.Replace(content, []byte("\npackage counter\n"), []byte("\npackage main\n"), 1))
		}
	}
	if _, err := set.Compile("main", dir); err != nil {
		t.Fatal(err)
	}
	size, err := set.Link()
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// checkArchive compiles the package of a directory.
func checkArchive(t *testing.T, set *buildcost.Set, path, dir string, limit int64) {
	t.Helper()
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	cost, err := set.Compile(path, dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d bytes, limit %d", path, cost.Archive, limit)
	if cost.Archive > limit {
		t.Errorf("the archive of %s has %d bytes, more than %d: see docs/design.md on what costs", path, cost.Archive, limit)
	}
}
