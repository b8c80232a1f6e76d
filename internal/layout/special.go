package layout

import (
	"strings"

	"github.com/cilium/ebpf/btf"
)

// kernelTypes are the structs that the kernel manages inside of map values, by
// name: btf_get_field_type of kernel/bpf/btf.c (Linux 6.18). What is in them is
// the kernel's business.
var kernelTypes = map[string]bool{
	"bpf_spin_lock":     true,
	"bpf_res_spin_lock": true,
	"bpf_timer":         true,
	"bpf_wq":            true,
	"bpf_task_work":     true,
	"bpf_list_head":     true,
	"bpf_list_node":     true,
	"bpf_rb_root":       true,
	"bpf_rb_node":       true,
	"bpf_refcount":      true,
}

// kernelPointerTag is the meaning of the type tags with which the kernel takes a pointer in a
// map value for its own: btf_find_kptr of kernel/bpf/btf.c. "kptr_ref" is
// what Linux before 6.3 called "kptr".
func kernelPointerTag(tag string) string {
	switch tag {
	case "kptr", "kptr_ref":
		return "kptr"
	case "kptr_untrusted", "percpu_kptr", "uptr":
		return tag
	}
	return ""
}

// containsTag starts the decl tag that says what is in a list or tree.
const containsTag = "contains:"

// typeTag starts the decl tag that gives an integer a byte order in Go.
const typeTag = "bpfgen:type="

// isAddressTag is true for the values of typeTag that make integers of 4 bytes an
// address, or a part of one.
func isAddressTag(order string) bool { return order == "ipv4" || order == "ipv6" }

// byteOrder is one of the typedefs of uapi/linux/types.h that say in which byte
// order an integer is stored.
type byteOrder struct {
	cat  category
	size uint32 // bytes
}

// byteOrderOf is the byte order of a typedef.
func byteOrderOf(typedef string) (byteOrder, bool) {
	if len(typedef) != len("__be32") || typedef[0] != '_' {
		return byteOrder{}, false
	}
	switch typedef {
	case "__be16":
		return byteOrder{bigEndian, 2}, true
	case "__be32":
		return byteOrder{bigEndian, 4}, true
	case "__be64":
		return byteOrder{bigEndian, 8}, true
	case "__le16":
		return byteOrder{littleEndian, 2}, true
	case "__le32":
		return byteOrder{littleEndian, 4}, true
	case "__le64":
		return byteOrder{littleEndian, 8}, true
	}
	return byteOrder{}, false
}

// fillWords are what programmers call bytes that mean nothing. moreFillWords
// may stand beside one of them: "pad_to_align", "reserved_bits".
var (
	fillWords = map[string]bool{
		"pad": true, "padding": true, "filler": true, "unused": true, "spare": true,
		"reserved": true, "resv": true, "rsvd": true, "rsv": true, "mbz": true,
	}
	moreFillWords = map[string]bool{"bits": true, "bytes": true, "bit": true, "byte": true, "to": true, "align": true, "end": true, "tail": true}
)

// isReserved says whether a field means nothing, by its name: "_pad", "__pad2",
// "reserved", "rsvd1", "pad_end".
func isReserved(name string) bool {
	found := false
	for _, word := range strings.Split(strings.ToLower(name), "_") {
		word = strings.Trim(word, "0123456789")
		switch {
		case fillWords[word]:
			found = true
		case word != "" && !moreFillWords[word]:
			return false
		}
	}
	return found
}

// kernelType is the name of a struct that the kernel manages, without the flavour
// of CO-RE (struct bpf_timer___old); "" for others.
func kernelType(name string) string {
	if !strings.HasPrefix(name, "bpf_") {
		return ""
	}
	if i := strings.LastIndex(name, "___"); i > 0 {
		name = name[:i]
	}
	if !kernelTypes[name] {
		return ""
	}
	return name
}

// kernelPointer is the tag of a pointer that the kernel takes for its own, ""
// for others. t is what the pointer points to.
func kernelPointer(t btf.Type) string {
	for range maxNesting {
		switch next := t.(type) {
		case *btf.TypeTag:
			if tag := kernelPointerTag(next.Value); tag != "" {
				return tag
			}
			t = next.Type
		case *btf.Const:
			t = next.Type
		case *btf.Volatile:
			t = next.Type
		case *btf.Restrict:
			t = next.Type
		default:
			return ""
		}
	}
	return ""
}

// tagValue is what the last tag with that prefix says.
func tagValue(tags []string, prefix string) string {
	found := ""
	for _, tag := range tags {
		if after, ok := strings.CutPrefix(tag, prefix); ok {
			found = after
		}
	}
	return found
}
