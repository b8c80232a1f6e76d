// Package forecast says whether the programs of an eBPF object would load on a
// kernel that is known by its BTF alone, without running it.
//
// [Check] compares one object with one kernel. For each program and map it gives
// a [Verdict] and the [Finding]s behind it: what is missing, where in the C
// source it is used, and what can be done. A forecast is of what package typed
// and cilium/ebpf v0.22 do with the object as it is: variables and map sizes
// that Go sets before Load are not known here.
//
// What can be known: relocations (CO-RE), helpers, kernel functions (kfuncs),
// kernel symbols, the types of maps, programs and attach points, their targets,
// flags and instructions. What cannot: what the verifier makes of the program's
// logic (bounds, complexity), what the machine's policy forbids, and symbols that
// BTF does not hold. So the best verdict is Clear, "nothing found that stops it".
//
// Where to go next: object.go and kernel.go are the two sides; program.go and
// maps.go ask one kind of question each; code.go looks at instructions and reach.go
// finds out which of them can be reached at all, because a relocation that fails
// behind bpf_core_field_exists harms nobody; features.go and allowed.go hold what is
// known of kernels beyond their types.
package forecast

import (
	"cmp"
	"fmt"
	"slices"
)

// Verdict is what is known of a program or map on a kernel, from best to worst.
type Verdict int

const (
	// Clear: nothing was found that stops it.
	Clear Verdict = iota
	// Attach: it loads as far as is known, but what it attaches to is not there,
	// or not in the way that it asks for.
	Attach
	// Unknown: whether it loads depends on what BTF does not tell.
	Unknown
	// Fails: it does not load.
	Fails
)

var verdictNames = [...]string{"clear", "attach", "unknown", "fails"}

// String is the verdict as output shows it: clear, attach, unknown, fails.
func (v Verdict) String() string {
	if v < 0 || int(v) >= len(verdictNames) {
		return fmt.Sprintf("Verdict(%d)", int(v))
	}
	return verdictNames[v]
}

// MarshalText writes the verdict as String does.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads what MarshalText writes.
func (v *Verdict) UnmarshalText(text []byte) error {
	i := slices.Index(verdictNames[:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is no verdict", text)
	}
	*v = Verdict(i)
	return nil
}

// Cause is the kind of thing that a finding is about.
type Cause string

const (
	CauseRelocation  Cause = "relocation"   // a type, field or enumerator of the kernel that CO-RE looks for
	CauseHelper      Cause = "helper"       // a helper function, or a helper that this type of program may not call
	CauseKfunc       Cause = "kfunc"        // a kernel function and its prototype
	CauseKsym        Cause = "ksym"         // a symbol of the kernel, extern … __ksym
	CauseKconfig     Cause = "kconfig"      // a variable of .kconfig
	CauseMap         Cause = "map"          // the type or definition of a map
	CauseProgramType Cause = "program_type" // the type of the program
	CauseAttachType  Cause = "attach_type"  // the attach type of the program
	CauseTarget      Cause = "target"       // the kernel function, hook or tracepoint that the section names
	CauseFlag        Cause = "flag"         // a flag of a map or program: sleepable, frags, …
	CauseStructOps   Cause = "struct_ops"   // a struct of operations or a member of it
	CauseInstruction Cause = "instruction"  // an instruction that the kernel does not know
	CauseLicense     Cause = "license"      // something that only a GPL-compatible program may use
	CauseBTF         Cause = "btf"          // a kind of BTF that the kernel refuses
	CauseLibrary     Cause = "library"      // what cilium/ebpf refuses, on every kernel
)

// Finding is one reason for a verdict, or a remark on what was found and does no
// harm (Verdict Clear): a failed relocation in dead code.
type Finding struct {
	Verdict Verdict `json:"verdict"`
	Cause   Cause   `json:"cause"`
	// Subject is what is looked for in the kernel, in its own spelling:
	// "struct task_struct.__state", "bpf_loop", "BPF_MAP_TYPE_ARENA".
	Subject string `json:"subject"`
	// What is wrong, as a clause without a final stop.
	What string `json:"what"`
	// Remedy is what can be done in the C source or in Go, as a clause; "" where
	// nothing is known that helps.
	Remedy string `json:"remedy,omitempty"`
	// File and Line of the C source, Code the text of that line, as the object's
	// BTF has them; zero where it has none.
	File string `json:"file,omitempty"`
	Line int    `json:"line,omitempty"`
	Code string `json:"code,omitempty"`
}

// Place is "file:line", "" where it is not known.
func (f Finding) Place() string {
	if f.File == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", f.File, f.Line)
}

// Result is the forecast for one program or map.
type Result struct {
	Name string `json:"name"`
	// Section is the program's SEC() or the map's section.
	Section string  `json:"section,omitempty"`
	Verdict Verdict `json:"verdict"`
	// Findings, the worst first.
	Findings []Finding `json:"findings,omitempty"`
}

func (r *Result) add(f Finding) {
	r.Verdict = max(r.Verdict, f.Verdict)
	if !slices.Contains(r.Findings, f) {
		r.Findings = append(r.Findings, f)
	}
}

// Report is the forecast for one object on one kernel.
type Report struct {
	Object string `json:"object"`
	Kernel string `json:"kernel"`
	// Release is what uname -r says on the kernel, "" where that is not known.
	Release string `json:"release,omitempty"`
	// Verdict is the worst of the programs' and maps': the forecast for loading
	// the whole object. Programs with SEC("?…") do not count, because they are
	// loaded only when asked for.
	Verdict  Verdict  `json:"verdict"`
	Programs []Result `json:"programs"`
	Maps     []Result `json:"maps"`
}

// Check forecasts every program and map of an object on a kernel. Programs and
// maps are sorted by name. It is an error if their byte orders differ.
//
// Objects and kernels may be used by several goroutines at a time.
func Check(o *Object, k *Kernel) (*Report, error) {
	if o.order != k.order {
		return nil, fmt.Errorf("%s is for %s machines, the kernel %s is %s: %w", o.name, endianness(o.order), k.name, endianness(k.order), ErrByteOrder)
	}
	r := &Report{Object: o.name, Kernel: k.name, Release: k.release, Programs: []Result{}, Maps: []Result{}}
	c := checker{object: o, kernel: k, maps: make(map[string]*Result)}
	for _, m := range o.maps {
		r.Maps = append(r.Maps, c.checkMap(m))
	}
	for i := range r.Maps {
		c.maps[r.Maps[i].Name] = &r.Maps[i]
	}
	for _, p := range o.programs {
		result := c.checkProgram(p)
		slices.SortStableFunc(result.Findings, func(a, b Finding) int { return cmp.Compare(b.Verdict, a.Verdict) })
		r.Programs = append(r.Programs, result)
	}
	r.Verdict = o.overall(r)
	return r, nil
}

// checker is one comparison.
type checker struct {
	object *Object
	kernel *Kernel
	maps   map[string]*Result
}

// overall is the verdict for loading everything that is loaded by itself.
func (o *Object) overall(r *Report) (worst Verdict) {
	for i, result := range r.Programs {
		if o.programs[i].autoload() {
			worst = max(worst, result.Verdict)
		}
	}
	for _, result := range r.Maps {
		worst = max(worst, result.Verdict)
	}
	return worst
}
