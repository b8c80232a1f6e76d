package forecast

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/internal/kernelbtf"
)

// ErrByteOrder is wrapped by the error of Check for an object of another byte
// order than the kernel's.
var ErrByteOrder = errors.New("byte orders differ")

// Kernel is what is known of one kernel.
type Kernel struct {
	name    string
	path    string
	release string
	order   binary.ByteOrder
	types   *btf.Spec
	// all are types and those of the modules: what CO-RE searches.
	all []*btf.Spec
	// ids are the enumerators of bpf_func_id and its kin by value.
	ids map[string]map[uint64]string
	// has are the facts among those that features.go asks for.
	has   map[fact]bool
	level version
	// config is the kernel's configuration, nil where it is not known.
	config map[string]string
}

// KernelSource says what a kernel is.
type KernelSource struct {
	// Name tells the kernel from others, in reports.
	Name string
	// Release is what uname -r says on it; "" if that is not known.
	Release string
	// BTF is the kernel's own, raw, as in /sys/kernel/btf/vmlinux.
	BTF []byte
	// Modules are the raw BTF of the modules that are loaded on it. What only
	// other modules have is not there for a program.
	Modules [][]byte
	// Config is the text of the kernel's configuration, nil if that is not known.
	Config []byte
}

// NewKernel decodes a kernel's BTF.
func NewKernel(src KernelSource) (*Kernel, error) {
	image := &kernelbtf.Kernel{Name: src.Name, Path: src.Name, Image: &kernelbtf.Image{BTF: src.BTF, Release: src.Release, Config: src.Config}}
	for i, raw := range src.Modules {
		name := fmt.Sprintf("%s, module %d", src.Name, i)
		image.Modules = append(image.Modules, kernelbtf.Module{Name: name, Path: name, Image: &kernelbtf.Image{BTF: raw}})
	}
	return FromImage(image)
}

// ReadKernel reads a kernel out of a file: raw BTF, vmlinux, a boot image, each
// compressed or not. The name tells it from others, in reports.
func ReadKernel(name string, r io.ReaderAt) (*Kernel, error) {
	image, err := kernelbtf.Read(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return FromImage(&kernelbtf.Kernel{Name: name, Path: name, Image: image})
}

// FromImage makes a Kernel of what bpfgen's own reader found.
func FromImage(image *kernelbtf.Kernel) (*Kernel, error) {
	types, err := image.Types()
	if err != nil {
		return nil, err
	}
	k := &Kernel{name: image.Name, path: image.Path, release: image.Release, order: image.ByteOrder(), types: types, all: []*btf.Spec{types}}
	for i := range image.Modules {
		spec, err := image.Modules[i].Types(types)
		if err != nil {
			return nil, err
		}
		k.all = append(k.all, spec)
	}
	if k.has, err = facts(image.BTF, k.order, wantedOfKernels()); err != nil {
		return nil, fmt.Errorf("%s: %w", image.Path, err)
	}
	k.readIDs()
	k.level = k.findLevel()
	k.config = parseConfig(image.Config)
	return k, nil
}

// Name of the kernel in reports.
func (k *Kernel) Name() string { return k.name }

// Release is what uname -r says on the kernel, "" where that is not known.
func (k *Kernel) Release() string { return k.release }

// Path is the file that the kernel was read from, its name where it was no file.
func (k *Kernel) Path() string { return k.path }

// idEnums are the enums that number what a kernel has for BPF.
var idEnums = []string{enumHelpers, enumMapTypes, enumProgTypes, enumAttachTypes}

const (
	enumHelpers     = "bpf_func_id"
	enumMapTypes    = "bpf_map_type"
	enumProgTypes   = "bpf_prog_type"
	enumAttachTypes = "bpf_attach_type"
)

func (k *Kernel) readIDs() {
	k.ids = make(map[string]map[uint64]string)
	for _, name := range idEnums {
		var enum *btf.Enum
		if k.types.TypeByName(name, &enum) != nil {
			continue
		}
		ids := make(map[uint64]string)
		for _, v := range enum.Values {
			// __BPF_FUNC_MAX_ID and its kin count, they are none.
			if !strings.HasPrefix(v.Name, "__") {
				ids[v.Value] = v.Name
			}
		}
		k.ids[name] = ids
	}
}

// tri is an answer that may not be known.
type tri int

const (
	no tri = iota
	yes
	unclear
)

func answer(known, is bool) tri {
	switch {
	case !known:
		return unclear
	case is:
		return yes
	}
	return no
}

// hasID says whether an enum has an enumerator of that value. A kernel whose BTF
// lacks the enum has been stripped of it.
func (k *Kernel) hasID(enum string, id uint64) tri {
	ids := k.ids[enum]
	return answer(ids != nil, ids[id] != "")
}

// find is the types of one kind and name: those of the kernel, or, if it has
// none, those of the first module that has any, as the library searches
// (findTargetInKernel of prog.go, v0.22.0).
func find[T btf.Type](k *Kernel, name string) (found []T) {
	for _, spec := range k.all {
		types, err := spec.AnyTypesByName(name)
		if err != nil {
			continue
		}
		for _, t := range types {
			if t, ok := t.(T); ok {
				found = append(found, t)
			}
		}
		if len(found) > 0 {
			return found
		}
	}
	return nil
}

// parseConfig reads lines CONFIG_X=y. The first of a name counts, as for the
// library (internal/kconfig).
func parseConfig(text []byte) map[string]string {
	if text == nil {
		return nil
	}
	config := make(map[string]string)
	for line := range strings.Lines(string(text)) {
		name, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if _, seen := config[name]; ok && !seen && strings.HasPrefix(name, "CONFIG_") {
			config[name] = value
		}
	}
	return config
}

// endianness is how a byte order is called.
func endianness(order binary.ByteOrder) string {
	if order == binary.BigEndian {
		return "big-endian"
	}
	return "little-endian"
}
