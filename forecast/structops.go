package forecast

// This file checks struct_ops: programs that implement a member of a struct of
// operations, and the map that holds the struct (struct_ops.go and
// populateStructOps in collection.go of the library, v0.22.0).

import (
	"fmt"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// structOps checks a program's struct and member.
func (p *programCheck) structOps() {
	if p.Type != ebpf.StructOps {
		return
	}
	name, member, _ := strings.Cut(p.AttachTo, ":")
	if name == "" {
		p.say(Fails, CauseStructOps, p.Name, "no struct in .struct_ops.link has this program as a member, so the kernel does not know what it is for", `put it into a struct in SEC(".struct_ops.link")`)
		return
	}
	t := p.kernel.opsStruct(name)
	switch {
	case t == nil:
		p.say(p.kernel.absent(Fails), CauseStructOps, "struct "+name, fmt.Sprintf("the kernel has no struct %s to be implemented", name)+p.kernel.modulesUnknown(), optional)
	case !hasMember(t, member):
		p.say(Fails, CauseStructOps, fmt.Sprintf("struct %s.%s", name, member), fmt.Sprintf("struct %s has no member %s on this kernel", name, member), optional)
	}
}

// opsStruct is the kernel's struct of operations, nil where it has none that a
// program can implement.
func (k *Kernel) opsStruct(name string) *btf.Struct {
	if len(find[*btf.Struct](k, structOpsValue+name)) == 0 {
		return nil
	}
	found := find[*btf.Struct](k, name)
	if len(found) == 0 {
		return nil
	}
	return found[0]
}

// structOpsValue starts the name of the kernel's struct around one of operations.
const structOpsValue = "bpf_struct_ops_"

func hasMember(t *btf.Struct, name string) bool {
	return slices.ContainsFunc(t.Members, func(m btf.Member) bool { return m.Name == name })
}

// structOps checks the map.
func (m *mapCheck) structOps(spec *ebpf.MapSpec) {
	local, ok := btf.As[*btf.Struct](spec.Value)
	if !ok {
		return
	}
	remote := m.kernel.opsStruct(local.Name)
	if remote == nil {
		m.say(m.kernel.absent(Fails), CauseStructOps, "struct "+local.Name, fmt.Sprintf("the kernel has no struct %s to be implemented", local.Name)+m.kernel.modulesUnknown(), "")
		return
	}
	data, _ := spec.Contents[0].Value.([]byte)
	for _, member := range local.Members {
		m.structOpsMember(local.Name, remote, member, data)
	}
}

func (m *mapCheck) structOpsMember(name string, remote *btf.Struct, member btf.Member, data []byte) {
	subject := fmt.Sprintf("struct %s.%s", name, member.Name)
	size, err := btf.Sizeof(member.Type)
	start := int(member.Offset.Bytes())
	if err != nil || start+size > len(data) {
		return
	}
	i := slices.IndexFunc(remote.Members, func(other btf.Member) bool { return other.Name == member.Name })
	if i < 0 {
		if slices.ContainsFunc(data[start:start+size], func(b byte) bool { return b != 0 }) {
			m.say(Fails, CauseStructOps, subject, fmt.Sprintf("struct %s has no member %s on this kernel, and the program sets it", name, member.Name), "leave it 0")
		}
		return
	}
	if _, pointer := btf.UnderlyingType(member.Type).(*btf.Pointer); pointer {
		return
	}
	if other, err := btf.Sizeof(remote.Members[i].Type); err == nil && other != size {
		m.say(Fails, CauseStructOps, subject, fmt.Sprintf("%s has %d bytes on this kernel, and %d in the program", subject, other, size), "declare the struct as the kernel has it")
	}
}
