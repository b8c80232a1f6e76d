//go:build linux

package typed

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// congestionOps is what a program needs of struct tcp_congestion_ops.
type congestionOps struct {
	Ssthresh  uint64
	CongAvoid uint64
	UndoCwnd  uint64
	Name      [16]byte
}

var congestionFuncs = []string{"ssthresh", "cong_avoid", "undo_cwnd"}

// congestionSpec is what the library makes of an object with
// struct tcp_congestion_ops in SEC(".struct_ops.link").
func congestionSpec() *ebpf.CollectionSpec {
	value := &btf.Struct{Name: "tcp_congestion_ops", Size: 40}
	programs := make(map[string]*ebpf.ProgramSpec)
	for i, name := range congestionFuncs {
		pointer := &btf.Pointer{Target: &btf.FuncProto{Return: (*btf.Void)(nil)}}
		value.Members = append(value.Members, btf.Member{Name: name, Type: pointer, Offset: btf.Bits(64 * i)})
		programs[name] = &ebpf.ProgramSpec{
			Name: name, Type: ebpf.StructOps, AttachTo: "tcp_congestion_ops:" + name, License: "GPL",
			Instructions: asm.Instructions{asm.LoadImm(asm.R0, 10, asm.DWord), asm.Return()},
		}
	}
	char := &btf.Int{Name: "char", Size: 1, Encoding: btf.Signed}
	name := &btf.Array{Index: &btf.Int{Size: 4}, Type: char, Nelems: 16}
	value.Members = append(value.Members, btf.Member{Name: "name", Type: name, Offset: 3 * 64})
	data := make([]byte, 40)
	copy(data[24:], "bpfgen_c")
	return &ebpf.CollectionSpec{
		Maps: map[string]*ebpf.MapSpec{"ops": {
			Name: "ops", Type: ebpf.StructOpsMap, MaxEntries: 1, Flags: unix.BPF_F_LINK, KeySize: 4, ValueSize: 40,
			Key: &btf.Int{Size: 4}, Value: value, Contents: []ebpf.MapKV{{Key: uint32(0), Value: data}},
		}},
		Programs:  programs,
		Variables: map[string]*ebpf.VariableSpec{},
	}
}

func TestStructOps(t *testing.T) {
	sinceKernel(t, 6, 4, "links of struct_ops")
	lib := congestionSpec()
	c := &CollectionSpec{Spec: lib, name: "test"}
	var spec *MapSpec[*StructOpsMap[congestionOps]]
	bindSpecOf(c, &spec, "ops")
	must(t, c.Err())
	must(t, SetStructOps(spec, func(ops *congestionOps) {
		equal(t, "name in C", string(ops.Name[:8]), "bpfgen_c")
		copy(ops.Name[:], "bpfgen_t")
	}))
	coll, err := ebpf.NewCollection(lib)
	must(t, err)
	defer coll.Close()

	m := new(StructOpsMap[congestionOps])
	must(t, bindMap(m, "ops", coll.Maps["ops"]))
	equal(t, "before attaching", got(m.State())(t), StructOpsReady)
	equal(t, "as text", StructOpsReady.String(), "ready")
	l, err := link.AttachStructOps(link.StructOpsOptions{Map: m.Map()})
	must(t, err)
	available, err := os.ReadFile("/proc/sys/net/ipv4/tcp_available_congestion_control")
	must(t, err)
	if !slices.Contains(strings.Fields(string(available)), "bpfgen_t") {
		t.Errorf("%q lacks bpfgen_t", available)
	}
	must(t, l.Close())
	must(t, m.Close())
	_, err = m.State()
	failsWith(t, "state of a closed map", err, os.ErrClosed)
	_, err = new(StructOpsMap[congestionOps]).State()
	failsWith(t, "state of no map", err, ErrNotLoaded)
}

func TestSetStructOpsErrors(t *testing.T) {
	lib := congestionSpec()
	c := &CollectionSpec{Spec: lib, name: "test"}
	var spec *MapSpec[*StructOpsMap[[8]byte]]
	bindSpecOf(c, &spec, "ops")
	if c.Err() == nil {
		t.Error("a struct of another size was accepted")
	}
	if err := SetStructOps(spec, func(*[8]byte) {}); err == nil {
		t.Error("a struct of another size was set")
	}
	bindSpecOf(c, &spec, "absent")
	failsWith(t, "set of what is absent", SetStructOps(spec, func(*[8]byte) {}), ErrNotLoaded)
	lib.Maps["ops"].Contents = nil
	bindSpecOf(c, &spec, "ops")
	if err := SetStructOps(spec, func(*[8]byte) {}); err == nil {
		t.Error("a map without a value was set")
	}
}
