package main

// The BTF of modules continues that of their kernel: types -base.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
)

// kernelTypes is the BTF of a kernel with a struct of that name.
func kernelTypes(t *testing.T, order binary.ByteOrder, name string) []byte {
	t.Helper()
	member := btf.Member{Name: "member_of_" + name, Type: &btf.Int{Name: "int", Size: 4, Encoding: btf.Signed}}
	b, err := btf.NewBuilder([]btf.Type{&btf.Struct{Name: name, Size: 4, Members: []btf.Member{member}}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := b.Marshal(nil, &btf.MarshalOptions{Order: order})
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// byteOrder reads and writes.
type byteOrder interface {
	binary.ByteOrder
	binary.AppendByteOrder
}

// moduleTypes is split BTF, made by hand because the library writes none: struct
// conn { struct NAME base; } of a kernel that has the struct.
func moduleTypes(t *testing.T, order byteOrder, base []byte, name string) []byte {
	t.Helper()
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(base))
	if err != nil {
		t.Fatal(err)
	}
	of, err := spec.AnyTypeByName(name)
	if err != nil {
		t.Fatal(err)
	}
	id, err := spec.TypeID(of)
	if err != nil {
		t.Fatal(err)
	}
	const headerBytes = 24
	stringsBefore := order.Uint32(base[headerBytes-4:]) // str_len of struct btf_header
	const strs = "conn\x00base\x00"
	var types []byte
	for _, n := range []uint32{stringsBefore, 4<<24 | 1, 4, stringsBefore + 5, uint32(id), 0} { // struct of one member, 4 bytes
		types = order.AppendUint32(types, n)
	}
	raw := append(order.AppendUint16(nil, 0xeb9f), 1, 0)
	for _, n := range []int{headerBytes, 0, len(types), len(types), len(strs)} {
		raw = order.AppendUint32(raw, uint32(n))
	}
	return append(append(raw, types...), strs...)
}

// runTypesIn runs types in a folder and returns its status and stderr.
func runTypesIn(t *testing.T, dir string, args ...string) (status int, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	all := append([]string{"types", "-no-typecheck", "-go-package", "p", "-type", "*", "-output-dir", dir}, args...)
	status = run(t.Context(), all, nil, nil, &out, &errs)
	return status, errs.String()
}

func TestTypesOfModules(t *testing.T) {
	orders := map[string]byteOrder{"little": binary.LittleEndian, "big": binary.BigEndian}
	dir := t.TempDir()
	write := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for endian, order := range orders {
		kernels := []string{"sock", "another_struct"}
		for _, k := range kernels {
			raw := kernelTypes(t, order, k)
			write(endian+k+".btf", raw)
			write(endian+k+"_module.btf", moduleTypes(t, order, raw, k))
		}
		for _, k := range kernels {
			module := filepath.Join(dir, endian+k+"_module.btf")
			for _, base := range kernels {
				status, stderr := runTypesIn(t, dir, "-ident", "mod", "-base", filepath.Join(dir, endian+base+".btf"), module)
				if base != k {
					if status != exitTrouble || !strings.Contains(stderr, "does not continue the BTF of "+filepath.Join(dir, endian+base+".btf")) {
						t.Errorf("%s, the module of %s on %s: status %d, %s", endian, k, base, status, stderr)
					}
					continue
				}
				types, err := os.ReadFile(filepath.Join(dir, "mod_types.go"))
				if status != exitOK || err != nil {
					t.Fatalf("%s, %s: status %d, %s, %v", endian, k, status, stderr, err)
				}
				// The module's own types, and what they hold.
				for _, want := range []string{"type modConn struct {", "\tBase mod" + strings.NewReplacer("sock", "Sock", "another_struct", "AnotherStruct").Replace(k) + "\n"} {
					if !strings.Contains(string(types), want) {
						t.Errorf("%s, %s: no %q in\n%s", endian, k, want, types)
					}
				}
			}
		}
	}
	module, kernel := filepath.Join(dir, "littlesock_module.btf"), filepath.Join(dir, "littlesock.btf")
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{module}, "the BTF of a module continues that of its kernel: give that with -base"},
		{[]string{"-base", kernel, kernel}, "littlesock.btf is no module: it needs no -base"},
		{[]string{"-base", "6.1=" + kernel, module}, "no argument has the label 6.1"},
	} {
		if status, stderr := runTypesIn(t, dir, test.args...); status != exitTrouble || !strings.Contains(stderr, test.want) {
			t.Errorf("%q: status %d, %s", test.args, status, stderr)
		}
	}
	if status, stderr := runTypesIn(t, dir, "-ident", "one", "-base", "6.1="+kernel, "6.1="+module); status != exitOK {
		t.Errorf("a base by label: status %d, %s", status, stderr)
	}
}

// What precedes the first "=" is a label, unless there is such a file.
func TestSplitLabel(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("6.1=a.btf", nil, 0o666); err != nil {
		t.Fatal(err)
	}
	for arg, want := range map[string][2]string{
		"6.12=a.btf": {"6.12", "a.btf"}, "6.1=a.btf": {"", "6.1=a.btf"}, "a/b=c": {"", "a/b=c"}, "x=": {"", "x="}, "=x": {"", "=x"},
		"my-kernel_1=b=c": {"my-kernel_1", "b=c"}, "plain.btf": {"", "plain.btf"},
	} {
		if label, path := splitLabel(arg); label != want[0] || path != want[1] {
			t.Errorf("%s: label %q, path %q", arg, label, path)
		}
	}
}

// Modules of two kernels are compared by what is their own, and a module that is gone
// is missed, unless it is built in.
func TestDiffOfModules(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, content []byte) {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, content, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	order := binary.LittleEndian
	sock, other := kernelTypes(t, order, "sock"), kernelTypes(t, order, "another_struct")
	write("old/6.1.btf", sock)
	write("old/conn.ko.btf", moduleTypes(t, order, sock, "sock"))
	write("new/6.2.btf", sock)
	write("new/conn.ko.btf", moduleTypes(t, order, sock, "sock"))
	write("other/6.3.btf", other)
	write("other/conn.ko.btf", moduleTypes(t, order, other, "another_struct"))
	write("gone/6.4.btf", sock)
	write("builtin/6.5.btf", kernelTypes(t, order, "conn"))
	for _, test := range []struct {
		new    string
		status int
		want   []string
	}{
		{"new", exitOK, []string{"old/6.1.btf → DIR/new/6.2.btf: no change", "old/conn.ko.btf → DIR/new/conn.ko.btf: no change"}},
		{"other", exitNo, []string{"struct sock: removed", "struct conn > field base: type was struct sock, is struct another_struct"}},
		{"gone", exitNo, []string{"only on the old side: 6.1.btf module conn"}},
		{"builtin", exitNo, []string{"only on the old side: 6.1.btf module conn", "struct sock: removed"}},
	} {
		var out, errs bytes.Buffer
		status := run(t.Context(), []string{"diff", filepath.Join(dir, "old"), filepath.Join(dir, test.new)}, nil, nil, &out, &errs)
		if status != test.status {
			t.Errorf("%s: status %d, %s", test.new, status, errs.String())
		}
		for _, want := range test.want {
			if want = strings.ReplaceAll(want, "DIR", dir); !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %q in\n%s", test.new, want, out.String())
			}
		}
	}
	for name, breaks := range map[string]int{"gone": exitNo, "new": exitOK} {
		var out, errs bytes.Buffer
		if status := run(t.Context(), []string{"diff", "-breaking", filepath.Join(dir, "old"), filepath.Join(dir, name)}, nil, nil, &out, &errs); status != breaks {
			t.Errorf("%s, -breaking: status %d\n%s%s", name, status, &out, &errs)
		}
	}
}
