package typed

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"reflect"
	"slices"

	"github.com/bpfgen/bpfgen/typed/internal/kernelsym"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
)

// What a program refers to outside of its object: kernel functions (kfuncs),
// kernel symbols and the kernel's configuration, resolved as the library does
// (linker.go, v0.22: fixupKfuncs, resolveKsymReferences,
// resolveKconfigReferences), for the programs that load_linux.go loads.

// externs are what must stay until the program is loaded.
type externs struct {
	modules []*btf.Handle // of kernel functions
	ids     []btf.ID      // of the modules
	kconfig *ebpf.Map     // nil if the program does not use it
}

// resolveExterns changes the instructions that refer to the kernel. The caller
// closes what comes back, also after an error.
func resolveExterns(code asm.Instructions, license string, types *btf.Cache) (*externs, error) {
	e := new(externs)
	var errs []error
	symbols := make(map[string]uint64)
	for i := range code {
		if ref, ok := externOf(&code[i]); ok && ref.kind == externSymbol {
			symbols[ref.name] = 0
		}
	}
	hidden, err := kernelAddresses(symbols)
	if err != nil {
		return e, err
	}
	for i := range code {
		ref, ok := externOf(&code[i])
		if !ok {
			errs = append(errs, unresolved(&code[i]))
			continue
		}
		switch ref.kind {
		case externFunction:
			errs = append(errs, e.function(&code[i], ref, types))
		case externSymbol:
			errs = append(errs, setSymbol(&code[i], ref, symbols[ref.name], hidden))
		case externConfig:
			errs = append(errs, e.config(&code[i], ref, license))
		}
	}
	return e, errors.Join(slices.CompactFunc(errs, sameText)...)
}

// sameText says whether two errors are of one cause: a name that is missing is
// missing wherever it is used.
func sameText(a, b error) bool { return a != nil && b != nil && a.Error() == b.Error() }

func (e *externs) close() error {
	var errs []error
	for _, h := range e.modules {
		errs = append(errs, h.Close())
	}
	if e.kconfig != nil {
		errs = append(errs, e.kconfig.Close())
	}
	return errors.Join(errs...)
}

// descriptors is what Offset of a call is an index of; 0 is the kernel itself.
func (e *externs) descriptors() []int32 {
	fds := []int32{0}
	for _, h := range e.modules {
		fds = append(fds, int32(h.FD()))
	}
	return fds
}

// The kinds of externs, by the name of what the library keeps of them.
const (
	externFunction = "kfuncMeta"
	externSymbol   = "ksymMeta"
	externConfig   = "kconfigMeta"
)

// extern is what an instruction refers to.
type extern struct {
	kind     string
	name     string // but of .kconfig
	weak     bool
	function *btf.Func // of a kernel function, as the object declares it
	offset   uint32    // in .kconfig
}

// weakBinding is STB_WEAK (debug/elf).
const weakBinding = 2

// externOf reads what the library keeps with an instruction under keys of its
// own (elf_reader.go, relocateInstruction). Nothing exported says whether a
// reference is weak, nor which part of .kconfig an instruction loads. A version
// of the library that keeps it elsewhere is noticed: unresolved says so.
func externOf(ins *asm.Instruction) (extern, bool) {
	for e := reflect.ValueOf(&ins.Metadata).Elem().FieldByName("head"); e.IsValid() && !e.IsZero(); e = e.Elem().FieldByName("next") {
		value := e.Elem().FieldByName("value")
		if !value.IsValid() || value.IsZero() || value.Elem().Kind() != reflect.Pointer {
			continue
		}
		meta := value.Elem().Elem()
		if ref, ok := externMeta(ins, meta); ok {
			return ref, true
		}
	}
	return extern{}, false
}

func externMeta(ins *asm.Instruction, meta reflect.Value) (extern, bool) {
	if !meta.IsValid() || meta.Kind() != reflect.Struct || meta.Type().PkgPath() != reflect.TypeFor[ebpf.MapSpec]().PkgPath() {
		return extern{}, false
	}
	ref := extern{kind: meta.Type().Name(), name: ins.Reference()}
	binding, function, offset := meta.FieldByName("Binding"), meta.FieldByName("Func"), meta.FieldByName("Offset")
	switch {
	case ref.kind == externConfig && offset.CanUint():
		ref.offset = uint32(offset.Uint())
	case ref.kind == externSymbol && binding.CanInt():
		ref.weak = binding.Int() == weakBinding
	case ref.kind == externFunction && binding.CanInt() && function.Kind() == reflect.Pointer:
		ref.weak = binding.Int() == weakBinding
		ref.function = (*btf.Func)(function.UnsafePointer())
	default:
		return extern{}, false
	}
	return ref, true
}

// unresolved names an instruction that refers to something outside of the
// program, and of which externOf knows nothing.
func unresolved(ins *asm.Instruction) error {
	if ins.IsFunctionReference() || ins.OpCode.Class().IsJump() && !ins.IsKfuncCall() {
		return nil // inside of the program: Marshal resolves it
	}
	switch {
	case ins.IsKfuncCall(), ins.Reference() != "":
		return fmt.Errorf("refers to %s, and how is not known of this version of cilium/ebpf: %w", ins.Reference(), ebpf.ErrNotSupported)
	case ins.IsLoadFromMap() && ins.Map() == nil:
		return fmt.Errorf("refers to a map or to .kconfig, and how is not known of this version of cilium/ebpf: %w", ebpf.ErrNotSupported)
	}
	return nil
}

// missingFunctionCall is the number of a helper that never was, in place of a
// call of a weak function that is not there: the verifier refuses it where the
// program can get to (kfuncCallPoisonBase, linker.go).
const missingFunctionCall asm.BuiltinFunc = 0xdedc0de

// function resolves a call of a kernel function, or the load that asks whether
// there is one.
func (e *externs) function(ins *asm.Instruction, ref extern, types *btf.Cache) error {
	fn, spec, module, err := kernelFunctionType(ref.function.Name, types)
	switch {
	case errors.Is(err, btf.ErrNotFound) && ref.weak && ins.IsKfuncCall():
		*ins = missingFunctionCall.Call().WithMetadata(ins.Metadata)
		return nil
	case errors.Is(err, btf.ErrNotFound) && ref.weak:
		ins.Constant, ins.Src = 0, 0
		return nil
	case errors.Is(err, btf.ErrNotFound):
		return fmt.Errorf("the kernel has no function %s for programs to call: %w (%w)", ref.name, ebpf.ErrNotSupported, err)
	case err != nil:
		return fmt.Errorf("kernel function %s: %w", ref.name, err)
	}
	if err := btf.CheckTypeCompatibility(ref.function.Type, fn.Type); err != nil {
		return errors.Join(fmt.Errorf("kernel function %s has another prototype in this kernel: %w", ref.name, err), module.Close())
	}
	id, err := spec.TypeID(fn)
	if err != nil {
		return errors.Join(err, module.Close())
	}
	index, err := e.module(module)
	if err != nil {
		return err
	}
	ins.Constant = int64(id)
	if ins.IsKfuncCall() {
		ins.Offset = int16(index)
	}
	return nil
}

// module takes over a module and gives its index; nil is the kernel.
func (e *externs) module(h *btf.Handle) (int, error) {
	if h == nil {
		return 0, nil
	}
	info, err := h.Info()
	if err != nil {
		return 0, errors.Join(err, h.Close())
	}
	if i := slices.Index(e.ids, info.ID); i >= 0 {
		return i + 1, h.Close()
	}
	e.modules, e.ids = append(e.modules, h), append(e.ids, info.ID)
	return len(e.modules), nil
}

// kernelAddresses finds the addresses of symbols. hidden says that the kernel
// shows this process none.
func kernelAddresses(symbols map[string]uint64) (hidden bool, err error) {
	if len(symbols) == 0 {
		return false, nil
	}
	hidden, err = kernelsym.Addresses(symbols)
	if err != nil {
		return false, fmt.Errorf("resolve kernel symbols: %w", err)
	}
	return hidden, nil
}

func setSymbol(ins *asm.Instruction, ref extern, address uint64, hidden bool) error {
	switch {
	case address == 0 && hidden && !ref.weak:
		return explain(fmt.Errorf("kernel symbol %s: %w", ref.name, ebpf.ErrRestrictedKernel),
			"the kernel shows addresses to processes with CAP_SYSLOG, unless kernel.kptr_restrict is 2")
	case address == 0 && !ref.weak:
		return fmt.Errorf("the kernel has no symbol %s: %w", ref.name, ebpf.ErrNotSupported)
	}
	ins.Constant = int64(address)
	return nil
}

// config makes an instruction load from .kconfig.
func (e *externs) config(ins *asm.Instruction, ref extern, license string) (err error) {
	if e.kconfig == nil {
		if e.kconfig, err = kconfigMap(*ins, license); err != nil {
			return fmt.Errorf("resolve .kconfig: %w", err)
		}
	}
	if err := ins.AssociateMap(e.kconfig); err != nil {
		return err
	}
	ins.Constant = int64(uint64(ref.offset) << 32) // as the address of a map's value has it
	return nil
}

// kconfigMap has the library make the map .kconfig, which it makes for each
// program anew: for one that has nothing but an instruction that refers to it.
func kconfigMap(load asm.Instruction, license string) (*ebpf.Map, error) {
	load.Dst = asm.R1
	probe, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Name: "kconfig", Type: ebpf.SocketFilter, License: license,
		Instructions: asm.Instructions{load.WithSource(nil).WithSymbol(""), asm.Mov.Imm(asm.R0, 0), asm.Return()},
	})
	if err != nil {
		return nil, err
	}
	defer probe.Close()
	info, err := probe.Info()
	if err != nil {
		return nil, err
	}
	ids, _ := info.MapIDs()
	if len(ids) != 1 {
		return nil, fmt.Errorf("a program that refers to it has %d maps: %w", len(ids), ebpf.ErrNotSupported)
	}
	m, err := ebpf.NewMapFromID(ids[0])
	if lacksSysAdmin(err) {
		err = explain(err, forSysAdmin)
	}
	return m, err
}

// kernelFunctionType finds a function in the kernel's BTF, or else in that of a
// module, whose handle the caller closes. The error wraps [btf.ErrNotFound] if
// there is none, or if it is in a module that the process may not look at.
func kernelFunctionType(name string, types *btf.Cache) (fn *btf.Func, spec *btf.Spec, module *btf.Handle, err error) {
	kernel, err := types.Kernel()
	if err != nil {
		return nil, nil, nil, err
	}
	if err = kernel.TypeByName(name, &fn); !errors.Is(err, btf.ErrNotFound) {
		return fn, kernel, nil, err
	}
	modules := new(btf.HandleIterator)
	for modules.Next() {
		info, err := modules.Handle.Info()
		if err != nil || !info.IsModule() {
			continue
		}
		spec, err := types.Module(info.Name)
		if err != nil {
			return nil, nil, nil, errors.Join(err, modules.Handle.Close())
		}
		if err = spec.TypeByName(name, &fn); err == nil {
			return fn, spec, modules.Take(), nil
		}
	}
	err = modules.Err()
	if errors.Is(err, os.ErrPermission) {
		return nil, nil, nil, explain(btf.ErrNotFound, "functions of modules are found with CAP_SYS_ADMIN only")
	}
	return nil, nil, nil, cmp.Or(err, btf.ErrNotFound)
}
