package typed

import (
	"errors"
	"fmt"
	"iter"
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
	replacements map[string]*ebpf.Map
	events       map[string]string // C types, see BindEventType
	layouts      layouts
	errs         []error

	optionalMaps []string
	choices      []choice
}

// programState is what the user said of a program before Load.
type programState struct {
	kind       *kind // nil where no handle is made of it
	disabled   bool
	optional   bool
	optionalIf func(error) bool
	target     error // what is wrong with SetTarget
}

// newCollectionSpec completes what the library read.
func newCollectionSpec(name string, spec *ebpf.CollectionSpec) *CollectionSpec {
	c := &CollectionSpec{
		Spec:         spec,
		name:         name,
		programs:     make(map[string]*programState),
		replacements: make(map[string]*ebpf.Map),
	}
	for prog, spec := range spec.Programs {
		c.programs[prog] = &programState{disabled: strings.HasPrefix(spec.SectionName, "?")}
		fixSection(spec)
	}
	return c
}

func (c *CollectionSpec) fail(err error) { c.errs = append(c.errs, err) }

// Err is everything that the object has and the generated code expects to be
// of another type or layout, joined; nil if all fits. Generated code calls it.
func (c *CollectionSpec) Err() error {
	if len(c.errs) == 0 {
		return nil
	}
	return fmt.Errorf("open %s: the object does not fit the generated code; run go generate for this object: %w", c.name, errors.Join(c.errs...))
}

// ReplaceMaps makes Load use the maps of other for all maps that both have by
// name, instead of creating its own. The new collection holds duplicates. Global
// variables (.data, .bss, .rodata) are not replaced: each collection has its own.
func (c *CollectionSpec) ReplaceMaps(other *Collection) {
	for name, m := range other.Collection.Maps {
		if c.Spec.Maps[name] != nil && !strings.HasPrefix(name, ".") {
			c.replacements[name] = m
		}
	}
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
	var o ebpf.CollectionOptions
	if opts != nil {
		o = *opts
	}
	if len(c.replacements) > 0 {
		merged := maps.Clone(c.replacements)
		maps.Copy(merged, o.MapReplacements)
		o.MapReplacements = merged
	}
	spec := c.Spec.Copy()
	for _, m := range spec.Maps {
		fixRing(m)
	}
	l := &loading{set: c, from: spec, opts: o}
	return l.load()
}

// unloadable are the programs that need not be tried: disabled, or optional
// and without what they need before load. Of the others it is an error.
func (c *CollectionSpec) unloadable(spec *ebpf.CollectionSpec) (left map[string]error, err error) {
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
		}
	}
	if len(missing) > 0 {
		return nil, fmt.Errorf("load %s: %w", c.name, errors.Join(missing...))
	}
	return left, nil
}

// optionalPrograms are the states of the programs as they are at Load.
func (c *CollectionSpec) optionalPrograms() map[string]*programState {
	states := make(map[string]*programState)
	for name, st := range c.programs {
		now := *st
		states[name] = &now
	}
	return states
}

var errDisabled = fmt.Errorf("%w: disabled", ErrNotLoaded)

func (c *CollectionSpec) state(program string) *programState {
	st := c.programs[program]
	if st == nil { // added to Spec by the user
		st = new(programState)
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
func newLoadError(k *kind, prog *ebpf.ProgramSpec, err error) *LoadError {
	if inner := errors.Unwrap(err); inner != nil && err.Error() == "program "+prog.Name+": "+inner.Error() {
		err = inner
	}
	return &LoadError{Program: prog.Name, Section: prog.SectionName, Remedy: loadRemedy(k, prog, err), Err: err}
}

// withRemedy adds what to do about an error that is of no program.
func withRemedy(err error) error {
	if remedy := loadRemedy(nil, new(ebpf.ProgramSpec), err); remedy != "" {
		return fmt.Errorf("%w; %s", err, remedy)
	}
	return err
}

// Collection is a loaded object: the common part of every generated
// …Collection.
type Collection struct {
	// Collection is the library's, for everything that has no typed form.
	Collection *ebpf.Collection
	// Links are the attached programs that the collection owns.
	Links *Links

	spec *ebpf.CollectionSpec
	left map[string]error
	// lives are the loaded programs, by C name.
	lives map[string]*programLife
	// optional are the programs that AttachAll may leave alone.
	optional map[string]*programState
	readers  owner
	handles  []programHandle // as BindProgram made them
	usdt     usdtState
	// sections hold the variables, by ELF name.
	sections map[string]*section
}

func newCollection(coll *ebpf.Collection, spec *ebpf.CollectionSpec, left map[string]error, optional map[string]*programState) *Collection {
	lives := make(map[string]*programLife)
	for name, prog := range coll.Programs {
		lives[name] = newProgramLife(prog)
	}
	return &Collection{
		Collection: coll, Links: &Links{programs: lives},
		spec: spec, left: left, optional: optional, lives: lives,
	}
}

// Close detaches the links newest first, then closes readers, programs and
// maps. Errors are joined. A second Close does nothing.
func (c *Collection) Close() error {
	if c.Collection == nil {
		return nil
	}
	errs := []error{c.Links.Close(), c.readers.Close()}
	for _, name := range slices.Sorted(maps.Keys(c.lives)) {
		errs = append(errs, c.lives[name].calls.Close())
	}
	for _, name := range slices.Sorted(maps.Keys(c.Collection.Maps)) {
		errs = append(errs, c.Collection.Maps[name].Close())
	}
	c.Collection = nil
	return errors.Join(errs...)
}

// AllMaps ranges over the loaded maps by C name, data sections included, in
// the order of their names.
func (c *Collection) AllMaps() iter.Seq2[string, *ebpf.Map] { return sorted(c.Collection.Maps) }

// AllPrograms ranges over the loaded programs by C name, in the order of their
// names.
func (c *Collection) AllPrograms() iter.Seq2[string, *ebpf.Program] {
	return sorted(c.Collection.Programs)
}

// AllVariables ranges over the global variables by C name, in the order of
// their names.
func (c *Collection) AllVariables() iter.Seq2[string, *ebpf.Variable] {
	return sorted(c.Collection.Variables)
}

func sorted[V any](m map[string]V) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		for _, k := range slices.Sorted(maps.Keys(m)) {
			if !yield(k, m[k]) {
				return
			}
		}
	}
}
