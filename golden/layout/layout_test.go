package layout

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"

	"github.com/bpfgen/bpfgen/typed"
)

// TestObject compares with the bytes that clang put into the object of this
// machine's byte order.
func TestObject(t *testing.T) {
	for _, c := range records {
		t.Run(c.caseName(), c.testObject)
	}
}

// TestKernel compares with the code that clang made, run by the kernel.
func TestKernel(t *testing.T) {
	needKernel(t)
	for _, c := range records {
		if c.loads() {
			t.Run(c.caseName(), c.testKernel)
		}
	}
}

// tested is a record of any type.
type tested interface {
	caseName() string
	// loads is false for the cases whose BTF the kernel refuses.
	loads() bool
	testObject(t *testing.T)
	testKernel(t *testing.T)
}

// record is the Go side of the list MEMBERS of one case. R is its struct record.
type record[R any] struct {
	name string
	// fill writes every member of the list, through the generated package.
	fill func(r []R)
	// check reads every member of the list and calls equal.
	check func(t *testing.T, r []R)
	// load opens and loads the object; nil where the kernel refuses it.
	load func() (loaded[R], error)
}

// recordsMap is a generated type of an array.
type recordsMap[R any] interface {
	typed.FixedMap[uint32, R]
}

// loaded is the part of a generated collection that the oracle needs.
type loaded[R any] struct {
	records      recordsMap[R]
	write, check *ebpf.Program
	close        func() error
}

func (c record[R]) caseName() string { return c.name }
func (c record[R]) loads() bool      { return c.load != nil }

func (c record[R]) testObject(t *testing.T) {
	raw := filled(t, c.name)
	records := make([]R, len(raw)/int(unsafe.Sizeof(*new(R))))
	if copy(memory(records), raw); len(memory(records)) != len(raw) {
		t.Fatalf("C has %d bytes of records, Go %d bytes each", len(raw), unsafe.Sizeof(*new(R)))
	}
	c.check(t, records)

	written := make([]R, len(records))
	c.fill(written)
	if !bytes.Equal(memory(written), raw) {
		t.Errorf("Go writes other bytes than clang:\nGo    % x\nclang % x", memory(written), raw)
	}
}

func (c record[R]) testKernel(t *testing.T) {
	bpf, err := c.load()
	if err != nil {
		t.Fatalf("%+v", err)
	}
	defer bpf.close()

	n := bpf.records.Handle().MaxEntries()
	if failed := run(t, bpf.check); failed != 1 {
		t.Fatalf("check_members found member %d wrong in an empty map, want the first", failed)
	}
	if failed := run(t, bpf.write); failed != 0 {
		t.Fatalf("write_members: %d", failed)
	}
	records := make([]R, n)
	for i := range uint32(n) {
		if records[i], err = bpf.records.Lookup(i); err != nil {
			t.Fatal(err)
		}
	}
	c.check(t, records)

	written := make([]R, n)
	c.fill(written)
	for i := range uint32(n) {
		if err := bpf.records.Put(i, *new(R)); err != nil {
			t.Fatal(err)
		}
		if err := bpf.records.Put(i, written[i]); err != nil {
			t.Fatal(err)
		}
	}
	if failed := run(t, bpf.check); failed != 0 {
		t.Errorf("the program finds the %d. member of the list wrong after Go wrote it", failed)
	}
}

func run(t *testing.T, p *ebpf.Program) int32 {
	t.Helper()
	result, err := p.Run(&ebpf.RunOptions{})
	if err != nil {
		t.Fatalf("run %v: %v", p, err)
	}
	return int32(result)
}

// equal compares one member; the type of want follows that of the accessor.
func equal[T comparable](t *testing.T, member string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %#v, want %#v", member, got, want)
	}
}

// memory is the bytes of a slice of records.
func memory[R any](r []R) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(r))), len(r)*int(unsafe.Sizeof(*new(R))))
}

// filled is the content of the C variable of that name, out of the committed
// object of this machine's byte order.
func filled(t *testing.T, name string) []byte {
	t.Helper()
	b, err := variable(name, "filled")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func variable(name, symbol string) ([]byte, error) {
	suffix := "_bpfel.o"
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		suffix = "_bpfeb.o"
	}
	f, err := elf.Open(filepath.Join("..", name, strings.ReplaceAll(name, "-", "")+suffix))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	symbols, err := f.Symbols()
	if err != nil {
		return nil, err
	}
	for _, s := range symbols {
		if s.Name == symbol {
			content, err := f.Sections[s.Section].Data()
			if err != nil {
				return nil, err
			}
			return content[s.Value : s.Value+s.Size], nil
		}
	}
	return nil, fmt.Errorf("%s has no variable %s", name, symbol)
}

// needKernel ends the test where BPF programs cannot be loaded.
func needKernel(t *testing.T) {
	t.Helper()
	if err := tryKernel(); err != nil {
		what := fmt.Sprintf("needs a Linux kernel and root: %v", err)
		if os.Getenv("CI") == "true" {
			t.Fatal(what)
		}
		t.Skip(what)
	}
	code, err := features.LinuxVersionCode()
	if err != nil {
		t.Fatal(err)
	}
	if code>>8 < 5<<8|14 {
		t.Skipf("SEC(\"syscall\"): Linux 5.14, this is %d.%d", code>>16, code>>8&0xff)
	}
}

func tryKernel() error {
	if os.Geteuid() != 0 {
		return errors.New("not root")
	}
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	if err != nil {
		return err
	}
	return m.Close()
}
