package typed

import (
	"fmt"

	"github.com/cilium/ebpf/link"
)

// Attach makes the kernel use the functions of the map, which comes from a
// section .struct_ops.link (Linux ≥ 6.4). Closing the link takes them away.
func (m *StructOps[V]) Attach() (link.Link, error) {
	if err := m.Err(); err != nil {
		return nil, err
	}
	l, err := link.AttachStructOps(link.StructOpsOptions{Map: m.Map})
	if err != nil {
		return nil, fmt.Errorf("attach struct_ops map %s: %w", m.name, err)
	}
	return l, nil
}
