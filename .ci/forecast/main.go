// Command forecast compares what package forecast says with what kernels do.
//
//	go run ./.ci/forecast -objects DIR -truth LOG -table docs/forecast.md
//
// LOG is what .ci/kernels -v printed of package truth: which program of which
// object of DIR loads on which kernel. Every program is forecast for the same
// kernels, out of the very files that were booted, and the two are compared
// (score.go). Failures are classed by the kernel's own answer (classes.go). The
// table (table.go) is what docs/forecast.md shows. ../forecast.sh does all of it.
package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/forecast"
	"github.com/bpfgen/bpfgen/internal/kernelbtf"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "forecast:", err)
		os.Exit(1)
	}
}

// config is the command line.
type config struct {
	objects, cache, table, show, allowed, collect, btf, reduce string
	truth                                                      []string
	cost, minimised                                            bool
}

func run(args []string, stdout io.Writer) error {
	var c config
	f := flag.NewFlagSet("forecast", flag.ExitOnError)
	f.StringVar(&c.objects, "objects", "", "`directory` of objects")
	f.StringVar(&c.cache, "cache", defaultCache(), "`directory` of .ci/kernels' kernels")
	f.StringVar(&c.table, "table", "", "write the table to `file`, between its marks")
	f.StringVar(&c.show, "show", "", "print misses of sets that match this `regexp`")
	f.StringVar(&c.allowed, "allowed", "", "write the table of allowed functions to `file`, from logs of package probe")
	f.Func("truth", "`log` of .ci/kernels -v; may be repeated", func(s string) error {
		c.truth = append(c.truth, s)
		return nil
	})
	f.StringVar(&c.collect, "collect", "", "collect objects into `directory`, and do nothing else")
	f.StringVar(&c.btf, "btf", "", "print the BTF of the kernel of this `series`, and do nothing else")
	f.BoolVar(&c.cost, "cost", false, "measure what forecasts cost, and do nothing else")
	f.BoolVar(&c.minimised, "minimised", false, "hold minimised BTF against the whole and bpftool's, and do nothing else")
	f.StringVar(&c.reduce, "reduce", "", "write the BTF of this `kernel`, reduced to what tests need, to the file named behind it, and do nothing else")
	if err := f.Parse(args); err != nil {
		return err
	}
	switch {
	case c.collect != "":
		return collect(c.collect)
	case c.minimised:
		return minimised(c, stdout)
	case c.cost:
		return cost(c, stdout)
	case c.reduce != "":
		return reduce(c.reduce, f.Arg(0))
	case c.btf != "":
		return printBTF(c.cache, c.btf)
	}
	if c.allowed != "" {
		return writeAllowed(c.truth, c.allowed)
	}
	kernels, err := readTruth(c.truth)
	if err != nil {
		return err
	}
	s := &score{unread: make(map[string]error)}
	for _, k := range kernels {
		if err := s.kernel(c, k); err != nil {
			return err
		}
	}
	return s.report(c, stdout)
}

// defaultCache is that of .ci/kernels.
func defaultCache() string {
	if dir := os.Getenv("BPFGEN_KERNEL_CACHE"); dir != "" {
		return dir
	}
	dir, _ := os.UserCacheDir() // "" fails later, by name
	return filepath.Join(dir, "bpfgen", "kernels")
}

// truthOf is what one kernel said.
type truthOf struct {
	series, release string
	modules         []string
	answers         []answer
}

// answer is one line of package truth.
type answer struct {
	Object  string   `json:"object"`
	Program string   `json:"program"`
	Map     string   `json:"map"`
	Loads   bool     `json:"loads"`
	Error   string   `json:"error"`
	Log     []string `json:"log"`
}

var kernelLine = regexp.MustCompile(`^=== (\S+) \((\S+)\): up after`)

// readTruth reads logs. Of a kernel that is in several, all are taken together.
func readTruth(files []string) ([]*truthOf, error) {
	bySeries := make(map[string]*truthOf)
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var k *truthOf
		for line := range strings.Lines(string(text)) {
			line = strings.TrimRight(line, "\r\n")
			if m := kernelLine.FindStringSubmatch(line); m != nil {
				if k = bySeries[m[1]]; k == nil {
					k = &truthOf{series: m[1], release: m[2]}
					bySeries[m[1]] = k
				}
			}
			if err := k.line(line); err != nil {
				return nil, fmt.Errorf("%s: %q: %w", file, line, err)
			}
		}
	}
	kernels := slices.Collect(maps.Values(bySeries))
	slices.SortFunc(kernels, func(a, b *truthOf) int { return cmp.Compare(a.order(), b.order()) })
	return kernels, nil
}

func (k *truthOf) line(line string) error {
	if k == nil {
		return nil
	}
	if module, ok := strings.CutPrefix(line, "MODULE "); ok && !slices.Contains(k.modules, module) {
		k.modules = append(k.modules, module)
	}
	text, ok := strings.CutPrefix(line, "TRUTH ")
	if !ok {
		return nil
	}
	var a answer
	if err := json.Unmarshal([]byte(text), &a); err != nil {
		return err
	}
	k.answers = append(k.answers, a)
	return nil
}

// order sorts by version, and the host behind all others.
func (k *truthOf) order() string {
	if k.series == hostName {
		return "~"
	}
	major, minor, _ := strings.Cut(k.series, ".")
	return fmt.Sprintf("%4s.%4s", major, minor)
}

const hostName = "host"

// load reads the kernel out of the files that it was booted from.
func (k *truthOf) load(cache string) (*forecast.Kernel, error) {
	if k.series == hostName {
		sources, err := kernelbtf.Find([]string{"/sys/kernel/btf"}, "", nil)
		if err != nil {
			return nil, err
		}
		image, err := sources[0].Open()
		if err != nil {
			return nil, err
		}
		return forecast.FromImage(image)
	}
	image, err := k.image(cache)
	if err != nil {
		return nil, err
	}
	return forecast.FromImage(image)
}

// image reads a kernel of the cache with the modules that it had loaded.
func (k *truthOf) image(cache string) (*kernelbtf.Kernel, error) {
	source := kernelbtf.Source{}
	err := filepath.WalkDir(filepath.Join(cache, k.release), func(path string, d os.DirEntry, err error) error {
		name, _, isModule := strings.Cut(filepath.Base(path), ".ko")
		switch {
		case err != nil || d.IsDir():
			return err
		case strings.HasPrefix(d.Name(), "vmlinuz"):
			source.Path = path
		case isModule && slices.Contains(k.modules, strings.ReplaceAll(name, "-", "_")):
			source.Modules = append(source.Modules, path)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	image, err := source.Open()
	if err != nil {
		return nil, err
	}
	image.Name = k.series
	return image, nil
}
