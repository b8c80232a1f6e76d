// Command bpf2go measures what it costs to compile the file of -bpf2go,
// against the file that bpf2go's own generator makes of the same object: user time
// of the compiler, the least of several runs in turn, as a ratio.
//
//	go run ./.ci/bench/bpf2go [-n 15] [-most 1.3] [objects]
//
// Without objects it takes those of the golden cases and of cilium/ebpf's examples
// that bpf2go accepts. A ratio of all above -most is exit status 1.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/cmd/bpf2go/gen"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit"
	"github.com/bpfgen/bpfgen/internal/buildcost"
)

func main() {
	n := flag.Int("n", 15, "counted `runs` of each compilation")
	most := flag.Float64("most", 1.3, "`ratio` that is still good")
	flag.Parse()
	ratio, err := measure(*n, flag.Args())
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "bench/bpf2go:", err)
		os.Exit(2)
	case ratio > *most:
		fmt.Fprintf(os.Stderr, "bench/bpf2go: %.2f is more than %.2f\n", ratio, *most)
		os.Exit(1)
	}
}

func measure(n int, objects []string) (ratio float64, err error) {
	if len(objects) == 0 {
		if objects, err = findObjects(); err != nil {
			return 0, err
		}
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	set, err := buildcost.NewSet("embed", "github.com/cilium/ebpf")
	if err != nil {
		return 0, err
	}
	defer set.Close()
	var ours, theirs time.Duration
	fmt.Println("| object | lines | bpf2go's | ms | bpf2go's | ratio |\n|---|--:|--:|--:|--:|--:|")
	for _, object := range objects {
		row, err := compare(set, dir, object, n)
		if errors.Is(err, errRefused) {
			continue
		}
		if err != nil {
			return 0, fmt.Errorf("%s: %w", object, err)
		}
		row.print(filepath.Base(filepath.Dir(object)) + "/" + filepath.Base(object))
		ours, theirs = ours+row.ours, theirs+row.theirs
	}
	if theirs == 0 {
		return 0, errors.New("bpf2go accepts none of the objects")
	}
	ratio = float64(ours) / float64(theirs)
	fmt.Printf("| all | | | %d | %d | %.2f |\n", ours.Milliseconds(), theirs.Milliseconds(), ratio)
	return ratio, nil
}

// findObjects are the little-endian ones of the golden cases and of the library's
// examples.
func findObjects() ([]string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/cilium/ebpf").Output()
	if err != nil {
		return nil, err
	}
	golden, err := filepath.Glob("golden/*/*_bpfel.o")
	if err != nil || len(golden) == 0 {
		return nil, fmt.Errorf("golden/*/*_bpfel.o: %d objects (%v): run it in the repository", len(golden), err)
	}
	examples, err := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "examples/*/*_bpfel.o"))
	return append(golden, examples...), err
}

// row is what one object costs: user time and lines.
type row struct {
	ours, theirs         time.Duration
	ourLines, theirLines int
}

func (r row) print(name string) {
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	fmt.Printf("| %s | %d | %d | %.0f | %.0f | %.2f |\n", name, r.ourLines, r.theirLines, ms(r.ours), ms(r.theirs), float64(r.ours)/float64(r.theirs))
}

func compare(set *buildcost.Set, dir, object string, n int) (row, error) {
	content, err := os.ReadFile(object)
	if err != nil {
		return row{}, err
	}
	theirs, err := bpf2go(content)
	if err != nil {
		return row{}, errRefused
	}
	ours, err := bpfgen(content)
	if err != nil {
		return row{}, errRefused
	}
	r := row{ourLines: bytes.Count(ours, []byte("\n")), theirLines: bytes.Count(theirs, []byte("\n"))}
	ourDir, err := writePackage(filepath.Join(dir, "bpfgen"), ours, content)
	if err != nil {
		return row{}, err
	}
	theirDir, err := writePackage(filepath.Join(dir, "bpf2go"), theirs, content)
	if err != nil {
		return row{}, err
	}
	for i := range n + 1 {
		a, errA := set.Compile("x", ourDir)
		b, errB := set.Compile("x", theirDir)
		switch {
		case errB != nil:
			return row{}, errRefused // bpf2go's does not compile
		case errA != nil:
			return row{}, errA
		case i == 1:
			r.ours, r.theirs = a.User, b.User
		case i > 1: // one run of each is not counted
			r.ours, r.theirs = min(r.ours, a.User), min(r.theirs, b.User)
		}
	}
	return r, nil
}

// errRefused is that there is nothing to compare.
var errRefused = errors.New("refused by one of the two")

// writePackage writes a file and the object that it embeds.
func writePackage(dir string, source, object []byte) (string, error) {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(dir, "object.o"), object, 0o666); err != nil {
		return "", err
	}
	return dir, os.WriteFile(filepath.Join(dir, "x.go"), source, 0o666)
}

func bpfgen(content []byte) ([]byte, error) {
	object, err := btfparse.Parse("object.o", bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	plan, err := emit.NewPlan([]emit.Target{{Name: "bpfel", Object: object, ObjectFile: "object.o"}}, emit.Options{Package: "x", Ident: "x", Bpf2go: true})
	if err != nil {
		return nil, err
	}
	files, err := plan.Files()
	if err != nil {
		return nil, err
	}
	return files[0].Content, nil
}

// bpf2go is what the library's generator writes (cmd/bpf2go/main.go, v0.22.0).
func bpf2go(content []byte) (source []byte, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v", v)
		}
	}()
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	args := gen.GenerateArgs{Package: "x", Stem: "x", ObjectFile: "object.o", Types: gen.CollectGlobalTypes(spec), Output: &out}
	for name := range spec.Maps {
		if !strings.HasPrefix(name, ".") {
			args.Maps = append(args.Maps, name)
		}
	}
	for name := range spec.Variables {
		args.Variables = append(args.Variables, name)
	}
	for name := range spec.Programs {
		args.Programs = append(args.Programs, name)
	}
	slices.Sort(args.Maps)
	err = gen.Generate(args)
	return out.Bytes(), err
}
