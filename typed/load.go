package typed

import (
	"fmt"
	"maps"
	"slices"

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

// loadedHere says whether the library cannot load a program and this file can.
func loadedHere(spec *ebpf.ProgramSpec) bool {
	return spec.AttachTarget == nil && (kindFsession.matches(spec) || kindLSMCgroup.matches(spec))
}

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
func takeLoadedLater(spec *ebpf.CollectionSpec) *loadedLater {
	l := &loadedLater{programs: make(map[string]*ebpf.ProgramSpec)}
	for name, prog := range spec.Programs {
		if loadedHere(prog) {
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
	programs map[string]*ebpf.ProgramSpec
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
	for _, name := range slices.Sorted(maps.Keys(l.programs)) {
		prog, err := loadProgram(l.programs[name], coll.Maps, types, opts)
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
