package typed

import (
	"fmt"
	"runtime"
	"strings"

	"github.com/bpfgen/bpfgen/typed/internal/inuse"
	"github.com/cilium/ebpf"
)

// A section of global variables is an array map with one element. Libbpf and
// cilium/ebpf give it BPF_F_MMAPABLE where the kernel has that (5.5,
// kernel/bpf/arraymap.c, array_map_mmap), so that its memory can be shared
// with this process. It is mapped once per collection. Close of the collection
// unmaps it, or whoever uses a variable of it at that moment.
//
// Without it the element can still be looked up as a whole, which is what
// reading does then. .kconfig is always read in this way, once: cilium/ebpf
// v0.22 makes a map of it for each program (linker.go, resolveKconfigReferences)
// and keeps none in the collection, so it is found through a program.

// kconfig is the section of extern __kconfig variables. The ELF file has none;
// BTF alone describes it.
const kconfig = ".kconfig"

// section is the memory of the variables of one ELF section.
type section struct {
	// mem is the mapped memory of the map, or a copy of a section that cannot
	// change; nil if every read has to look the element up.
	mem []byte
	// readOnly: no write through mem, which does not change either.
	readOnly bool
	life     *mapLife       // nil for a copy
	lent     *ebpf.Variable // of FromObjects: the section is this variable alone
	calls    inuse.Count
	cleanup  runtime.Cleanup
}

// section is the section of that name, for all of its variables the same.
func (c *collectionCore) section(name string, newSection func(*collectionCore, string) (*section, error)) (*section, error) {
	if s := c.sections[name]; s != nil {
		return s, nil
	}
	s, err := newSection(c, name)
	if err != nil {
		return nil, fmt.Errorf("section %s: %w", name, err)
	}
	if c.sections == nil {
		c.sections = make(map[string]*section)
	}
	c.sections[name] = s
	return s, nil
}

func (c *collectionCore) newSection(name string) (*section, error) {
	s := &section{life: c.maps[name]}
	err := s.life.use(name, func(m *ebpf.Map) error {
		// Not being mapped is not an error yet: reading works without.
		s.mem, s.readOnly, _ = mapMemory(m)
		return nil
	})
	if err == nil && s.mem != nil {
		s.cleanup = runtime.AddCleanup(s, unmapMemory, s.mem)
		s.calls.Init(s.unmap)
	}
	return s, err
}

// unmap is called once the section is closed and no variable is in use.
func (s *section) unmap() error {
	s.cleanup.Stop()
	unmapMemory(s.mem)
	return nil
}

// copyOfSection is a section that nobody shares.
func copyOfSection(mem []byte, readOnly bool) *section { return &section{mem: mem, readOnly: readOnly} }

// readKconfig copies .kconfig from the map of any program that refers to it.
func (c *collectionCore) readKconfig(string) (*section, error) {
	ds := datasec(c.spec, kconfig)
	for _, name := range sortedKeys(c.Library.Programs) {
		info, err := c.Library.Programs[name].Info()
		if err != nil {
			return nil, err
		}
		ids, _ := info.MapIDs()
		for _, id := range ids {
			data, err := kconfigData(id, ds.Size)
			if err != nil {
				return nil, err
			}
			if data != nil {
				return copyOfSection(data, true), nil
			}
		}
	}
	return nil, fmt.Errorf("no loaded program refers to it: %w", ErrNotLoaded)
}

// kconfigData is the content of the map with that id if it is a .kconfig of
// that size, else nil. Kernels before 5.2 have no dots in names
// (internal/sys and syscalls.go of cilium/ebpf: objNameAllowsDot).
func kconfigData(id ebpf.MapID, size uint32) ([]byte, error) {
	m, err := ebpf.NewMapFromID(id)
	if err != nil {
		return nil, needsSysAdmin(err)
	}
	defer m.Close()
	info, err := m.Info()
	if err != nil {
		return nil, err
	}
	if "."+strings.TrimPrefix(info.Name, ".") != kconfig || m.ValueSize() != size {
		return nil, nil
	}
	return m.LookupBytes(uint32(0))
}

// lookUp is a copy of a section that is not mapped.
func (s *section) lookUp() (mem []byte, err error) {
	if s.lent != nil {
		err = s.lent.Get(&mem)
		return mem, err
	}
	err = s.life.use("", func(m *ebpf.Map) error {
		mem, err = m.LookupBytes(uint32(0))
		return err
	})
	return mem, err
}

// errNotMapped is why there is no memory that is shared with the program.
func errNotMapped() error {
	why := "the map of the section has not the flag BPF_F_MMAPABLE"
	if olderThan("5.5") {
		why = "that " + needsNewer("5.5")
	}
	return fmt.Errorf("memory is not mapped: %s: %w", why, ebpf.ErrNotSupported)
}

// writable is the memory that is shared with the program.
func (s *section) writable() ([]byte, error) {
	switch {
	case s.lent != nil:
		return nil, fmt.Errorf("the library does not give the memory of its variables: %w", ebpf.ErrNotSupported)
	case s.mem == nil:
		return nil, errNotMapped()
	case s.readOnly:
		return nil, ebpf.ErrReadOnly
	}
	return s.mem, nil
}
