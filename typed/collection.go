package typed

import (
	"errors"
	"fmt"
	"maps"
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
	lacks        *lacking     // nil before Optional, OptionalIf and FirstOf

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
	lacks      *lacking      // if it is optional
	loader     programLoader // nil: the library loads it
	target     error         // what is wrong with SetTarget
	into       AnyProgram    // the handle of SetTargetProgram
}

// newCollectionSpec completes what the library read.
func newCollectionSpec(name string, spec *ebpf.CollectionSpec) *CollectionSpec {
	c := &CollectionSpec{
		Spec:         spec,
		name:         name,
		programs:     make(map[string]*programState),
		replacements: make(map[string]*mapLife),
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
// stays usable. opts may be nil. Generated code calls it.
//
// Disabled programs are left out, and with them their slots in tail-call
// arrays; optional programs and maps for which the kernel lacks something
// likewise, with the reason in their Err and in Skipped. Any other program that
// is refused gives a [*LoadError].
func (c *CollectionSpec) Load(opts *ebpf.CollectionOptions) (*Collection, error) {
	if c == nil || c.Spec == nil {
		return nil, fmt.Errorf("load: no object was opened: %w", ErrNotLoaded)
	}
	core := (*specCore)(c)
	if c.instead != nil {
		return c.instead()
	}
	var o ebpf.CollectionOptions
	if opts != nil {
		o = *opts
	}
	replaced, done, err := core.enterReplacements()
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", c.name, err)
	}
	defer done()
	maps.Copy(replaced, o.MapReplacements)
	o.MapReplacements = replaced
	spec := c.Spec.Copy()
	for _, m := range spec.Maps {
		fixRing(m)
	}
	left, err := core.enterTargets(spec)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", c.name, err)
	}
	defer left()
	l := &loading{set: core, from: spec, opts: o}
	return l.load()
}

// unloadable are the programs that need not be tried: disabled, or optional
// and without what they need before load. Of the others it is an error.
func (c *specCore) unloadable(spec *ebpf.CollectionSpec) (left map[string]error, err error) {
	left = make(map[string]error)
	var missing []error
	for _, name := range slices.Sorted(maps.Keys(spec.Programs)) {
		prog := spec.Programs[name]
		switch err := targetMissing(name, prog); {
		case c.state(name).disabled:
			left[name] = errDisabled
		case prog.Type == ebpf.UnspecifiedProgram:
			left[name] = fmt.Errorf("%w: SEC(%q) is no section that cilium/ebpf knows", ErrNotLoaded, prog.SectionName)
		case c.state(name).target != nil:
			missing = append(missing, c.state(name).target)
		case err != nil && c.state(name).optional:
			left[name] = err
		case err != nil:
			missing = append(missing, err)
		case unbound(c.state(name), prog):
			missing = append(missing, fmt.Errorf("program %s: %w", name, errUnbound))
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("load %s: %w", c.name, errors.Join(missing...))
	}
	return left, nil
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

var errDisabled = fmt.Errorf("%w: disabled", ErrNotLoaded)

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
