package main

// bpfgen gen: from an object, or from the C source of one, to a package.

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/clang"
	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/outfile"
	"github.com/bpfgen/bpfgen/emit"
	"github.com/bpfgen/bpfgen/internal/target"
)

// genOptions are the command line of gen.
type genOptions struct {
	outputFlags
	ident string
	// args are the C file or the objects, as the user wrote them.
	args []string
	// targets as the user named them, nil where -target is not given.
	targets       []string
	noGlobalTypes bool
	events        pairs
	// mapTypes are key,value by map.
	mapTypes pairs
	// binds are Go types by the C type that they stand for.
	binds pairs
	// typesFrom is another ident, "" for none.
	typesFrom string
	// bpf2go asks for bpf2go's API, packed what becomes of structs that Go lays
	// out otherwise than C then.
	bpf2go bool
	packed string
	// typed adds the typed API over the same types to bpf2go's.
	typed bool
	// prune removes the files of targets that this run does not write.
	prune bool
	// makeBase is absolute, "" for no dependency files.
	makeBase string
	compile  compileOptions
	write    writeOptions
	// cleanCache empties the cache, and does nothing else.
	cleanCache bool
	// packages says that args are patterns of packages.
	packages bool
	// committed takes the objects of a C file as they are in the output
	// directory, unless the cache knows what the compiler would make.
	committed bool
}

// defaultTargets are bpf2go's.
const defaultTargets = "bpfel,bpfeb"

func runGen(ctx context.Context, c *cli, args []string) error {
	o, err := c.parseGen(args)
	if err != nil {
		return err
	}
	if o.cleanCache {
		return c.emptyCache(o.write.dryRun)
	}
	if c.env.lookup("GOGC", "") == "" {
		// An object needs a few megabytes in a few milliseconds: collecting
		// less often is a tenth of the time. Many lines may keep much more.
		debug.SetGCPercent(map[bool]int{false: 400, true: 200}[o.packages])
	}
	if o.packages {
		return genPackages(ctx, c, o, o.args)
	}
	alone := start(func() (struct{}, error) { return struct{}{}, c.otherIdent(o) })
	return untilCurrent(func() error {
		r, err := generate(ctx, c, o)
		if _, other := alone(); other != nil {
			return other
		}
		if err != nil {
			return err
		}
		if err := c.warn(r.warnings, o.verbose, o.strict); err != nil {
			return err
		}
		return c.finish(ctx, &o.outputFlags, o.write, r)
	})
}

// untilCurrent runs f again as long as other runs are faster with what it reads.
func untilCurrent(f func() error) (err error) {
	for range 20 {
		if err = f(); !errors.Is(err, outfile.ErrOutdated) {
			break
		}
	}
	return err
}

// parseGen reads the command line. Everything that is wrong with it is one
// error.
func (c *cli) parseGen(args []string) (*genOptions, error) {
	o := &genOptions{events: make(pairs), mapTypes: make(pairs), binds: make(pairs)}
	fs := newFlagSet("gen")
	o.define(fs, c.env)
	o.compile.define(fs, c.env)
	o.write.define(fs)
	targets := fs.String("target", defaultTargets, "`targets` to compile for, comma-separated ("+defaultTargets+"); with objects: what each is for, in their order")
	fs.BoolVar(&o.noGlobalTypes, "no-global-types", false, "declare only the types that -type names, not those of maps and variables")
	fs.Var(o.events, "event", "`map=type[,short]`: the type of the records of a ring buffer or perf event array; short fills what a record lacks with zeroes; repeatable")
	fs.Var(o.mapTypes, "map", "`map=key,value`: the types of a map that C declares by key_size and value_size alone; map=,value or map=key where the other has one; repeatable")
	fs.Var(o.binds, "bind", "`'struct foo=import/path.Type'`: a Go type of yours for a C type, proved to have its layout; repeatable")
	fs.StringVar(&o.typesFrom, "types-from", "", "use the Go types that another `ident` of the package has declared, so that both can share maps")
	fs.BoolVar(&o.bpf2go, "bpf2go", false, "write bpf2go's API and types, which need nothing but cilium/ebpf")
	fs.BoolVar(&o.typed, "typed", false, "with -bpf2go, files with the typed API over the same types beside bpf2go's")
	fs.StringVar(&o.packed, "packed", "", "with -bpf2go, what becomes of structs that Go lays out otherwise than C (an error): `fix` makes byte arrays of the fields that stand wrong, keep leaves them as bpf2go has them")
	fs.BoolVar(&o.prune, "prune", false, "remove the files of targets that are not asked for")
	fs.BoolVar(&o.cleanCache, "clean-cache", false, "generate nothing: remove what the cache holds ($BPFGEN_CACHE), and say where that was; with -n only say it")
	fs.StringVar(&o.makeBase, "makebase", c.env.lookup("BPF2GO_MAKEBASE", ""), "write .d files for make, relative to `directory` ($BPF2GO_MAKEBASE)")
	if err := c.parse(fs, args); err != nil {
		return nil, err
	}
	o.args = slices.Clone(fs.Args())
	if i := slices.Index(o.args, "--"); i >= 0 {
		o.args, o.compile.behind = o.args[:i], o.args[i+1:]
	}
	packages, err := arePackages(o.args)
	if err != nil {
		return nil, err
	}
	switch {
	case o.cleanCache && len(o.args) > 0:
		return nil, fmt.Errorf("-clean-cache generates nothing: leave out %s", strings.Join(o.args, " "))
	case packages:
		o.packages = true
		return o, onlyForPackages(fs)
	}
	if given(fs)["target"] {
		o.targets = splitList(*targets)
	}
	return o, o.finishGen(c, fs)
}

// onlyForPackages refuses flags that the lines of packages have themselves.
func onlyForPackages(fs *flag.FlagSet) (err error) {
	fs.Visit(func(f *flag.Flag) {
		if !slices.Contains([]string{"n", "no-typecheck", "verbose", "strict", "clean-cache"}, f.Name) && err == nil {
			err = fmt.Errorf("-%s belongs into the go:generate lines: of packages, gen runs these", f.Name)
		}
	})
	return err
}

// finishGen reads what depends on other flags and finds what cannot be.
func (o *genOptions) finishGen(c *cli, fs *flag.FlagSet) (err error) {
	if err := flagBehind(o.args); err != nil {
		return err
	}
	if len(o.args) < 2 {
		cmd, _ := findCommand("gen")
		return fmt.Errorf("an ident and a C file or objects are needed: %s", usage(cmd))
	}
	o.ident, o.args = o.args[0], o.args[1:]
	for i, arg := range o.args {
		o.args[i] = c.path(arg)
	}
	if o.makeBase != "" {
		if o.makeBase, err = filepath.Abs(c.path(o.makeBase)); err != nil {
			return err
		}
	}
	if o.typesFrom != "" && o.typesFrom == o.ident {
		return fmt.Errorf("-types-from %s is the ident itself: name another one of the package", o.typesFrom)
	}
	_, mapErr := mapTypes(o.mapTypes)
	return errors.Join(o.finish(c, o.ident), o.compile.finish(c, given(fs)), o.checkBpf2go(fs), mapErr, o.checkBinds())
}

// checkBpf2go finds flags that do not go together.
func (o *genOptions) checkBpf2go(fs *flag.FlagSet) error {
	if !slices.Contains([]string{"", "fix", "keep"}, o.packed) {
		return fmt.Errorf("-packed %s: it is fix or keep", o.packed)
	}
	var errs []error
	if o.packed != "" && !o.bpf2go {
		errs = append(errs, errors.New("-packed goes with -bpf2go: the typed API lays out every struct as C does"))
	}
	if o.typed && !o.bpf2go {
		errs = append(errs, errors.New("-typed goes with -bpf2go: without that, the typed API is what there is"))
	}
	for _, name := range []string{"bind", "event", "map", "rename", "types-from"} {
		if given(fs)[name] && o.bpf2go && !(o.typed && (name == "event" || name == "map")) {
			errs = append(errs, fmt.Errorf("-%s has no effect with -bpf2go: bpf2go's API has no place for it", name))
		}
	}
	return errors.Join(errs...)
}

// readMapTypes reads what -map says of one map.
func readMapTypes(types string) (emit.MapTypes, error) {
	sides := splitList(types)
	if len(sides) > 2 {
		return emit.MapTypes{}, errors.New("want map=key,value")
	}
	if len(sides) < 2 {
		sides = append(sides, "")
	}
	t := emit.MapTypes{Key: sides[0], Value: sides[1]}
	if t == (emit.MapTypes{}) {
		return t, errors.New("name a C type")
	}
	return t, nil
}

// mapTypes is what -map says.
func mapTypes(given pairs) (map[string]emit.MapTypes, error) {
	all := make(map[string]emit.MapTypes)
	var errs []error
	for _, m := range sortedNames(given) {
		types, err := readMapTypes(given[m])
		if err != nil {
			errs = append(errs, fmt.Errorf("-map %s=%s: %w", m, given[m], err))
		}
		all[m] = types
	}
	return all, errors.Join(errs...)
}

func splitList(list string) []string {
	var words []string
	for word := range strings.SplitSeq(list, ",") {
		words = append(words, strings.TrimSpace(word))
	}
	return words
}

// result is everything that gen would write.
type result struct {
	out      *outfile.Plan
	warnings []btfparse.Diagnostic
	// pkg is the name of the package.
	pkg string
	// uncompiled is true if objects of C are those that were there.
	uncompiled bool
}

// generate does everything but write.
func generate(ctx context.Context, c *cli, o *genOptions) (*result, error) {
	out, err := outfile.New(o.directory(), o.stem)
	if err != nil {
		return nil, err
	}
	pkg := start(func() (string, error) { return o.packageName(ctx, c.env) })
	builds, err := findBuilds(ctx, c, o)
	if err != nil {
		return nil, err
	}
	opts, err := o.emitOptions(c, pkg)
	if err != nil {
		return nil, err
	}
	if opts.Binds, err = o.boundTypes(ctx, c, builds); err != nil {
		return nil, err
	}
	plan, err := emit.NewPlan(emitTargets(builds), opts)
	if err != nil {
		return nil, err
	}
	if err := print(plan, out); err != nil {
		return nil, err
	}
	for _, b := range builds {
		if err := b.addTo(out, o); err != nil {
			return nil, err
		}
	}
	if o.bpf2go {
		out.TakeOver()
	}
	removeStale(out, o)
	out.Premise(func() bool { return sameOthers(c, o, builds) })
	warnings := slices.Concat(plan.Warnings, refusedC(o.args[0], o.directory()), leftOut(out, o.suffix))
	return &result{out: out, warnings: warnings, pkg: opts.Package, uncompiled: o.committed && !builds[0].compiled && isC(o.args[0])}, nil
}

func (o *genOptions) emitOptions(c *cli, pkg func() (string, error)) (emit.Options, error) {
	name, err := pkg()
	if err != nil {
		return emit.Options{}, err
	}
	opts := o.options(o.ident, name)
	opts.NoGlobalTypes = o.noGlobalTypes
	opts.Bpf2go, opts.Typed, opts.Packed = o.bpf2go, o.typed, emit.Packed(o.packed)
	opts.Events = eventTypes(o.events)
	if opts.MapTypes, err = mapTypes(o.mapTypes); err != nil {
		return opts, err
	}
	if o.typesFrom != "" {
		opts.TypesFrom = o.typesFrom
		opts.Lenders, err = o.declaredTypes(c, o.typesFrom)
	}
	return opts, err
}

// eventTypes is what -event says.
func eventTypes(events pairs) map[string]emit.EventType {
	types := make(map[string]emit.EventType)
	for m, typ := range events {
		name, short := strings.CutSuffix(typ, ",short")
		types[m] = emit.EventType{Type: strings.TrimSpace(name), Short: short}
	}
	return types
}

// build is one object with its target.
type build struct {
	target target.Info
	// source is the file that the user named.
	source string
	// bytes of the object, as they are embedded.
	bytes  []byte
	object *btfparse.Object
	// dependencies of the object; the first rule is the object's own.
	dependencies []clang.Dependency
	// objectFile is the name of the object in the output directory.
	objectFile string
	// earlier is true for the object of another target that an earlier run
	// wrote.
	earlier bool
	// compiled says that the object is what the compiler makes of source.
	compiled bool
}

func emitTargets(builds []*build) []emit.Target {
	var targets []emit.Target
	for _, b := range builds {
		targets = append(targets, emit.Target{
			Name:       b.target.Name,
			GOARCH:     b.target.GOARCH,
			Object:     b.object,
			ObjectFile: b.objectFile,
			Embedded:   b.bytes,
			Source:     b.source,
		})
	}
	return targets
}

// addTo plans the files of one build that package emit does not make.
func (b *build) addTo(out *outfile.Plan, o *genOptions) error {
	out.Add(b.objectFile, b.bytes, b.source)
	out.Keep(b.source)
	if o.makeBase == "" || b.earlier {
		return nil
	}
	goFile := o.fileName(b.target.Name, ".go")
	abs, err := filepath.Abs(filepath.Join(o.directory(), goFile))
	if err != nil {
		return err
	}
	rules := slices.Clone(b.dependencies)
	rules[0].File = abs
	content, err := clang.FormatDependencies(o.makeBase, rules)
	if err != nil {
		return fmt.Errorf("-makebase: %w", err)
	}
	out.Add(goFile+".d", content, b.source)
	return nil
}
