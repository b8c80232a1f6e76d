//go:build linux

package typed

import (
	"errors"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/internal/layout"
	"github.com/cilium/ebpf/btf"
)

// kernelLayouts is what bpfgen types -layouts writes of a type.
func kernelLayouts(t *testing.T, typ btf.Type, name string) string {
	t.Helper()
	l, err := layout.Of(typ)
	if err != nil {
		t.Fatal(err)
	}
	var table layout.Table
	table.Add(l, "type", name)
	return "\n" + table.String()
}

func TestCheckKernel(t *testing.T) {
	task := func(names ...string) *btf.Struct {
		inner := counters(names...)
		return cStruct("task", btf.Member{Name: "pid", Type: layoutS32}, btf.Member{Name: "one", Type: layoutU32}, btf.Member{Name: "stats", Type: &btf.Array{Type: inner, Index: layoutU32, Nelems: 0}})
	}
	layouts := kernelLayouts(t, task("a", "b"), "struct task")
	for _, test := range []struct {
		name   string
		kernel btf.Type
		want   string
	}{
		{"the same", task("a", "b"), ""},
		{"a nested field has moved", task("b", "a"), "struct task > field stats > struct stats > field a: place is byte 4, the generated code expects byte 0"},
		{"another sign", cStruct("task", btf.Member{Name: "pid", Type: layoutU32}, btf.Member{Name: "one", Type: layoutU32},
			btf.Member{Name: "stats", Type: &btf.Array{Type: counters("a", "b"), Index: layoutU32, Nelems: 0}}), "field pid: type is u32, the generated code expects s32"},
		{"gone", counters("a", "b"), "struct task: this kernel does not have it"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := CheckKernel(layouts, layoutSpec(t, test.kernel).Spec.Types)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Error(err)
			}
			var layoutError *LayoutError
			if strings.Contains(test.want, "expects") && !errors.As(err, &layoutError) {
				t.Errorf("%T", err)
			}
		})
	}
	if err := CheckKernel("type x u32\n", layoutSpec(t, layoutU32).Spec.Types); err == nil {
		t.Error("damaged layouts")
	}
}

// TestCheckRunningKernel: the types of this kernel are its own; one whose field is
// elsewhere is named.
func TestCheckRunningKernel(t *testing.T) {
	kernel, err := btf.LoadKernelSpec()
	if err != nil {
		t.Skip("the kernel has no BTF: ", err)
	}
	var task *btf.Struct
	if err := kernel.TypeByName("task_struct", &task); err != nil {
		t.Fatal(err)
	}
	if err := CheckKernel(kernelLayouts(t, task, "struct task_struct"), nil); err != nil {
		t.Error(err)
	}
	moved := *task
	moved.Members = append([]btf.Member(nil), task.Members...)
	for i := range moved.Members {
		if m := &moved.Members[i]; m.Name == "pid" {
			m.Offset += 32
		}
	}
	if err := CheckKernel(kernelLayouts(t, &moved, "struct task_struct"), nil); err == nil || !strings.Contains(err.Error(), "struct task_struct > field pid: place is byte ") {
		t.Error(err)
	}
}
