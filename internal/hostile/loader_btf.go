package hostile

// What the library's loader does with the BTF of an object that is not in
// proportion to its size.

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

// maxLookupSteps bounds the steps that the library takes to find the types that
// describe sections.
const maxLookupSteps = 1 << 30

// sectionTypes are the DATASEC types that describe sections: by index, with the
// number of sections of that name that are of a kind.
func (o *Object) sectionTypes(is func(section) bool) map[int]int {
	named := make(map[string]int)
	for _, s := range o.sections {
		if is(s) {
			named[s.name]++
		}
	}
	types := make(map[int]int)
	if o.btf == nil {
		return types
	}
	for i := range o.btf.offsets {
		if kind, _ := o.btf.info(o.btf.at(i)); kind == btfDatasec && named[o.btf.name(i)] > 0 {
			types[i] = named[o.btf.name(i)]
		}
	}
	return types
}

// chargeVariables counts the copies of types that variables ask for: btf.Copy
// in loadDataSections.
func (o *Object) chargeVariables(left *budget) {
	sections := o.sectionTypes(section.isData)
	variables := 0
	for i, n := range sections {
		_, vlen := o.btf.info(o.btf.at(i))
		variables += n * vlen
	}
	if variables == 0 || left.allows(variables, o.btf.copyBytes()) {
		return
	}
	walk := newTypeWalk(o.btf)
	for i, n := range sections {
		for _, variable := range o.btf.refs(i, nil) {
			for range n {
				if walk.charge(variable, left); *left < 0 {
					return
				}
			}
		}
	}
}

// typeBytes is what the library keeps of a type, by the size that it has in
// BTF: a Member is five times as large as a struct btf_member.
func typeBytes(raw int) uint64 { return uint64(128 + 6*raw) }

// copyBytes is what a copy of all types takes.
func (g *btfTypes) copyBytes() uint64 {
	return 128*uint64(len(g.offsets)) + 6*uint64(len(g.types))
}

// typeWalk visits what types refer to.
type typeWalk struct {
	*btfTypes
	round   int
	visited []int // the round of the last visit
	stack   []int
}

func newTypeWalk(g *btfTypes) *typeWalk {
	return &typeWalk{btfTypes: g, visited: make([]int, len(g.offsets))}
}

// charge counts a copy of a type and of all that it refers to, directly or not.
func (w *typeWalk) charge(root int, left *budget) {
	w.round++
	w.stack = append(w.stack[:0], root)
	for len(w.stack) > 0 && *left >= 0 {
		at := w.stack[len(w.stack)-1]
		w.stack = w.stack[:len(w.stack)-1]
		if w.visited[at] == w.round {
			continue
		}
		w.visited[at] = w.round
		left.take(typeBytes(w.size(at)))
		w.stack = w.refs(at, w.stack)
	}
}

// chargeStructOps counts the copies of values of struct_ops maps: each may be as
// long as its section.
func (o *Object) chargeStructOps(left *budget) {
	var size uint64
	for _, s := range o.sections {
		if s.isStructOps() {
			size = max(size, s.size)
		}
	}
	for i, n := range o.sectionTypes(section.isStructOps) {
		_, vlen := o.btf.info(o.btf.at(i))
		left.takeEach(n*vlen, size)
	}
}

// checkLookups refuses objects in which so many types have the name of a
// section that finding the one that is meant, which for each section takes the
// square of their number, does not come to an end: AnyTypesByName in
// btf/btf.go. No type of C has such a name, but for a struct maps.
func (o *Object) checkLookups() error {
	if o.btf == nil {
		return nil
	}
	types, sections := uint64(0), uint64(0)
	for i := range o.btf.offsets {
		name := o.btf.nameBytes(o.btf.order.Uint32(o.btf.at(i)))
		if len(name) > 0 && name[0] == '.' || bytes.HasPrefix(name, []byte("maps")) {
			types++
		}
	}
	for _, s := range o.sections {
		if strings.HasPrefix(s.name, ".") || s.isMaps() {
			sections++
		}
	}
	if types*types*sections > maxLookupSteps {
		return fmt.Errorf("%d BTF types are named as sections are", types)
	}
	return nil
}

// checkExtInfos refuses .BTF.ext with names of sections, or accessors of CO-RE
// relocations, that do not fit into memory: loadExtInfos in btf/ext_info.go.
func (o *Object) checkExtInfos() error {
	raw, err := o.extInfos()
	if err != nil || o.btf == nil || uint64(len(raw)/btfExtRecord)*uint64(o.btf.longest) <= maxNameBytes {
		return err
	}
	left := maxNameBytes
	for _, at := range []int{8, 16, 24} { // func_info, line_info, core_relo: offset and size
		part, ok := o.btf.extPart(raw, at)
		if ok && !o.btf.chargeExtInfos(part, at == 24, &left) {
			return fmt.Errorf("the names in .BTF.ext take more than %d MiB", maxNameBytes>>20)
		}
	}
	return nil
}

// btfExtRecord is the size of the smallest record that has a name: a struct
// btf_ext_info_sec with a struct bpf_func_info.
const btfExtRecord = 16

// extInfos is the content of .BTF.ext.
func (o *Object) extInfos() ([]byte, error) {
	for _, s := range o.sections {
		if s.name == ".BTF.ext" {
			raw, err := o.data(s)
			if len(raw) > MaxBTFBytes {
				err = errors.New("more of .BTF.ext than any object has")
			}
			return raw, err
		}
	}
	return nil, nil
}

// extPart cuts out one of the parts that struct btf_ext_header speaks of.
func (g *btfTypes) extPart(raw []byte, at int) ([]byte, bool) {
	if len(raw) < at+8 {
		return nil, false
	}
	size, start := uint64(g.order.Uint32(raw[4:])), uint64(g.order.Uint32(raw[at:]))
	length := uint64(g.order.Uint32(raw[at+4:]))
	start = uint64(uint32(size + start)) // the library's sum wraps around, too
	if start > uint64(len(raw)) {
		return nil, false
	}
	return raw[start:min(start+length, uint64(len(raw)))], true
}

// chargeExtInfos counts the names of a part: of each section, and of each CO-RE
// relocation the accessor, of which the library keeps an int for two
// characters. The part is the size of a record, then for each section struct
// btf_ext_info_sec and records.
func (g *btfTypes) chargeExtInfos(part []byte, core bool, left *int) bool {
	if len(part) < 4 {
		return true
	}
	size := g.order.Uint32(part)
	part = part[4:]
	for len(part) >= 8 && size > 0 {
		*left -= nameLength(g.strings, g.order.Uint32(part))
		n := min(uint64(g.order.Uint32(part[4:])), uint64(len(part[8:]))/uint64(size))
		records := part[8 : 8+n*uint64(size)]
		part = part[8+len(records):]
		for ; core && size >= 12 && len(records) > 0 && *left >= 0; records = records[size:] {
			*left -= 4 * nameLength(g.strings, g.order.Uint32(records[8:]))
		}
		if *left < 0 {
			return false
		}
	}
	return true
}
