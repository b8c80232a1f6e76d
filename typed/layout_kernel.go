package typed

import (
	"errors"
	"fmt"

	"github.com/bpfgen/bpfgen/internal/layout"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// Types of a kernel (bpfgen types) are those of the kernel that they were generated
// from. Programs read them through raw pointers, records of tracepoints or memory
// that BPF has copied, where no CO-RE relocation corrects an offset.

// CheckKernel compares Go types that were generated from a kernel's BTF with another
// kernel: layouts is what bpfgen types -layouts has put beside them, kernel the BTF
// of the kernel or of a module, nil for the running kernel. It returns nil if every
// type is laid out as Go has it, else all that differs, joined: a [*LayoutError] for
// each field that has moved, has another type or is gone, with both places. Fields
// that are new where there was padding, and what a kernel's BTF does not say, are no
// errors.
//
//	if err := typed.CheckKernel(vmlinux.Layouts, nil); err != nil { … }
func CheckKernel(layouts string, kernel *btf.Spec) error {
	if kernel == nil {
		var err error
		if kernel, err = btf.LoadKernelSpec(); err != nil {
			return fmt.Errorf("check kernel types: the BTF of the kernel: %w", err)
		}
	}
	types := (*objectTypes)(&ebpf.CollectionSpec{Types: kernel})
	var hasher layout.Hasher
	var errs []error
	err := layout.EachHash(layouts, func(place []string, want layout.Hash) {
		if !isNamed(place) {
			return
		}
		t, ok := types.at(place)
		if !ok {
			errs = append(errs, fmt.Errorf("%s: this kernel does not have it", placePath(place)))
			return
		}
		if got, err := hasher.Hash(t.Type); err != nil || got != want {
			errs = append(errs, types.compare(layouts, place, want)...)
		}
	})
	if err := errors.Join(append(errs, err)...); err != nil {
		return fmt.Errorf("the kernel's types are not those that the Go code was generated from: %w", err)
	}
	return nil
}
