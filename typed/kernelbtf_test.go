package typed

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

func TestKernelBTF(t *testing.T) {
	b, err := btf.NewBuilder([]btf.Type{&btf.Struct{Name: "task", Size: 8}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := b.Marshal(nil, &btf.MarshalOptions{Order: binary.NativeEndian})
	if err != nil {
		t.Fatal(err)
	}
	native, other := "little", "big"
	if nativeOrder() == binary.BigEndian {
		native, other = other, native
	}
	sum := sha256.Sum256(raw)
	checksum := hex.EncodeToString(sum[:])
	index := "# file, release, byte order, source, file\n" +
		fmt.Sprintf("foreign.btf 5.4.0-1 %s %s %s\n", other, checksum, checksum) +
		fmt.Sprintf("5.4.0-1.btf 5.4.0-1 %s %s %s\n", native, checksum, checksum) +
		fmt.Sprintf("changed.btf 5.4.0-2 %s %s %s\n", native, checksum, checksum) +
		fmt.Sprintf("missing.btf 5.4.0-3 %s %s %s\n", native, checksum, checksum)
	files := fstest.MapFS{KernelBTFIndex: {Data: []byte(index)}, "5.4.0-1.btf": {Data: raw}, "changed.btf": {Data: append(raw[:len(raw):len(raw)], 0)}}
	spec, err := kernelBTFOf(files, "5.4.0-1")
	var task *btf.Struct
	if err != nil || spec.TypeByName("task", &task) != nil {
		t.Errorf("%v, %v", spec, err)
	}
	for release, says := range map[string]string{
		"5.4.0-2": "is not what the index says", "5.4.0-3": "missing.btf", "5.4.0-4": "no BTF for kernel 5.4.0-4, neither its own nor among that for 4 kernels",
	} {
		_, err := kernelBTFOf(files, release)
		if err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", release, err, says)
		}
	}
	if _, err := kernelBTFOf(files, "5.4.0-4"); !errors.Is(err, ebpf.ErrNotSupported) {
		t.Errorf("%v", err)
	}
	if _, err := kernelBTFOf(fstest.MapFS{}, "5.4.0-1"); err == nil || !strings.Contains(err.Error(), KernelBTFIndex) {
		t.Errorf("without an index: %v", err)
	}
}
