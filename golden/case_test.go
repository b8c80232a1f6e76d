package golden

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit"
	"github.com/bpfgen/bpfgen/internal/shaper"
	"github.com/bpfgen/bpfgen/internal/target"
)

// goldenCase is one directory of this package.
type goldenCase struct {
	dir     string // its absolute path
	name    string
	targets []string // as -target names them
	opts    emit.Options
	// binds are the Go types of -bind, by the C type.
	binds map[string]shaper.GoType
}

// result is what bpfgen makes of a case: the content of each golden file by
// its name.
type result map[string]string

// findCases lists the directories that have C source, sorted by name.
func findCases(t testing.TB) []*goldenCase {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	sources, err := filepath.Glob("*/*.c")
	if err != nil || len(sources) == 0 {
		t.Fatalf("no cases in %s: %v", here, err)
	}
	var cases []*goldenCase
	for _, source := range sources {
		name := filepath.Dir(source)
		c, err := readCase(filepath.Join(here, name), name)
		if err != nil {
			t.Fatalf("%s/case.txt: %v", name, err)
		}
		cases = append(cases, c)
	}
	return cases
}

// readCase takes the options from case.txt, a line each; without it, the ident
// is the name of the case in CamelCase and the targets are bpfel and bpfeb.
func readCase(dir, name string) (*goldenCase, error) {
	c := &goldenCase{dir: dir, name: name, targets: []string{"bpfel", "bpfeb"}}
	c.opts.Package = strings.ReplaceAll(name, "-", "")
	for word := range strings.SplitSeq(name, "-") {
		c.opts.Ident += strings.ToUpper(word[:1]) + word[1:]
	}
	content, err := os.ReadFile(filepath.Join(dir, "case.txt"))
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	for s := bufio.NewScanner(bytes.NewReader(content)); s.Scan(); {
		key, value, ok := strings.Cut(s.Text(), ": ")
		if !ok {
			return nil, fmt.Errorf("%q is not a line \"key: value\"", s.Text())
		}
		if err := c.set(key, value); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *goldenCase) set(key, value string) error {
	words := strings.Fields(value)
	switch key {
	case "cflags": // for build.sh
	case "targets":
		c.targets = words
	case "ident":
		c.opts.Ident = value
	case "tags":
		c.opts.Tags = value
	case "types":
		c.opts.Types = words
	case "no-global-types":
		c.opts.NoGlobalTypes = value == "true"
	case "bpf2go":
		c.opts.Bpf2go = value == "true"
	case "typed":
		c.opts.Typed = value == "true"
	case "packed":
		c.opts.Packed = emit.Packed(value)
	case "types-only":
		c.opts.TypesOnly = value == "true"
	case "event": // map=type[,short]
		name, typ, _ := strings.Cut(value, "=")
		typ, short := strings.CutSuffix(typ, ",short")
		if c.opts.Events == nil {
			c.opts.Events = make(map[string]emit.EventType)
		}
		c.opts.Events[name] = emit.EventType{Type: typ, Short: short}
	case "map": // map=key,value
		name, types, _ := strings.Cut(value, "=")
		key, val, _ := strings.Cut(types, ",")
		if c.opts.MapTypes == nil {
			c.opts.MapTypes = make(map[string]emit.MapTypes)
		}
		c.opts.MapTypes[name] = emit.MapTypes{Key: key, Value: val}
	case "bind": // C type=import path.Go type, below the directory of the case; none: the case's own
		from, to, _ := strings.Cut(value, "=")
		i := strings.LastIndexByte(to, '.')
		if c.binds == nil {
			c.binds = make(map[string]shaper.GoType)
		}
		c.binds[from] = shaper.GoType{Path: to[:max(i, 0)], Name: to[i+1:]}
	case "rename": // C type=Go name
		from, to, _ := strings.Cut(value, "=")
		if c.opts.Renames == nil {
			c.opts.Renames = make(map[string]string)
		}
		c.opts.Renames[from] = to
	default:
		return fmt.Errorf("no option %q", key)
	}
	return nil
}

// objects parses the case's objects. Without an error all of them are there;
// refused is what btfparse says of those that it does not take.
func (c *goldenCase) objects() (targets []emit.Target, refused, err error) {
	for _, id := range c.targets {
		info, err := target.Find(id)
		if err != nil {
			return nil, nil, err
		}
		file := strings.ToLower(c.opts.Ident) + "_" + info.Name + ".o"
		content, err := os.ReadFile(filepath.Join(c.dir, file))
		if err != nil {
			return nil, nil, err
		}
		object, err := btfparse.Parse(file, bytes.NewReader(content), slices.Collect(maps.Keys(c.binds))...)
		if err != nil {
			refused = errors.Join(refused, err)
			continue
		}
		targets = append(targets, emit.Target{Name: info.Name, GOARCH: info.GOARCH, Object: object, ObjectFile: file, Embedded: content, Source: c.name + ".c"})
	}
	return targets, refused, nil
}

// generate makes everything that is golden about a case. The error is only for
// what keeps it from trying: what bpfgen says of the case goes into errors.txt.
func (c *goldenCase) generate() (result, error) {
	targets, refused, err := c.objects()
	if err != nil {
		return nil, err
	}
	r := make(result)
	if refused != nil {
		r["errors.txt"] = refused.Error() + "\n"
		return r, nil
	}
	var model strings.Builder
	for _, t := range targets {
		fmt.Fprintf(&model, "== %s\n", t.ObjectFile)
		t.Object.Dump(&model)
	}
	r["model.txt"] = model.String()
	if err := c.bind(targets); err != nil {
		return nil, err
	}
	plan, err := emit.NewPlan(targets, c.opts)
	if err != nil {
		r["errors.txt"] = err.Error() + "\n"
		return r, nil
	}
	var warnings strings.Builder
	for _, w := range btfparse.Join(plan.Warnings) {
		fmt.Fprintln(&warnings, w)
	}
	if warnings.Len() > 0 {
		r["warnings.txt"] = warnings.String()
	}
	files, err := plan.Files()
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		r[f.Name] = string(f.Content)
	}
	return r, nil
}

// bind finds the shapes of the types that the case binds.
func (c *goldenCase) bind(targets []emit.Target) error {
	var arches []string
	for _, t := range targets {
		arches = append(arches, t.GOARCH...)
	}
	look := &shaper.Shaper{Dir: c.dir, Env: os.Environ(), Header: emit.Header}
	for name, t := range c.binds {
		found, err := look.Shapes(context.Background(), t, arches)
		if err != nil {
			return err
		}
		if found.Own {
			found.Path = ""
		}
		if c.opts.Binds == nil {
			c.opts.Binds = make(map[string]*emit.BoundType)
		}
		c.opts.Binds[name] = &emit.BoundType{Path: found.Path, Package: found.Package, Name: t.Name, Shapes: found.Shapes}
	}
	return nil
}

// committed reads the golden files of a case: the texts, and the Go files that
// bpfgen wrote.
func (c *goldenCase) committed() (result, error) {
	r := make(result)
	entries, err := os.ReadDir(c.dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		isText := slices.Contains([]string{"model.txt", "errors.txt", "warnings.txt"}, e.Name())
		if !isText && filepath.Ext(e.Name()) != ".go" {
			continue
		}
		content, err := os.ReadFile(filepath.Join(c.dir, e.Name()))
		if err != nil {
			return nil, err
		}
		if isText || bytes.HasPrefix(content, []byte(emit.Header)) {
			r[e.Name()] = string(content)
		}
	}
	return r, nil
}

// write replaces the golden files of a case.
func (c *goldenCase) write(r result) error {
	old, err := c.committed()
	if err != nil {
		return err
	}
	for name := range old {
		if _, ok := r[name]; !ok {
			if err := os.Remove(filepath.Join(c.dir, name)); err != nil {
				return err
			}
		}
	}
	for name, content := range r {
		if old[name] == content {
			continue
		}
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(content), 0o644); err != nil {
			return err
		}
	}
	return nil
}
