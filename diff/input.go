package diff

// One side of a comparison: an object or BTF, read.

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/forecast"
	"github.com/bpfgen/bpfgen/internal/kernelbtf"
)

// Input is one side: an eBPF object, or the BTF of a kernel or module.
type Input struct {
	name   string
	object *btfparse.Object
	// Of an object: the bytes, what the library makes of them (nil where it
	// refuses), and the programs.
	content  []byte
	spec     *ebpf.CollectionSpec
	programs map[string]*program
	forecast *forecast.Object
	// Of a kernel, and of a module, which is compared by what is its own.
	kernel *kernelbtf.Kernel
	module *kernelbtf.Module
	base   *btf.Spec // of the module's kernel
	types  *btf.Spec
	asked  *forecast.Kernel
}

// Name of the side in reports.
func (i *Input) Name() string { return i.name }

func (i *Input) isBTF() bool { return i.kernel != nil }

// ReadObject reads an eBPF object. The name is for reports.
func ReadObject(name string, content []byte) (*Input, error) {
	object, err := btfparse.Parse(name, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	if object.TypesOnly {
		return nil, fmt.Errorf("%s is no eBPF object", name)
	}
	in := &Input{name: name, object: object, content: content}
	if object.LoadError != nil {
		return in, nil
	}
	if in.spec, err = ebpf.LoadCollectionSpecFromReader(bytes.NewReader(content)); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return in, in.readPrograms()
}

// FromKernel takes a kernel that bpfgen's own reader found. Its modules are inputs of
// their own ([Input.Modules]).
func FromKernel(k *kernelbtf.Kernel) (*Input, error) {
	object, err := btfparse.Parse(k.Path, bytes.NewReader(k.BTF))
	if err != nil {
		return nil, err
	}
	return &Input{name: k.Path, object: object, kernel: k}, nil
}

// Modules are those of a kernel, by name. Each is read when it is asked for.
func (i *Input) Modules() map[string]func() (*Input, error) {
	modules := make(map[string]func() (*Input, error))
	if i.kernel == nil || i.module != nil {
		return modules
	}
	for n := range i.kernel.Modules {
		m := &i.kernel.Modules[n]
		modules[m.Name] = func() (*Input, error) { return i.readModule(m) }
	}
	return modules
}

// inKernel says whether a type is in the BTF of the module's kernel, too. Modules
// have copies of some, other ones with each compiler.
func (i *Input) inKernel(cName string) bool {
	if i.base == nil {
		return false
	}
	found, err := i.base.AnyTypesByName(cName[strings.LastIndexByte(cName, ' ')+1:])
	return err == nil && len(found) > 0
}

// HasTypesOf says whether a kernel has all named types of a module: it is built in.
func (i *Input) HasTypesOf(module *Input) bool {
	have := typesByName(i.object)
	for name := range typesByName(module.object) {
		if have[name] == nil {
			return false
		}
	}
	return true
}

func (i *Input) readModule(m *kernelbtf.Module) (*Input, error) {
	base, err := i.kernelSpec()
	if err != nil {
		return nil, err
	}
	types, err := m.Types(base)
	if err != nil {
		return nil, err
	}
	object, err := btfparse.ParseTypes(m.Path, types, m.ByteOrder())
	if err != nil {
		return nil, err
	}
	return &Input{name: m.Path, object: object, kernel: i.kernel, module: m, base: base, types: types}, nil
}

// asObject is what package forecast makes of the object.
func (i *Input) asObject() (*forecast.Object, error) {
	var err error
	if i.forecast == nil {
		i.forecast, err = forecast.ReadObject(i.name, bytes.NewReader(i.content))
	}
	return i.forecast, err
}

// asKernel is what package forecast makes of the kernel.
func (i *Input) asKernel() (*forecast.Kernel, error) {
	var err error
	if i.asked == nil {
		i.asked, err = forecast.FromImage(i.kernel)
	}
	return i.asked, err
}

// kernelSpec is the decoded BTF of the kernel or module.
func (i *Input) kernelSpec() (*btf.Spec, error) {
	var err error
	if i.types == nil {
		i.types, err = i.kernel.Types()
	}
	return i.types, err
}
