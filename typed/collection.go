package typed

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
)

// CollectionSpec is a parsed object before it is loaded: the common part of
// every generated …CollectionSpec.
type CollectionSpec struct {
	// Spec is the library's spec, for everything that has no typed form. What
	// is changed here is what Load loads.
	Spec *ebpf.CollectionSpec

	name         string
	programs     map[string]*programState
	replacements map[string]*mapLife // nil: of a map that is not loaded
	events       map[string]string   // C types, see BindEventType
	layouts      layouts
	errs         []error

	optionalMaps []string
	choices      [][][]string // of FirstOf: the C names of each alternative
	wrong        error        // what is wrong with calls of Only and FirstOf, for Load
	lacks        *lacking     // nil before Optional, OptionalIf and FirstOf

	// existing finds the maps that were there before, and entered is enterReplacements;
	// nil before anything replaces a map.
	existing mapFinder
	entered  func(*specCore) (replaced map[string]*ebpf.Map, done func(), err error)

	// instead is what Load does while FromPins or FromObjects has called it.
	instead func() (*Collection, error)
}

// specCore is the CollectionSpec as this package sees it. Generated collections
// embed the exported type, and compile all methods that it has anew, those without
// a capital too: these it must not have.
type specCore CollectionSpec

// programState is what the user said of a program before Load.
type programState struct {
	kind       *progKind // nil where no handle is made of it
	disabled   bool
	optional   bool
	optionalIf func(error) bool
	lacks      *lacking     // if it is optional
	loader     *laterLoader // nil: the library loads it
	target     error        // what is wrong with SetTarget
	into       AnyProgram   // the handle of SetTargetProgram
	// enter is enterTarget, where there is such a handle.
	enter func(name string, into AnyProgram) (*programLife, error)
}

// newCollectionSpec completes what the library read.
func newCollectionSpec(name string, spec *ebpf.CollectionSpec) *CollectionSpec {
	c := &CollectionSpec{
		Spec:         spec,
		name:         name,
		programs:     make(map[string]*programState),
		replacements: make(map[string]*mapLife),
		layouts:      layouts{spec: spec},
	}
	for prog, spec := range spec.Programs {
		c.programs[prog] = &programState{disabled: strings.HasPrefix(spec.SectionName, "?")}
		fixSection(spec)
	}
	return c
}

func (c *specCore) fail(err error) { c.errs = append(c.errs, err) }

// Err is everything that the object has and the generated code expects to be
// of another type or layout, joined; nil if all fits. Generated code calls it.
//
//go:noinline
func (c *CollectionSpec) Err() error {
	if c == nil || len(c.errs) == 0 {
		return nil
	}
	return fmt.Errorf("open %s: the object does not fit the generated code; run go generate for this object: %w", c.name, errors.Join(c.errs...))
}

// Load creates the maps and loads the programs of a copy of the spec. The spec
// stays usable. opts may be nil. Generated code calls [Load] instead.
//
// Disabled programs are left out, and with them their slots in tail-call
// arrays; optional programs and maps for which the kernel lacks something
// likewise, with the reason in their Err and in Skipped. Any other program that
// is refused gives a [*LoadError].
func (c *CollectionSpec) Load(opts *ebpf.CollectionOptions) (*Collection, error) {
	return Load(c, WithOptions(opts))
}

// LoadOptions are the library's options of Load, with the code that they take.
type LoadOptions interface {
	library() *ebpf.CollectionOptions
	existingMaps(l layouts, spec *ebpf.CollectionSpec, opts *ebpf.CollectionOptions, left map[string]error) (existingSet, error)
}

// libraryOptions are options that were given.
type libraryOptions ebpf.CollectionOptions

func (o *libraryOptions) library() *ebpf.CollectionOptions { return (*ebpf.CollectionOptions)(o) }

func (o *libraryOptions) existingMaps(l layouts, spec *ebpf.CollectionSpec, opts *ebpf.CollectionOptions, left map[string]error) (existingSet, error) {
	return findExisting(l, spec, opts, left)
}

// WithOptions are the library's options for [Load]; nil are none. Generated code calls
// it, where the compiler can inline it up to the nil of the user's call: what options
// alone can ask for (a directory of pins, maps in the place of others) is then part
// of no program that gives none. Its form is what fits the compiler's budget.
func WithOptions(opts *ebpf.CollectionOptions) (o LoadOptions) {
	if opts == nil {
		return
	}
	return (*libraryOptions)(opts)
}

// Load is [CollectionSpec.Load]. Generated code calls it.
func Load(c *CollectionSpec, opts LoadOptions) (*Collection, error) {
	if c == nil || c.Spec == nil {
		return nil, fmt.Errorf("load: no object was opened: %w", ErrNotLoaded)
	}
	core := (*specCore)(c)
	if c.instead != nil {
		return c.instead()
	}
	var o ebpf.CollectionOptions
	find := c.existing
	if opts != nil {
		o, find = *opts.library(), opts.existingMaps
	}
	if c.entered != nil {
		replaced, done, err := c.entered(core)
		if err != nil {
			return nil, fmt.Errorf("load %s: %w", c.name, err)
		}
		defer done()
		for name, m := range o.MapReplacements { // maps.Copy is generic, see copySpec
			replaced[name] = m
		}
		o.MapReplacements = replaced
	}
	spec := copySpec(c.Spec)
	for _, m := range spec.Maps {
		fixRing(m)
	}
	left, err := core.enterTargets(spec)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", c.name, err)
	}
	defer left()
	l := &loading{set: core, from: spec, opts: o, existing: find}
	return l.load()
}

// unloadable are the programs that need not be tried: disabled, or optional
// and without what they need before load. Of the others it is an error.
func (c *specCore) unloadable(spec *ebpf.CollectionSpec) (left map[string]error, err error) {
	left = make(map[string]error)
	var missing []error
	for _, name := range programNames(spec.Programs) {
		why, err := c.unloadableProgram(name, spec.Programs[name])
		if why != nil {
			left[name] = why
		}
		if err != nil {
			missing = append(missing, err)
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("load %s: %w", c.name, errors.Join(missing...))
	}
	return left, nil
}

// unloadableProgram is why a program is left out, or why nothing can be loaded.
func (c *specCore) unloadableProgram(name string, prog *ebpf.ProgramSpec) (why, err error) {
	st := c.state(name)
	switch err := targetMissing(name, prog); {
	case st.disabled:
		return errDisabled, nil
	case prog.Type == ebpf.UnspecifiedProgram:
		return fmt.Errorf("%w: SEC(%q) is no section that cilium/ebpf knows", ErrNotLoaded, prog.SectionName), nil
	case st.target != nil:
		return nil, st.target
	case err != nil && st.optional:
		return err, nil
	case err != nil:
		return nil, err
	case unbound(st, prog):
		return nil, fmt.Errorf("program %s: %w", name, errUnbound)
	}
	return nil, nil
}

// optionalPrograms are the states of the programs as they are at Load.
func (c *specCore) optionalPrograms() map[string]*programState {
	states := make(map[string]*programState)
	for name, st := range c.programs {
		now := *st
		states[name] = &now
	}
	return states
}

// errDisabled is the reason of what the user has disabled.
var errDisabled error = disabledError{}

type disabledError struct{}

func (disabledError) Error() string { return "not loaded: disabled" }

func (disabledError) Unwrap() error { return ErrNotLoaded }

//go:noinline
func (c *specCore) state(program string) *programState {
	st := c.programs[program]
	if st == nil { // added to Spec by the user
		st = new(programState)
		if c.programs == nil {
			c.programs = make(map[string]*programState)
		}
		c.programs[program] = st
	}
	return st
}

// leaveOut removes a program and what refers to it by name: its slots in
// program arrays.
func leaveOut(spec *ebpf.CollectionSpec, program string) {
	delete(spec.Programs, program)
	for _, m := range spec.Maps {
		if m.Type != ebpf.ProgramArray {
			continue
		}
		m.Contents = slices.DeleteFunc(m.Contents, func(kv ebpf.MapKV) bool {
			name, ok := kv.Value.(string)
			return ok && name == program
		})
	}
}

// failedProgram finds the program that an error of NewCollection speaks of:
// the library has no type for it, but starts its text with `program NAME: `
// (collection.go, v0.22.0).
func failedProgram(spec *ebpf.CollectionSpec, err error) *ebpf.ProgramSpec {
	_, after, ok := strings.Cut(err.Error(), "program ")
	if !ok {
		return nil
	}
	name, _, ok := strings.Cut(after, ":")
	if !ok {
		return nil
	}
	return spec.Programs[name]
}

// newLoadError says once which program it is: the library says it, too.
func newLoadError(k *progKind, prog *ebpf.ProgramSpec, err error) *LoadError {
	if inner := errors.Unwrap(err); inner != nil && err.Error() == "program "+prog.Name+": "+inner.Error() {
		err = inner
	}
	return &LoadError{
		Program: prog.Name, Section: prog.SectionName,
		Remedy: loadRemedy(k, neededFor(prog.Type), err), Err: withoutHint(err),
	}
}

// failedMap finds the type of the map that an error of NewCollection speaks of, as
// failedProgram does.
func failedMap(spec *ebpf.CollectionSpec, err error) ebpf.MapType {
	_, after, _ := strings.Cut(err.Error(), "map ")
	name, _, _ := strings.Cut(after, ":")
	if m := spec.Maps[name]; m != nil {
		return m.Type
	}
	return ebpf.UnspecifiedMap
}

// withMapRemedy adds what to do about an error of creating a map of a type, or one that
// is of no map and no program.
func withMapRemedy(typ ebpf.MapType, err error) error {
	if remedy := loadRemedy(nil, neededForMap(typ), err); remedy != "" {
		return fmt.Errorf("%w; %s", withoutHint(err), remedy)
	}
	return err
}
