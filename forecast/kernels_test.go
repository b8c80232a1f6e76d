package forecast

import (
	"encoding/binary"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// The kernels of these tests are made up: BTF with what the programs of testdata
// ask for, and no more.

var (
	intType  = &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}
	longType = &btf.Int{Name: "long int", Size: 8, Encoding: btf.Signed}
	u64Type  = &btf.Int{Name: "unsigned long long", Size: 8}
)

// enumOf makes an enum of names in order, "" for a hole.
func enumOf(name string, first int, names ...string) *btf.Enum {
	e := &btf.Enum{Name: name, Size: 4}
	for i, n := range names {
		if n != "" {
			e.Values = append(e.Values, btf.EnumValue{Name: n, Value: uint64(first + i)})
		}
	}
	return e
}

// helpersUpTo makes bpf_func_id with the helpers up to a number.
func helpersUpTo(last int) *btf.Enum {
	e := &btf.Enum{Name: enumHelpers, Size: 4}
	for i, name := range helperList[:last+1] {
		e.Values = append(e.Values, btf.EnumValue{Name: "BPF_FUNC_" + strings.TrimPrefix(name, "bpf_"), Value: uint64(i)})
	}
	e.Values = append(e.Values, btf.EnumValue{Name: "__BPF_FUNC_MAX_ID", Value: uint64(last + 1)})
	return e
}

// numbered makes an enum of so many values that are only counted.
func numbered(name, prefix string, n int) *btf.Enum {
	e := &btf.Enum{Name: name, Size: 4}
	for i := range n {
		e.Values = append(e.Values, btf.EnumValue{Name: prefix + string(rune('A'+i%26)) + strings.Repeat("_", i/26), Value: uint64(i)})
	}
	return e
}

func funcType(params ...btf.Type) *btf.FuncProto {
	p := &btf.FuncProto{Return: intType}
	for _, t := range params {
		p.Params = append(p.Params, btf.FuncParam{Name: "p", Type: t})
	}
	return p
}

func aFunction(name string, params ...btf.Type) *btf.Func {
	return &btf.Func{Name: name, Type: funcType(params...)}
}

func pointerTo(t btf.Type) *btf.Pointer { return &btf.Pointer{Target: t} }

func structOf(name string, members ...btf.Member) *btf.Struct {
	return &btf.Struct{Name: name, Size: 64, Members: members}
}

// oldKernel is like 5.10: few helpers, no kernel functions, a task's member "state".
func oldKernel() []btf.Type {
	task := structOf("task", btf.Member{Name: "pid", Type: intType}, btf.Member{Name: "state", Type: longType, Offset: 64})
	return []btf.Type{
		helpersUpTo(155), numbered(enumMapTypes, "BPF_MAP_TYPE_", 29), numbered(enumProgTypes, "BPF_PROG_TYPE_", 31), numbered(enumAttachTypes, "BPF_ATTACH_", 38),
		task, enumOf("helper", 1, "FUNC_old"),
		&btf.Typedef{Name: "btf_trace_event", Type: pointerTo(funcType())}, aFunction("array_map_alloc"),
		structOf("bpf_prog_aux", btf.Member{Name: "sleepable", Type: intType}),
	}
}

// newKernel is like 6.12: all helpers, kernel functions, a task's member "__state".
func newKernel() []btf.Type {
	inner := &btf.Struct{Size: 4, Members: []btf.Member{{Name: "inner", Type: intType}}}
	deep := &btf.Array{Index: intType, Type: inner, Nelems: 4}
	task := structOf("task", btf.Member{Name: "pid", Type: intType}, btf.Member{Name: "__state", Type: intType, Offset: 32}, btf.Member{Name: "deep", Type: deep, Offset: 64})
	return []btf.Type{
		helpersUpTo(211), numbered(enumMapTypes, "BPF_MAP_TYPE_", 34), numbered(enumProgTypes, "BPF_PROG_TYPE_", 33), numbered(enumAttachTypes, "BPF_ATTACH_", 58),
		task, structOf("gone", btf.Member{Name: "x", Type: intType}), enumOf("helper", 1, "FUNC_old", "FUNC_new"),
		&btf.Typedef{Name: "btf_trace_event", Type: pointerTo(funcType())},
		aFunction("kernel_function", pointerTo(task), intType), aFunction("maybe_function", pointerTo(task)), aFunction("kernel_symbol"),
		aFunction("array_map_alloc"), aFunction("bpf_nf_func_proto"), aFunction("bpf_lsm_func_proto"), aFunction("bpf_copy_from_user_str"),
		structOf("bpf_prog_aux", btf.Member{Name: "xdp_has_frags", Type: intType}),
		structOf("bpf_func_info_aux", btf.Member{Name: "called", Type: intType}),
	}
}

// strippedKernel is one of minimised BTF: types alone.
func strippedKernel() []btf.Type {
	return []btf.Type{structOf("task", btf.Member{Name: "pid", Type: intType}, btf.Member{Name: "state", Type: longType, Offset: 64})}
}

func rawBTF(t testing.TB, order binary.ByteOrder, types []btf.Type) []byte {
	t.Helper()
	b, err := btf.NewBuilder(types, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := b.Marshal(nil, &btf.MarshalOptions{Order: order})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func makeKernel(t testing.TB, order binary.ByteOrder, src KernelSource, types []btf.Type) *Kernel {
	t.Helper()
	src.BTF = rawBTF(t, order, types)
	k, err := NewKernel(src)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
