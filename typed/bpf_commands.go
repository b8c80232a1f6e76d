package typed

import "github.com/bpfgen/bpfgen/typed/internal/bpf"

// The commands of bpf(2) on other things than maps, whose are in internal/bpf.
type bpfCommand = bpf.Command

const (
	bpfProgLoadCommand bpfCommand = 5  // 3.18
	bpfObjGetInfoByFD  bpfCommand = 15 // 4.13
)
