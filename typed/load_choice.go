package typed

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
)

// This file decides what of an object is loaded: what the user has disabled or
// chosen, what the kernel lacks, and which of several alternatives it has.
// load_lacking.go tells what the kernel lacks from what is wrong with a program.
//
// What cannot be there only grows. After each refusal alternatives are chosen anew
// among the rest, and the spec is made anew without what is left out, and loaded again.

// Choosable is the spec of a program or of a map, or a [Group] of them: what
// can be one of several alternatives.
type Choosable interface {
	// parts are C names, of what the object has; foreign is the first that is of
	// another spec, "" if there is none.
	parts(of *CollectionSpec) (names []string, foreign string)
}

// Group is several specs that are chosen together.
func Group(parts ...Choosable) Choosable { return group(parts) }

type group []Choosable

func (g group) parts(of *CollectionSpec) (names []string, foreign string) {
	for _, c := range g {
		if isNil(c) {
			continue
		}
		inside, other := c.parts(of)
		if other != "" {
			return nil, other
		}
		names = append(names, inside...)
	}
	return names, ""
}

func (s *ProgramSpec[P]) parts(of *CollectionSpec) (names []string, foreign string) {
	return partOf(s).parts(of)
}

//go:noinline
func (s *programSpec) parts(of *CollectionSpec) (names []string, foreign string) {
	switch {
	case s == nil || s.set == nil:
		return nil, ""
	case s.set != of:
		return nil, "program " + s.spec.Name
	case s.state != of.programs[s.spec.Name]: // the object has none
		return nil, ""
	}
	return []string{s.spec.Name}, ""
}

func (s *MapSpec[P]) parts(of *CollectionSpec) (names []string, foreign string) {
	return coreOf(s).parts(of)
}

//go:noinline
func (s *mapSpec) parts(of *CollectionSpec) (names []string, foreign string) {
	switch {
	case s == nil || s.set == nil:
		return nil, ""
	case s.set != of:
		return nil, "map " + s.name
	case !s.present:
		return nil, ""
	}
	return []string{s.name}, ""
}

// Optional leaves the map out at Load where the kernel lacks its type or one of
// its flags. The code of programs that refers to it is made invalid then: such a
// program loads if it does not get there, as behind a constant that says so, and
// is an error else, or left out if it is optional. Skipped says why.
func (s *MapSpec[P]) Optional() { coreOf(s).optional() }

//go:noinline
func (s *mapSpec) optional() {
	if s != nil && s.set != nil {
		s.set.lacks = kernelLacks
		s.set.optionalMaps = append(s.set.optionalMaps, s.name)
	}
}

// OptionalIf is Optional, and leaves the program out also where it is refused
// for a reason that the user accepts. why gets a [*LoadError], or an
// [*AttachError] of AttachAll:
//
//	spec.Programs.OnOpen.OptionalIf(func(err error) bool { return errors.Is(err, os.ErrPermission) })
func (s *ProgramSpec[P]) OptionalIf(why func(err error) bool) {
	partOf(s).optional(why)
}

// DisableAll disables all programs, and with them struct_ops maps: what Enable
// takes back is loaded.
//
//go:noinline
func (c *CollectionSpec) DisableAll() {
	if c == nil || c.Spec == nil {
		return
	}
	for name := range c.Spec.Programs {
		(*specCore)(c).state(name).disabled = true
	}
}

// Only disables all programs but these, and enables these. Maps are loaded
// whether a program is left that uses them or not, but for struct_ops maps of
// which no program is left.
//
//go:noinline
func (c *CollectionSpec) Only(programs ...Choosable) {
	if c == nil || c.Spec == nil {
		return
	}
	c.DisableAll()
	names, foreign := group(programs).parts(c)
	if foreign != "" {
		(*specCore)(c).mistaken("Only", foreign+" is of another collection's spec")
	}
	for _, name := range names {
		(*specCore)(c).state(name).disabled = false
	}
}

// mistaken keeps for Load what is wrong with a call.
func (c *specCore) mistaken(call, what string) {
	c.wrong = errors.Join(c.wrong, fmt.Errorf("%s: %s", call, what))
}

// FirstOf makes Load take the first of several alternatives that the kernel
// has, and leave the others out; it is an error if it has none. An alternative
// is a program, a map, or a [Group] of them, of this spec (else Load returns an error);
// one that the object does not have, since another target has it, is none:
//
//	spec.FirstOf(spec.Programs.OnOpen, spec.Programs.OnOpenKprobe)
//	spec.FirstOf(typed.Group(spec.Programs.SendRing, spec.Maps.Ring), typed.Group(spec.Programs.SendPerf, spec.Maps.Perf))
//
// It takes back Disable, and the "?" of SEC("?…"), for all of them; Disable
// afterwards takes an alternative away. What several alternatives have in common, a
// map say, is loaded with each. Of several calls each takes one alternative.
//
// What the kernel has is found out by loading, and for hooks that only attaching
// would show, by asking it for those. An error that lies in a program is an
// error of Load.
//
//go:noinline
func (c *CollectionSpec) FirstOf(alternatives ...Choosable) {
	if c == nil || c.Spec == nil {
		return
	}
	var names [][]string
	for _, a := range alternatives {
		parts, foreign := group([]Choosable{a}).parts(c)
		if foreign != "" {
			(*specCore)(c).mistaken("FirstOf", foreign+" is of another collection's spec")
			return
		}
		if len(parts) > 0 { // one that another target has is none
			names = append(names, parts)
		}
	}
	if len(names) == 0 {
		(*specCore)(c).mistaken("FirstOf", "there is no alternative that the object has")
		return
	}
	for _, name := range slices.Concat(names...) {
		if c.Spec.Programs[name] != nil {
			(*specCore)(c).state(name).disabled = false
		}
	}
	c.lacks = kernelLacks
	c.choices = append(c.choices, names)
}

// Skipped is a program or map that was left out because the kernel lacks
// something, or for an alternative.
type Skipped struct {
	// Name is the C name.
	Name string
	// Err is why: a [*LoadError], an [*AttachError], or one that wraps
	// [ErrNotLoaded].
	Err error
}

func (s Skipped) String() string { return fmt.Sprintf("%s: %v", s.Name, s.Err) }

// Skipped are the programs and maps that Load has left out, and the programs
// that AttachAll could not attach, by Optional, OptionalIf and FirstOf, in the
// order of their names. What was disabled is not among them.
//
//go:noinline
func (c *Collection) Skipped() []Skipped {
	if c == nil {
		return nil
	}
	var skipped []Skipped
	for name, err := range c.left {
		if !errors.Is(err, errDisabled) {
			skipped = append(skipped, Skipped{name, err})
		}
	}
	for _, h := range c.handles {
		p := h.base()
		if err := p.attachFailure(); err != nil {
			skipped = append(skipped, Skipped{p.name, err})
		}
	}
	slices.SortFunc(skipped, func(a, b Skipped) int { return strings.Compare(a.Name, b.Name) })
	return skipped
}

func (p *program) attachFailure() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.attached
}

// loading is one Load.
type loading struct {
	set  *specCore
	from *ebpf.CollectionSpec // as the user has it
	opts ebpf.CollectionOptions
	// existing finds the maps that are there already; nil if nothing can name any.
	existing mapFinder
	left     map[string]error // C names of programs and maps that cannot be there, and why
	out      map[string]error // those, and the alternatives that are not chosen
}

// load loads until nothing is refused.
func (l *loading) load() (*Collection, error) {
	if err := l.begin(); err != nil {
		return nil, err
	}
	for again := 0; ; {
		spec := l.without()
		coll, layouts, refused, err := l.try(spec)
		if errors.Is(err, errPinnedMeanwhile) && again < 3 {
			again++
			continue // with the map of the other process
		}
		if err == nil {
			c := newCollection(coll, spec, l.out, l.set.optionalPrograms())
			c.setLayouts(layouts)
			return c, nil
		}
		if refused == nil {
			return nil, withMapRemedy(failedMap(spec, err), fmt.Errorf("load %s: %w", l.set.name, err))
		}
		if err := l.refused(refused, err); err != nil {
			return nil, err
		}
	}
}

// begin leaves out what needs not be tried.
func (l *loading) begin() error {
	if err := l.set.wrong; err != nil {
		return fmt.Errorf("load %s: %w", l.set.name, err)
	}
	left, err := l.set.unloadable(l.from)
	if err != nil {
		return err
	}
	l.left = left
	if l.set.lacks != nil {
		return l.set.lacks.begin(l)
	}
	l.out = left
	l.leaveStructOps()
	return nil
}

// beginOptional leaves out what the kernel is known to lack.
func (l *loading) beginOptional() error {
	for _, name := range l.set.optionalMaps {
		if m := l.from.Maps[name]; m != nil {
			if err := l.set.lacks.maps(m); err != nil {
				l.left[name] = fmt.Errorf("%w: map %s: %w", ErrNotLoaded, name, err)
			}
		}
	}
	return l.choose()
}

// choose takes the first alternative of each choice that may be there, in the order in
// which FirstOf was called, and leaves the others out. What one choice has taken stays,
// and what it has left out the later ones do not have either.
func (l *loading) choose() error {
	l.out = maps.Clone(l.left)
	taken := make(map[string]bool)
	for _, names := range l.set.choices {
		at, reasons := l.first(names)
		if at == len(names) {
			return fmt.Errorf("load %s: the kernel has none of the alternatives: %w", l.set.name, errors.Join(reasons...))
		}
		for _, name := range names[at] {
			taken[name] = true
		}
		chosen := fmt.Errorf("%w: chosen in its place: %s", ErrNotLoaded, strings.Join(names[at], " and "))
		for i, others := range names {
			why := chosen
			if i < at {
				why = reasons[i]
			}
			l.leaveAlternative(others, taken, why)
		}
	}
	l.leaveStructOps()
	return nil
}

// first is the first alternative that may be there, and why those before it may not.
func (l *loading) first(alternatives [][]string) (at int, reasons []error) {
	for ; at < len(alternatives); at++ {
		err := l.lacksAlternative(alternatives[at])
		if err == nil {
			break
		}
		reasons = append(reasons, err)
	}
	return at, reasons
}

// leaveAlternative leaves out what no chosen alternative has.
func (l *loading) leaveAlternative(names []string, taken map[string]bool, why error) {
	for _, name := range names {
		if !taken[name] && l.out[name] == nil {
			l.out[name] = why
		}
	}
}

// isAlternative says whether FirstOf was told of a program.
func (c *specCore) isAlternative(name string) bool {
	return slices.ContainsFunc(c.choices, func(alternatives [][]string) bool {
		return slices.Contains(slices.Concat(alternatives...), name)
	})
}

// lacksAlternative is what of an alternative shows before it is loaded: maps
// that cannot be created, hooks that are not there, programs that are disabled.
func (l *loading) lacksAlternative(names []string) error {
	for _, name := range names {
		if err := l.out[name]; err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		if m := l.from.Maps[name]; m != nil {
			if err := l.set.lacks.maps(m); err != nil {
				return fmt.Errorf("%w: map %s: %w", ErrNotLoaded, name, err)
			}
		}
		if p := l.from.Programs[name]; p != nil {
			if err := l.set.lacks.hook(l.set.state(name).kind, p); err != nil {
				return newLoadError(l.set.state(name).kind, p, err)
			}
		}
	}
	return nil
}

// refused decides on a program that the kernel refuses: nil means to load again,
// without it. Of another program the error is as it is: wrapped, %+v would not
// print the log.
func (l *loading) refused(prog *ebpf.ProgramSpec, cause error) error {
	st := l.set.state(prog.Name)
	err := newLoadError(st.kind, prog, cause)
	lacks := cmp.Or(st.lacks, l.set.lacks)
	if lacks == nil {
		return err
	}
	return lacks.refused(l, lacks, err, prog, cause)
}

// leaveRefused is refused where something is optional or a choice.
func (l *loading) leaveRefused(lacks *lacking, err *LoadError, prog *ebpf.ProgramSpec, cause error) error {
	st := l.set.state(prog.Name)
	if reason := l.usesLeftMap(prog); reason != nil && hasVerifierLog(cause) {
		err.Err, err.Remedy = fmt.Errorf("it uses a map that was left out: %w: %w", reason, err.Err), ""
	}
	lacking := errors.Is(err.Err, errLeftMap) || lacks.program(st, prog, cause, l.opts.Programs)
	may := lacking && (st.optional || l.set.isAlternative(prog.Name)) || st.optionalIf != nil && st.optionalIf(err)
	if !may {
		return err
	}
	l.left[prog.Name] = err
	return l.choose()
}

// without is a copy of the spec without what is left out.
func (l *loading) without() *ebpf.CollectionSpec {
	spec := copySpec(l.from)
	for name := range l.out {
		switch {
		case spec.Maps[name] == nil:
		case l.set.lacks != nil:
			l.set.lacks.leave(spec, name)
		default: // of struct_ops, to which no instruction refers
			delete(spec.Maps, name)
		}
		leaveOut(spec, name)
	}
	return spec
}

// try loads the spec. refused is the program that an error is of, if it is of
// one. The programs that are loaded here are in spec afterwards, too.
func (l *loading) try(spec *ebpf.CollectionSpec) (coll *ebpf.Collection, layouts map[string]MapLayout, refused *ebpf.ProgramSpec, err error) {
	opts := l.opts
	byHand := l.set.later()
	var later *loadedLater
	if byHand != nil {
		later = byHand.take(l, spec)
	}
	var there existingSet
	if l.existing != nil {
		if there, err = l.existing(l.set.layouts, spec, &opts, l.out); err != nil {
			return nil, nil, nil, err
		}
		defer there.close()
	}
	coll, err = ebpf.NewCollectionWithOptions(spec, opts)
	if err != nil {
		return nil, nil, failedProgram(spec, err), l.structOpsMembers(err)
	}
	if later != nil {
		err = byHand.all(later, coll, l.opts.Programs, func(prog *ebpf.ProgramSpec, err error) error {
			refused = prog
			return err
		})
	}
	if err == nil && there != nil {
		layouts, err = there.finish(coll)
	}
	if err != nil {
		coll.Close()
		return nil, nil, refused, err
	}
	return coll, layouts, nil, nil
}

// structOpsMembers names the functions that a struct_ops map lacks because their
// programs are left out: which of them it can do without, the subsystem
// decides, and it says EINVAL.
func (l *loading) structOpsMembers(err error) error {
	var members []string
	for name := range l.out {
		p := l.from.Programs[name]
		if p != nil && p.Type == ebpf.StructOps && p.AttachTo != "" {
			members = append(members, fmt.Sprintf("%s (program %s)", strings.ReplaceAll(p.AttachTo, ":", "."), name))
		}
	}
	if len(members) == 0 || !isUnsupported(err) || failedProgram(l.from, err) != nil {
		return err
	}
	slices.Sort(members)
	return fmt.Errorf("%w: members of struct_ops whose programs are left out, and which the kernel may insist on: %s", err, strings.Join(members, ", "))
}

// leaveStructOps leaves out struct_ops maps of which all programs are: no
// subsystem takes a struct without any function, and says EINVAL.
func (l *loading) leaveStructOps() {
	functions := make(map[string][]error) // why each program of a struct is left out, nil if it is not
	for _, name := range programNames(l.from.Programs) {
		p := l.from.Programs[name]
		if ops, _, ok := strings.Cut(p.AttachTo, ":"); ok && p.Type == ebpf.StructOps {
			functions[ops] = append(functions[ops], l.out[name])
		}
	}
	for name, m := range l.from.Maps {
		if m.Type != ebpf.StructOpsMap || m.Value == nil || l.out[name] != nil {
			continue
		}
		if why := functions[m.Value.TypeName()]; len(why) > 0 && !slices.Contains(why, nil) {
			lacking := slices.IndexFunc(why, func(err error) bool { return !errors.Is(err, errDisabled) })
			l.out[name] = fmt.Errorf("%w: map %s: all programs of this struct_ops are left out: %w", ErrNotLoaded, name, why[max(0, lacking)])
		}
	}
}

// errLeftMap marks the error of a program that cannot do without a map.
var errLeftMap = errors.New("map left out")

// usesLeftMap says why a map that the program refers to was left out.
func (l *loading) usesLeftMap(prog *ebpf.ProgramSpec) error {
	for _, ins := range l.from.Programs[prog.Name].Instructions {
		if name := ins.Reference(); ins.IsLoadFromMap() && name != "" && l.out[name] != nil {
			return fmt.Errorf("%w: %w", errLeftMap, l.out[name])
		}
	}
	return nil
}

// leaveOutMap removes a map, and makes the loads of its address loads of a
// number, as libbpf does: the verifier refuses to use that as a map, and does
// not mind if the program never gets there.
func leaveOutMap(spec *ebpf.CollectionSpec, name string) {
	delete(spec.Maps, name)
	for _, prog := range spec.Programs {
		for i := range prog.Instructions {
			ins := &prog.Instructions[i]
			if ins.IsLoadFromMap() && ins.Reference() == name {
				ins.Src, ins.Constant = 0, poisonedMap
				*ins = ins.WithReference("")
			}
		}
	}
	for _, m := range spec.Maps {
		m.Contents = slices.DeleteFunc(m.Contents, func(kv ebpf.MapKV) bool {
			inner, ok := kv.Value.(string)
			return ok && inner == name
		})
	}
}

// poisonedMap stands for the address of a map that was left out; it is libbpf's
// POISON_LDIMM64_MAP_BASE.
const poisonedMap = 2001000000
