// Package target is the table of clang's targets and the Go architectures that
// each serves: what -target takes, and how files are named after it.
package target

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/bpfgen/bpfgen/internal/suggest"
)

// Info is one target of clang and the Go architectures that it serves.
type Info struct {
	// Name is the suffix of the target's files: "bpfel", "x86_bpfel". It is
	// drawn so that the Go toolchain never takes it for a _GOOS or _GOARCH.
	Name string
	// Clang is what clang's -target gets: "bpf", "bpfel" or "bpfeb".
	Clang string
	// Linux is x in -D__TARGET_ARCH_x, by which libbpf's bpf_tracing.h chooses
	// its registers; "" for a target of no architecture.
	Linux string
	// GOARCH are the architectures, sorted; none means all.
	GOARCH []string
}

// ByteOrder of the target's objects.
func (t Info) ByteOrder() binary.ByteOrder {
	big := t.Clang == "bpfeb" || t.Clang == "bpf" && archs[runtime.GOARCH].clang == "bpfeb"
	if big {
		return binary.BigEndian
	}
	return binary.LittleEndian
}

// arch is what clang calls a Go architecture.
type arch struct {
	clang string
	linux string
	// js marks wasm, which is an architecture of its own beside the others
	// without a __TARGET_ARCH.
	js bool
}

// archs is the table of cilium/ebpf v0.22 (cmd/bpf2go/gen/target.go).
var archs = map[string]arch{
	"386":      {clang: "bpfel", linux: "x86"},
	"amd64":    {clang: "bpfel", linux: "x86"},
	"arm":      {clang: "bpfel", linux: "arm"},
	"arm64":    {clang: "bpfel", linux: "arm64"},
	"loong64":  {clang: "bpfel", linux: "loongarch"},
	"mips":     {clang: "bpfeb", linux: "mips"},
	"mips64":   {clang: "bpfeb"},
	"mips64le": {clang: "bpfel"},
	"mipsle":   {clang: "bpfel"},
	"ppc64":    {clang: "bpfeb", linux: "powerpc"},
	"ppc64le":  {clang: "bpfel", linux: "powerpc"},
	"riscv64":  {clang: "bpfel", linux: "riscv"},
	"s390x":    {clang: "bpfeb", linux: "s390"},
	"wasm":     {clang: "bpfel", js: true},
}

// Find knows the names that -target takes:
//
//   - bpf: no architecture, the byte order of this machine, no constraint
//   - bpfel, bpfeb: no architecture, little- or big-endian
//   - native: the architecture of this machine
//   - a GOARCH: that architecture
//
// A target of no architecture serves every GOARCH of its byte order, but its
// programs cannot read registers (PT_REGS_PARM1 and kin).
func Find(id string) (Info, error) {
	switch id {
	case "bpf":
		return Info{Name: id, Clang: id}, nil
	case "bpfel", "bpfeb":
		same := func(a arch) bool { return a.clang == id }
		return Info{Name: id, Clang: id, GOARCH: goarchs(same)}, nil
	case "native":
		id = runtime.GOARCH
	}
	a, ok := archs[id]
	if !ok || a.linux == "" {
		return Info{}, fmt.Errorf("target %q is not known%s; known are %s", id, suggest.DidYouMean(id, Names()), strings.Join(Names(), ", "))
	}
	return a.target(), nil
}

// All are all targets that have files of their own, sorted by name.
func All() []Info { return slices.Clone(all()) }

var all = sync.OnceValue(func() []Info {
	var all []Info
	for _, id := range []string{"bpf", "bpfel", "bpfeb"} {
		t, _ := Find(id)
		all = append(all, t)
	}
	for _, a := range archs {
		if a.linux != "" {
			all = append(all, a.target())
		}
	}
	slices.SortFunc(all, func(a, b Info) int { return cmp.Compare(a.Name, b.Name) })
	return slices.CompactFunc(all, func(a, b Info) bool { return a.Name == b.Name })
})

// AllGOARCH are the architectures that some target is for, sorted.
func AllGOARCH() []string { return goarchs(func(arch) bool { return true }) }

// Overlap says whether files for a and files for b would be built together for
// some GOARCH. None means all.
func Overlap(a, b []string) bool {
	return len(a) == 0 || len(b) == 0 || slices.ContainsFunc(a, func(arch string) bool { return slices.Contains(b, arch) })
}

// OfName finds the target that the stem of a file's name ends with: x86_bpfel
// of "counter_x86_bpfel", and of "counter_bpfel_x86", as bpf2go called files
// before the Go toolchain took some of its names for a GOARCH.
func OfName(stem string) (found Info, ok bool) {
	longest := 0
	for _, t := range All() {
		for _, name := range []string{t.Name, t.formerName()} {
			ends := stem == name || strings.HasSuffix(stem, "_"+name)
			if ends && len(name) > longest {
				found, ok, longest = t, true, len(name)
			}
		}
	}
	return found, ok
}

// formerName is the suffix that files of bpf2go had (Target.ObsoleteSuffix of
// cilium/ebpf v0.22, cmd/bpf2go/gen/target.go).
func (t Info) formerName() string {
	if t.Linux == "" {
		return t.Name
	}
	return t.Clang + "_" + t.Linux
}

// Names are the names that Find knows, those of no architecture
// first.
func Names() []string {
	named := func(a arch) bool { return a.linux != "" }
	return append([]string{"bpf", "bpfel", "bpfeb", "native"}, goarchs(named)...)
}

func (a arch) target() Info {
	same := func(b arch) bool { return a == b }
	return Info{Name: a.linux + "_" + a.clang, Clang: a.clang, Linux: a.linux, GOARCH: goarchs(same)}
}

// goarchs are the sorted GOARCHes that a condition holds for.
func goarchs(has func(arch) bool) []string {
	var names []string
	for _, name := range sortedArchs() {
		if has(archs[name]) {
			names = append(names, name)
		}
	}
	return names
}

var sortedArchs = sync.OnceValue(func() []string { return slices.Sorted(maps.Keys(archs)) })
