package forecast

// This file knows which helpers and kernel functions a type of program may call.
// The kernel decides that in code (…_func_proto, register_btf_kfunc_id_set), of
// which BTF shows nothing, so it is measured: .ci/forecast/probe asks kernels of
// several releases about every function and kind of program, and allowed.txt keeps
// the answers. What holds on two of them holds between, too; where they differ,
// kernels between are unclear.

import (
	_ "embed"
	"fmt"
	"math/big"
	"slices"
	"strings"
	"sync"

	"github.com/cilium/ebpf"

	"github.com/bpfgen/bpfgen/internal/bpfuse"
)

//go:embed allowed.txt
var allowedText string

// useTable is helpers or kernel functions.
type useTable string

const (
	helperUses useTable = "helper"
	kfuncUses  useTable = "kfunc"
	hookUses   useTable = "hook" // LSM hooks, without bpf_lsm_
)

// allowedTable is allowed.txt.
type allowedTable struct {
	kernels []version
	// probed uses by table, one set for each kernel.
	probed map[useTable][]*big.Int
	// functions by table and name: the uses that may call it, one set for each
	// kernel, nil where the kernel does not have it.
	functions map[useTable]map[string][]*big.Int
}

var allowed = sync.OnceValue(func() *allowedTable {
	t, err := parseAllowed(allowedText)
	if err != nil {
		panic(err) // a test reads it
	}
	return t
})

// parseAllowed reads lines of words: "kernels 5.10 …", "uses socket …",
// "probed helper SET…", "helper NAME SET…", where a SET is a hexadecimal number
// with a bit for each use, "=" the one before it, "-" none.
func parseAllowed(text string) (*allowedTable, error) {
	t := &allowedTable{probed: make(map[useTable][]*big.Int), functions: map[useTable]map[string][]*big.Int{helperUses: {}, kfuncUses: {}, hookUses: {}}}
	for line := range strings.Lines(text) {
		words := strings.Fields(line)
		if len(words) < 2 || words[0] == "#" {
			continue
		}
		if err := t.line(words); err != nil {
			return nil, fmt.Errorf("allowed.txt: %q: %w", strings.TrimSpace(line), err)
		}
	}
	return t, nil
}

func (t *allowedTable) line(words []string) (err error) {
	switch words[0] {
	case "kernels":
		for _, w := range words[1:] {
			t.kernels = append(t.kernels, parseVersion(w))
		}
	case "uses":
		for i, w := range words[1:] {
			if i >= len(bpfuse.Uses) || bpfuse.Uses[i].Name != w {
				return fmt.Errorf("%s is not use %d of package bpfuse", w, i)
			}
		}
	case "probed":
		t.probed[useTable(words[1])], err = t.sets(words[2:])
	default:
		t.functions[useTable(words[0])][words[1]], err = t.sets(words[2:])
	}
	return err
}

func (t *allowedTable) sets(words []string) (sets []*big.Int, err error) {
	if len(words) != len(t.kernels) {
		return nil, fmt.Errorf("%d sets for %d kernels", len(words), len(t.kernels))
	}
	for i, w := range words {
		var set *big.Int
		switch {
		case w == "-":
		case w == "=" && i > 0:
			set = sets[i-1]
		default:
			var ok bool
			if set, ok = new(big.Int).SetString(w, 16); !ok {
				return nil, fmt.Errorf("%q is no set", w)
			}
		}
		sets = append(sets, set)
	}
	return sets, nil
}

// allows says whether programs of a use may call a function that the kernel has.
// Where nothing has been measured, they may: a newer kernel adds functions for those
// who are to call them.
func (k *Kernel) allows(table useTable, function string, use int) tri {
	if use < 0 {
		return yes
	}
	is := k.allowedIn(allowed(), table, function, use)
	if is != yes && bpfuse.Uses[use].DependsOnTarget() && (dependsOnMore[function] || slices.Contains(dependsIn[function], bpfuse.Uses[use].Type)) {
		return yes
	}
	return is
}

// dependsOnMore are helpers whose measured refusal says nothing of other programs of
// the same kind: they depend on the function or hook that the program attaches to
// (btf_allowlist_d_path, bpf_iter_get_func_proto, bpf_lsm_func_proto), on the attach
// type, or on lockdown. dependsIn are those that do so for programs of some types alone.
var (
	dependsOnMore = map[string]bool{
		"bpf_d_path": true, "bpf_getsockopt": true, "bpf_setsockopt": true,
		"bpf_ima_inode_hash": true, "bpf_ima_file_hash": true, "bpf_bprm_opts_set": true,
		"bpf_probe_write_user": true, "bpf_override_return": true,
	}
	dependsIn = map[string][]ebpf.ProgramType{
		"bpf_get_retval": {ebpf.LSM, ebpf.CGroupDevice, ebpf.CGroupSysctl}, "bpf_set_retval": {ebpf.LSM, ebpf.CGroupDevice, ebpf.CGroupSysctl},
		"bpf_sk_storage_get": {ebpf.LSM}, "bpf_sk_storage_delete": {ebpf.LSM},
	}
)

func (k *Kernel) allowedIn(t *allowedTable, table useTable, function string, use int) tri {
	sets := t.functions[table][function]
	before, after := unclear, unclear
	for i, set := range sets {
		if set == nil || t.probed[table][i].Bit(use) == 0 {
			continue
		}
		is := answer(true, set.Bit(use) == 1)
		switch {
		case t.kernels[i] == k.level:
			return is
		case t.kernels[i] < k.level:
			before = is
		case after == unclear:
			after = is
		}
	}
	switch {
	case before == unclear && after == unclear:
		return yes
	case before == unclear:
		return after
	case after == unclear || before == after:
		return before
	}
	return unclear
}

// use is the program's kind in messages and its number in the tables.
func (p *programCheck) use() (string, int) {
	i := bpfuse.Of(p.ProgramSpec)
	if i < 0 {
		return strings.ToLower(p.Type.String()), i
	}
	return bpfuse.Uses[i].Name, i
}
