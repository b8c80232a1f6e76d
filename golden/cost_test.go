package golden

import (
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
	{folder: "sections-all", limit: 3.3e6},
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
