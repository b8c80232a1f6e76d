package typed

import (
	"errors"
	"fmt"
	"maps"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
)

// This file and load_linux.go load the programs for which cilium/ebpf v0.22
// passes attach_btf_id 0 to the kernel (findProgramTargetInKernel, prog.go):
// fsession and lsm_cgroup. The library makes the maps and all other programs;
// these come after them, with the same parts of the library where it exports
// them. What it does not export, kernel functions (kfuncs), kernel symbols and
// .kconfig, is resolved in load_externs_linux.go.

// programLoader loads such a program; loaded are the maps that it refers to, by C
// name, types finds those of the kernel.
type programLoader func(spec *ebpf.ProgramSpec, loaded map[string]*ebpf.Map, types *btf.Cache, opts ebpf.ProgramOptions) (*ebpf.Program, error)

// laterLoader is all that such programs need.
type laterLoader struct {
	load programLoader
	take func(*loading, *ebpf.CollectionSpec) *loadedLater
	all  func(l *loadedLater, coll *ebpf.Collection, opts ebpf.ProgramOptions, refused func(*ebpf.ProgramSpec, error) error) error
}

// loadsLater are the types of handles of such programs. They have the loader, so
// that it is not part of programs without such handles.
type loadsLater interface{ loader() *laterLoader }

func (*Fsession) loader() *laterLoader  { return loadedByHand }
func (*LSMCgroup) loader() *laterLoader { return loadedByHand }

var loadedByHand = &laterLoader{loadProgram, (*loading).takeLoadedLater, (*loadedLater).load}

// later is the loader of programs of the spec, nil if the library loads all.
func (c *specCore) later() *laterLoader {
	for _, st := range c.programs {
		if st.loader != nil {
			return st.loader
		}
	}
	return nil
}

// unbound says that a program is one of these and has no handle: another build of
// the object has it.
func unbound(st *programState, spec *ebpf.ProgramSpec) bool {
	return st.loader == nil && spec.AttachTarget == nil && loadedByUs(spec)
}

// loadedByUs are programs of fsession and lsm_cgroup.
func loadedByUs(spec *ebpf.ProgramSpec) bool {
	return spec.Type == ebpf.Tracing && spec.AttachType == attachFsession || spec.Type == ebpf.LSM && spec.AttachType == ebpf.AttachLSMCgroup
}

var errUnbound = errors.New("cilium/ebpf cannot load it, and package typed loads those that the generated code has a handle of: run go generate for this object, or Disable it")

// targetFunction is the function of the kernel's BTF that the program is for
// (libbpf's find_kernel_btf_id, btf_get_kernel_prefix_kind).
func targetFunction(spec *ebpf.ProgramSpec) string {
	if spec.Type == ebpf.LSM {
		return "bpf_lsm_" + spec.AttachTo
	}
	return spec.AttachTo
}

// takeLoadedLater removes these programs from the spec, and from the contents
// of its program arrays.
func (ld *loading) takeLoadedLater(spec *ebpf.CollectionSpec) *loadedLater {
	l := &loadedLater{spec: spec, programs: make(map[string]*ebpf.ProgramSpec), states: ld.set.programs}
	for name, prog := range spec.Programs {
		if ld.set.state(name).loader != nil && prog.AttachTarget == nil {
			l.programs[name] = prog
		}
	}
	for name, m := range spec.Maps {
		for _, kv := range m.Contents {
			if prog, ok := kv.Value.(string); ok && m.Type == ebpf.ProgramArray && l.programs[prog] != nil {
				l.slots = append(l.slots, programSlot{name, kv.Key, prog})
			}
		}
	}
	for name := range l.programs {
		leaveOut(spec, name)
	}
	return l
}

// loadedLater are the programs that are loaded after the library is done.
type loadedLater struct {
	spec     *ebpf.CollectionSpec // the others, and these once they are loaded
	programs map[string]*ebpf.ProgramSpec
	states   map[string]*programState
	slots    []programSlot
}

// programSlot is an element of a program array that C initialises.
type programSlot struct {
	array   string
	key     any
	program string
}

// load loads the programs into the collection, in the order of their names.
// refused decides on a program that the kernel refuses: an error ends it.
func (l *loadedLater) load(coll *ebpf.Collection, opts ebpf.ProgramOptions, refused func(*ebpf.ProgramSpec, error) error) error {
	types := btf.NewCache() // the kernel's are decoded once for all programs
	for _, name := range sortedKeys(l.programs) {
		prog, err := l.states[name].loader.load(l.programs[name], coll.Maps, types, opts)
		if err != nil {
			if err := refused(l.programs[name], err); err != nil {
				return err
			}
			continue
		}
		coll.Programs[name] = prog
	}
	for _, s := range l.slots {
		if prog := coll.Programs[s.program]; prog != nil {
			if err := coll.Maps[s.array].Put(s.key, prog); err != nil {
				return fmt.Errorf("map %s: program %s: %w", s.array, s.program, err)
			}
		}
	}
	maps.Copy(l.spec.Programs, l.programs)
	return nil
}

// linkMaps points the instructions at the maps.
func linkMaps(code asm.Instructions, loaded map[string]*ebpf.Map) error {
	for i := range code {
		ins := &code[i]
		name := ins.Reference()
		if !ins.IsLoadFromMap() || name == "" {
			continue
		}
		m := loaded[name]
		if m == nil {
			return fmt.Errorf("map %s: %w", name, asm.ErrUnsatisfiedMapReference)
		}
		if err := ins.AssociateMap(m); err != nil {
			return fmt.Errorf("map %s: %w", name, err)
		}
	}
	return nil
}
