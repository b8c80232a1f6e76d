package forecast

import (
	"bytes"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"
)

var update = flag.Bool("update", false, "write testdata/forecasts.txt and the kernels beside it")

func readTestObject(t testing.TB, file string) *Object {
	t.Helper()
	content, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	o, err := ReadObject(strings.TrimSuffix(filepath.Base(file), ".o"), bytes.NewReader(content))
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// madeUp are the kernels that testdata/programs.c is forecast for.
func madeUp(t testing.TB, order binary.ByteOrder) []*Kernel {
	return []*Kernel{
		makeKernel(t, order, KernelSource{Name: "old", Release: "5.10.0-1-test"}, oldKernel()),
		makeKernel(t, order, KernelSource{Name: "new", Release: "6.12.0-1-test"}, newKernel()),
		makeKernel(t, order, KernelSource{Name: "stripped"}, strippedKernel()),
	}
}

// describe writes a report as text: a line for each verdict and finding.
func describe(r *Report) string {
	var b strings.Builder
	fmt.Fprintf(&b, "== %s: %s\n", r.Kernel, r.Verdict)
	for _, results := range [][]Result{r.Programs, r.Maps} {
		for _, result := range results {
			fmt.Fprintf(&b, "%s: %s\n", result.Name, result.Verdict)
			for _, f := range result.Findings {
				fmt.Fprintf(&b, "\t%s %s %s: %s", f.Verdict, f.Cause, f.Subject, f.What)
				if f.Place() != "" {
					fmt.Fprintf(&b, "\n\t\tat %s: %s", f.Place(), f.Code)
				}
				if f.Remedy != "" {
					fmt.Fprintf(&b, "\n\t\tremedy: %s", f.Remedy)
				}
				b.WriteString("\n")
			}
		}
	}
	return b.String()
}

// What each program of testdata/programs.c is told, word for word.
func TestForecasts(t *testing.T) {
	const golden = "testdata/forecasts.txt"
	o := readTestObject(t, "testdata/programs_bpfel.o")
	var got strings.Builder
	for _, k := range madeUp(t, binary.LittleEndian) {
		r, err := Check(o, k)
		if err != nil {
			t.Fatal(err)
		}
		got.WriteString(describe(r))
	}
	if *update {
		if err := os.WriteFile(golden, []byte(got.String()), 0o644); err != nil {
			t.Fatal(err)
		}
		writeKernels(t)
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("%s differs:\n%s", golden, firstDifference(got.String(), string(want)))
	}
}

// writeKernels keeps the made-up kernels for tests of the command.
func writeKernels(t *testing.T) {
	for name, types := range map[string][]btf.Type{"5.10.0-1-test": oldKernel(), "6.12.0-1-test": newKernel()} {
		if err := os.WriteFile("testdata/"+name+".btf", rawBTF(t, binary.LittleEndian, types), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range a {
		if i >= len(b) || a[i] != b[i] {
			return fmt.Sprintf("line %d: got\n%s\nwant\n%s", i+1, strings.Join(a[i:min(i+3, len(a))], "\n"), strings.Join(b[min(i, len(b)):min(i+3, len(b))], "\n"))
		}
	}
	return fmt.Sprintf("got %d lines, want %d", len(a), len(b))
}

// Big-endian objects are forecast for big-endian kernels, with the same result.
func TestBigEndian(t *testing.T) {
	little, big := readTestObject(t, "testdata/programs_bpfel.o"), readTestObject(t, "testdata/programs_bpfeb.o")
	littleKernels, bigKernels := madeUp(t, binary.LittleEndian), madeUp(t, binary.BigEndian)
	for i := range littleKernels {
		a, err := Check(little, littleKernels[i])
		if err != nil {
			t.Fatal(err)
		}
		b, err := Check(big, bigKernels[i])
		if err != nil {
			t.Fatal(err)
		}
		if x, y := describe(a), describe(b); x != y {
			t.Errorf("kernel %s:\n%s", littleKernels[i].Name(), firstDifference(y, x))
		}
	}
	if _, err := Check(little, bigKernels[0]); !errors.Is(err, ErrByteOrder) {
		t.Errorf("a little-endian object on a big-endian kernel: %v", err)
	}
}

// The committed objects are what their source gives.
func TestObjectsAreTheirSources(t *testing.T) {
	if _, err := exec.LookPath("clang-19"); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("clang-19 is not installed")
		}
		t.Skip("clang-19 is not installed (apt-get install clang-19 llvm-19)")
	}
	dir := t.TempDir()
	if out, err := exec.Command("testdata/build.sh", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, name := range []string{"programs_bpfel.o", "programs_bpfeb.o"} {
		got, err := os.ReadFile(filepath.Join(dir, name))
		want, err2 := os.ReadFile(filepath.Join("testdata", name))
		if err != nil || err2 != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not what build.sh gives (%v, %v)", name, err, err2)
		}
	}
}

// Reports do not depend on the order of anything.
func TestForecastsAreDeterministic(t *testing.T) {
	o := readTestObject(t, "testdata/programs_bpfel.o")
	k := madeUp(t, binary.LittleEndian)[0]
	first, err := Check(o, k)
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		again, err := Check(readTestObject(t, "testdata/programs_bpfel.o"), madeUp(t, binary.LittleEndian)[0])
		if err != nil || describe(again) != describe(first) {
			t.Fatalf("another run says otherwise (%v)", err)
		}
	}
}

// An object that the library refuses fails, with what it is refused for.
func TestRefusedObject(t *testing.T) {
	o := readTestObject(t, "../golden/struct-ops-nolink/structopsnolink_bpfel.o")
	r, err := Check(o, madeUp(t, binary.LittleEndian)[1])
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != Fails || len(r.Programs) == 0 {
		t.Fatalf("%+v", r)
	}
	for _, p := range r.Programs {
		if p.Verdict != Fails || p.Findings[0].Cause != CauseLibrary || p.Findings[0].Remedy == "" {
			t.Errorf("%+v", p)
		}
	}
}

func TestNotAnObject(t *testing.T) {
	for name, content := range map[string][]byte{
		"empty": nil, "text": []byte("#include <linux/bpf.h>"), "truncated": []byte("\x7fELF\x02\x01\x01"),
		"another machine": func() []byte {
			b, _ := os.ReadFile("testdata/programs_bpfel.o")
			b[18], b[19] = 62, 0
			return b
		}(),
	} {
		if _, err := ReadObject("x.o", bytes.NewReader(content)); err == nil || !strings.HasPrefix(err.Error(), "x.o: ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever bytes of an object are damaged: an error or a report, and no panic.
func TestDamagedObjects(t *testing.T) {
	content, err := os.ReadFile("testdata/programs_bpfel.o")
	if err != nil {
		t.Fatal(err)
	}
	k := madeUp(t, binary.LittleEndian)[1]
	for at := 64; at < len(content); at += 41 {
		damaged := slices.Clone(content)
		damaged[at] ^= 0xff
		o, err := ReadObject("damaged.o", bytes.NewReader(damaged))
		if err != nil {
			continue
		}
		if _, err := Check(o, k); err != nil && !errors.Is(err, ErrByteOrder) {
			t.Errorf("byte %d: %v", at, err)
		}
	}
}

// What a module has counts as the kernel's, and programs reach it in the order
// in which the library searches.
func TestModules(t *testing.T) {
	k := makeKernel(t, binary.LittleEndian, KernelSource{Name: "k"}, oldKernel())
	if n := len(find[*btf.Func](k, "kernel_function")); n != 0 {
		t.Fatalf("%d functions", n)
	}
	base := rawBTF(t, binary.LittleEndian, oldKernel())
	k, err := NewKernel(KernelSource{Name: "k", BTF: base, Modules: [][]byte{splitFunction(t, base, "kernel_function")}})
	if err != nil {
		t.Fatal(err)
	}
	if n := len(find[*btf.Func](k, "kernel_function")); n != 1 {
		t.Errorf("%d functions", n)
	}
	r, err := Check(readTestObject(t, "testdata/programs_bpfel.o"), k)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range r.Programs {
		if p.Name == "enters_function" && p.Verdict != Clear || p.Name == "enters_nothing" && !strings.Contains(p.Findings[0].What, "nor has one of its modules") {
			t.Errorf("%+v", p)
		}
	}
}

// splitFunction makes split BTF by hand: a function without arguments.
func splitFunction(t *testing.T, base []byte, name string) []byte {
	t.Helper()
	_, strs, err := btfParts(base, binary.LittleEndian)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(base))
	if err != nil {
		t.Fatal(err)
	}
	n := uint32(1)
	for range spec.All() {
		n++
	}
	le := binary.LittleEndian
	var types []byte
	for _, word := range []uint32{0, kindFuncProto << 24, 0, uint32(len(strs)), kindFunc << 24, n - 1} {
		types = le.AppendUint32(types, word)
	}
	raw := []byte{0x9f, 0xeb, 1, 0}
	for _, word := range []int{24, 0, len(types), len(types), len(name) + 1} {
		raw = le.AppendUint32(raw, uint32(word))
	}
	return append(append(append(raw, types...), name...), 0)
}

func TestVerdictText(t *testing.T) {
	for v := Clear; v <= Fails; v++ {
		text, err := v.MarshalText()
		var back Verdict
		if err != nil || back.UnmarshalText(text) != nil || back != v {
			t.Errorf("%d: %s, %v", v, text, err)
		}
	}
	if err := new(Verdict).UnmarshalText([]byte("perhaps")); err == nil {
		t.Error("perhaps is a verdict")
	}
}
