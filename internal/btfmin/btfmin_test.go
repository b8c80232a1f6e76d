package btfmin

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/internal/kernelbtf"
)

// fixups are what every program's relocations become, as text. module may be nil.
func fixups(t *testing.T, spec *ebpf.CollectionSpec, kernel, module *btf.Spec) (text []string) {
	t.Helper()
	for _, name := range sortedNames(spec.Programs) {
		var relos []*btf.CORERelocation
		for i := range spec.Programs[name].Instructions {
			if r := btf.CORERelocationMetadata(&spec.Programs[name].Instructions[i]); r != nil {
				relos = append(relos, r)
			}
		}
		targets := []*btf.Spec{kernel}
		if module != nil {
			targets = append(targets, module)
		}
		fixed, err := btf.CORERelocate(relos, targets, spec.ByteOrder, func(btf.Type) (btf.TypeID, error) { return 1, nil })
		if err != nil {
			text = append(text, name+": error")
			continue
		}
		for i := range fixed {
			text = append(text, name+": "+relos[i].String()+" "+fixed[i].String())
		}
	}
	return text
}

// testKernels are BTF by path: made-up kernels, what is committed of real ones, and
// the running one.
func testKernels(t *testing.T) map[string][]byte {
	t.Helper()
	paths, err := filepath.Glob("../../forecast/testdata/*.btf")
	real, err2 := filepath.Glob("../kernelbtf/testdata/kernels/*.btf.gz")
	if err := errors.Join(err, err2); err != nil || len(paths) < 2 || len(real) < 6 {
		t.Fatal(err, paths, real)
	}
	kernels := make(map[string][]byte)
	for _, path := range append(paths, real...) {
		packed, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if kernels[path], err = kernelbtf.Unpack(packed); err != nil {
			t.Fatal(err)
		}
	}
	if raw, err := os.ReadFile("/sys/kernel/btf/vmlinux"); err == nil {
		kernels["/sys/kernel/btf/vmlinux"] = raw
	}
	return kernels
}

// Relocations come out of minimised BTF as of the kernel's own: for the objects of
// golden and examples, in both byte orders.
func TestFixupsAreTheSame(t *testing.T) {
	objects, _ := filepath.Glob("../../examples/*/*_bpfe[lb].o")
	more, _ := filepath.Glob("../../forecast/testdata/programs_bpfe[lb].o")
	objects = append(objects, more...)
	compared := make(map[string]int)
	for path, raw := range testKernels(t) {
		kernel := load(t, raw)
		for _, object := range objects {
			spec, err := ebpf.LoadCollectionSpec(object)
			if err != nil {
				t.Fatal(err)
			}
			if spec.ByteOrder.Uint16(raw) != 0xeb9f {
				continue // of the other byte order
			}
			relocations, err := Relocations(spec)
			if err != nil {
				t.Fatal(err)
			}
			small, err := Minimise(relocations, []*btf.Spec{kernel}, spec.ByteOrder)
			if err != nil {
				t.Fatal(err)
			}
			again, err := Minimise(relocations, []*btf.Spec{kernel}, spec.ByteOrder)
			if err != nil || !bytes.Equal(small, again) {
				t.Errorf("%s on %s: another run gives other bytes (%v)", object, path, err)
			}
			minimised := load(t, small)
			want, got := fixups(t, spec, kernel, nil), fixups(t, spec, minimised, nil)
			if !slices.Equal(want, got) {
				t.Errorf("%s on %s:\n%s\nwant\n%s", object, path, strings.Join(got, "\n"), strings.Join(want, "\n"))
			}
			if len(small) > len(raw)/2 {
				t.Errorf("%s on %s: %d bytes of %d", object, path, len(small), len(raw))
			}
			compared[spec.ByteOrder.String()] += len(want)
		}
	}
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		if n := compared[order.String()]; n < 20 {
			t.Errorf("%s: only %d relocations compared", order, n)
		}
	}
}

// reordered is the BTF in another byte order.
func reordered(t *testing.T, raw []byte, order binary.ByteOrder) []byte {
	t.Helper()
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	var types []btf.Type
	for typ, err := range spec.All() {
		if err != nil {
			t.Fatal(err)
		}
		if _, void := typ.(*btf.Void); !void {
			types = append(types, typ)
		}
	}
	b, err := btf.NewBuilder(types, nil)
	if err != nil {
		t.Fatal(err)
	}
	other, err := b.Marshal(nil, &btf.MarshalOptions{Order: order})
	if err != nil {
		t.Fatal(err)
	}
	return other
}

// byteOrder reads and writes.
type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// withModule is split BTF, made by hand because the library writes none: a struct
// gone, as programs.c has it, with an int of the kernel.
func withModule(t *testing.T, order byteOrder, base []byte, kernel *btf.Spec) *btf.Spec {
	t.Helper()
	integer, err := kernel.AnyTypeByName("int")
	if err != nil {
		t.Fatal(err)
	}
	id, err := kernel.TypeID(integer)
	if err != nil {
		t.Fatal(err)
	}
	const headerBytes = 24
	before := order.Uint32(base[headerBytes-4:]) // str_len of struct btf_header
	const strs = "gone\x00x\x00"
	var types []byte
	for _, n := range []uint32{before, 4<<24 | 1, 4, before + 5, uint32(id), 0} { // a struct of one member, 4 bytes
		types = order.AppendUint32(types, n)
	}
	raw := append(order.AppendUint16(nil, 0xeb9f), 1, 0)
	for _, n := range []int{headerBytes, 0, len(types), len(types), len(strs)} {
		raw = order.AppendUint32(raw, uint32(n))
	}
	split, err := btf.LoadSplitSpecFromReader(bytes.NewReader(slices.Concat(raw, types, []byte(strs))), kernel)
	if err != nil {
		t.Fatal(err)
	}
	return split
}

// Types of modules are in it, in both byte orders.
func TestModulesAndByteOrders(t *testing.T) {
	raw, err := os.ReadFile("../../forecast/testdata/5.10.0-1-test.btf")
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		object string
		order  byteOrder
	}{{"programs_bpfel.o", binary.LittleEndian}, {"programs_bpfeb.o", binary.BigEndian}} {
		base := reordered(t, raw, test.order)
		kernel := load(t, base)
		spec, err := ebpf.LoadCollectionSpec("../../forecast/testdata/" + test.object)
		if err != nil {
			t.Fatal(err)
		}
		relocations, err := Relocations(spec)
		if err != nil {
			t.Fatal(err)
		}
		module := withModule(t, test.order, base, kernel)
		small, err := Minimise(relocations, []*btf.Spec{kernel, module}, spec.ByteOrder)
		if err != nil {
			t.Fatal(err)
		}
		if got := test.order.Uint16(small); got != 0xeb9f {
			t.Errorf("%s: magic %#x", test.object, got)
		}
		alone, err := Minimise(relocations, []*btf.Spec{kernel}, spec.ByteOrder)
		if err != nil {
			t.Fatal(err)
		}
		both := fixups(t, spec, load(t, small), nil)
		if want := fixups(t, spec, kernel, module); !slices.Equal(both, want) {
			t.Errorf("%s with a module:\n%s\nwant\n%s", test.object, strings.Join(both, "\n"), strings.Join(want, "\n"))
		}
		if without := fixups(t, spec, load(t, alone), nil); slices.Equal(both, without) || !slices.Equal(without, fixups(t, spec, kernel, nil)) {
			t.Errorf("%s without the module:\n%s", test.object, strings.Join(without, "\n"))
		}
	}
}

func load(t *testing.T, raw []byte) *btf.Spec {
	t.Helper()
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return spec
}
