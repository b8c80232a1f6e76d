package typed

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// KernelBTFIndex is the file in which bpfgen btf min lists what it made: a line
// for each kernel, with the file, the kernel's release, the byte order ("little" or
// "big"), the SHA-256 of the BTF that it was made of, and that of the file.
const KernelBTFIndex = "kernels.txt"

// KernelBTF is the BTF for CO-RE on the running kernel, for
// [ebpf.ProgramOptions].KernelTypes: nil where the kernel has BTF of its own
// (/sys/kernel/btf/vmlinux), which the library takes by itself; else what fsys has
// for the kernel's release (uname -r). fsys is what bpfgen btf min wrote.
//
// An error that wraps [ebpf.ErrNotSupported] says that there is none for this
// kernel. Minimised BTF is enough for relocations alone: programs that are attached
// by BTF (fentry, LSM, struct_ops) and kernel functions need the kernel's own.
func KernelBTF(fsys fs.FS) (*btf.Spec, error) {
	if _, err := os.Stat("/sys/kernel/btf/vmlinux"); err == nil {
		return nil, nil
	}
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return nil, fmt.Errorf("the kernel's release: %w", err)
	}
	return kernelBTFOf(fsys, strings.TrimSpace(string(release)))
}

// kernelBTFOf is the BTF for one release, in this machine's byte order.
func kernelBTFOf(fsys fs.FS, release string) (*btf.Spec, error) {
	index, err := fs.ReadFile(fsys, KernelBTFIndex)
	if err != nil {
		return nil, fmt.Errorf("BTF for kernels: %w", err)
	}
	order := strings.TrimSuffix(orderName(nativeOrder()), "-endian")
	kernels := 0
	for line := range strings.Lines(string(index)) {
		fields := strings.Fields(line)
		if len(fields) != 5 || strings.HasPrefix(line, "#") {
			continue
		}
		kernels++
		if fields[1] == release && fields[2] == order {
			return readKernelBTF(fsys, fields[0], fields[4])
		}
	}
	return nil, fmt.Errorf("no BTF for kernel %s, neither its own nor among that for %d kernels; add it with bpfgen btf min: %w", release, kernels, ebpf.ErrNotSupported)
}

var errKernelBTFChanged = errors.New("is not what the index says: run bpfgen btf min again")

func readKernelBTF(fsys fs.FS, name, checksum string) (*btf.Spec, error) {
	raw, err := fs.ReadFile(fsys, name)
	if err != nil {
		return nil, fmt.Errorf("BTF for kernels: %w", err)
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != checksum {
		return nil, fmt.Errorf("BTF for kernels: %s %w", name, errKernelBTFChanged)
	}
	spec, err := btf.LoadSpecFromReader(bytes.NewReader(raw))
	if err != nil {
		return nil, fmt.Errorf("BTF for kernels: %s: %w", name, err)
	}
	return spec, nil
}
