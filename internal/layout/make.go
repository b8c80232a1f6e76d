package layout

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/cilium/ebpf/btf"
)

const (
	// maxNesting bounds structs in structs, arrays of arrays and typedef
	// chains. The kernel's own limit is 32 (MAX_RESOLVE_DEPTH in kernel/bpf/btf.c).
	maxNesting = 256
	// maxLeaves bounds the leaves and enumerators that one Maker makes. The
	// members of anonymous structs are repeated in all that hold them, so that
	// a small file could ask for any number.
	maxLeaves = 1 << 18
)

// ErrTooLarge is wrapped by the error of types that nest or repeat themselves
// beyond all that a compiler makes.
var ErrTooLarge = errors.New("the type is too large or nests too deep")

// Maker makes layouts of types that share what they hold: of one object, or of
// one kernel. The zero Maker is ready for use. It is not safe for concurrent use.
type Maker struct{ maker }

// Hasher makes the hashes of layouts in a fraction of the time. The zero Hasher
// is ready for use. It is not safe for concurrent use.
type Hasher struct{ maker }

type maker struct {
	nodes map[named]*node // nil while the node is made
	// hashOnly leaves out the fields and enumerators of nodes.
	hashOnly bool
	// fields are those of the nodes that are being made, the inner ones last.
	fields []field
	free   []node // to be nodes
	leaves int
	depth  int
}

// named is a type with the typedef that names it, if it has no name of its own.
type named struct {
	btf.Type
	alias string
}

// Of is the layout of one type.
func Of(t btf.Type) (Layout, error) { return new(Maker).Layout(t) }

// Layout of a type. tags are the btf_decl_tag attributes of the variable or
// member that has the type. Types without a layout (void, a forward declaration)
// are no error, see [Layout.Known]; those that cannot be are: a struct that
// contains itself, a data section.
func (m *Maker) Layout(t btf.Type, tags ...string) (Layout, error) {
	e, err := m.elem(t, tags)
	return Layout{e}, err
}

// Hash is the hash of the layout that a [Maker] makes.
func (m *Hasher) Hash(t btf.Type, tags ...string) (Hash, error) {
	m.hashOnly = true
	e, err := m.elem(t, tags)
	return e.hash(), err
}

// elem resolves typedefs, qualifiers and arrays.
func (m *maker) elem(t btf.Type, tags []string) (elem, error) {
	var dims []uint32
	var alias string // the outermost typedef since the last array
	order, typeTagged := "", tagValue(tags, typeTag)
	for range maxNesting {
		switch next := t.(type) {
		case *btf.Typedef:
			if _, ok := byteOrderOf(next.Name); ok && order == "" {
				order = next.Name
			}
			if typeTagged == "" {
				typeTagged = tagValue(next.Tags, typeTag)
			}
			if alias == "" {
				alias = next.Name
			}
			t = next.Type
		case *btf.Array:
			dims, alias = append(dims, next.Nelems), ""
			t = next.Type
		case *btf.Const:
			t = next.Type
		case *btf.Volatile:
			t = next.Type
		case *btf.Restrict:
			t = next.Type
		case *btf.TypeTag:
			t = next.Type
		default:
			e, err := m.scalar(t, alias, tags)
			if err != nil {
				return elem{}, err
			}
			if !e.store(order, false) {
				e.store(typeTagged, true)
			}
			e.dims = dims
			return e, e.checkSize()
		}
	}
	return elem{}, ErrTooLarge
}

// store makes an integer one of a byte order if a typedef or a tag says so.
func (e *elem) store(order string, tagged bool) bool {
	if tagged && isAddressTag(order) {
		order = "__be32"
	}
	o, ok := byteOrderOf(order)
	if ok = ok && (e.cat == integer || e.cat == signed) && e.bits == 8*uint64(o.size); ok {
		e.cat, e.tagged = o.cat, tagged
	}
	return ok
}

// checkSize finds arrays beyond 4 GiB, the most that C's sizes in BTF can say.
func (e elem) checkSize() error {
	bits := e.bits
	for _, n := range e.dims {
		if bits *= uint64(n); bits > 8*math.MaxUint32 {
			return fmt.Errorf("an array is larger than 4 GiB: %w", ErrTooLarge)
		}
	}
	return nil
}

// scalar is the category of a type that is no typedef, qualifier or array.
// alias is the typedef that names it.
func (m *maker) scalar(t btf.Type, alias string, tags []string) (elem, error) {
	switch t := t.(type) {
	case *btf.Int:
		return elem{cat: intCategory(t), bits: 8 * uint64(t.Size)}, nil
	case *btf.Float:
		return elem{cat: float, bits: 8 * uint64(t.Size)}, nil
	case *btf.Pointer:
		return elem{cat: pointer, bits: 64, tag: kernelPointer(t.Target)}, nil
	case *btf.Enum:
		return m.enum(t, alias)
	case *btf.Struct:
		if name := kernelType(t.Name); name != "" {
			return elem{cat: special, bits: 8 * uint64(t.Size), name: name, tag: contains(tags)}, nil
		}
		return m.aggregate(t, structKind, t.Size, t.Members, alias)
	case *btf.Union:
		return m.aggregate(t, unionKind, t.Size, t.Members, alias)
	case *btf.Void, *btf.Fwd, *btf.FuncProto:
		return elem{cat: void}, nil
	default:
		return elem{}, fmt.Errorf("%v is no type of a value", t)
	}
}

// contains is the tag of the head of a list or tree.
func contains(tags []string) string {
	if what := tagValue(tags, containsTag); what != "" {
		return containsTag + what
	}
	return ""
}

// intCategory leaves out the sign of one byte: it is the compiler's choice for
// char (-funsigned-char), and pahole's in what it writes.
func intCategory(t *btf.Int) category {
	switch {
	case t.Encoding&btf.Bool != 0:
		return boolean
	case t.Encoding&btf.Signed != 0 && t.Size > 1:
		return signed
	}
	return integer
}

// node finds the node of a type, or has it made. Types are nested inside of
// the calls that make what holds them.
func (m *maker) node(t btf.Type, kind, name, alias string, size uint32, fill func(*node) error) (*node, error) {
	key := named{Type: t}
	if name == "" {
		key.alias = alias
	}
	if made, ok := m.nodes[key]; ok {
		if made == nil {
			return nil, fmt.Errorf("malformed BTF: %s %s contains itself", kind, name)
		}
		return made, nil
	}
	if m.depth++; m.depth > maxNesting {
		return nil, ErrTooLarge
	}
	if m.nodes == nil {
		m.nodes, m.fields = make(map[named]*node), make([]field, 0, 16)
	}
	m.nodes[key] = nil
	n := m.newNode()
	n.kind, n.name, n.size = kind, name, size
	if key.alias != "" {
		n.name, n.typedef = alias, true
	}
	err := fill(n)
	m.depth--
	if err != nil {
		delete(m.nodes, key)
		return nil, err
	}
	m.nodes[key] = n
	return n, nil
}

// newNode takes one of several that are allocated together.
func (m *maker) newNode() *node {
	if len(m.free) == 0 {
		m.free = make([]node, 8)
	}
	n := &m.free[0]
	m.free = m.free[1:]
	return n
}

// count bounds what is made.
func (m *maker) count(leaves int) error {
	if m.leaves += leaves; m.leaves > maxLeaves {
		return ErrTooLarge
	}
	return nil
}

func (m *maker) enum(t *btf.Enum, alias string) (elem, error) {
	if t.Size == 0 { // a forward declaration
		return elem{cat: void}, nil
	}
	n, err := m.node(t, enumKind, t.Name, alias, t.Size, func(n *node) error {
		if err := m.count(len(t.Values)); err != nil {
			return err
		}
		if m.hashOnly {
			n.hash = n.hashValues(len(t.Values), func(i int) (string, uint64) { return t.Values[i].Name, t.Values[i].Value })
			return nil
		}
		n.values = make([]value, len(t.Values))
		for i, v := range t.Values {
			n.values[i] = value{v.Name, v.Value}
		}
		n.finish()
		return nil
	})
	return elem{cat: enum, bits: 8 * uint64(t.Size), of: n}, err
}

func (m *maker) aggregate(t btf.Type, kind string, size uint32, members []btf.Member, alias string) (elem, error) {
	n, err := m.node(t, kind, t.TypeName(), alias, size, func(n *node) error {
		first := len(m.fields)
		defer func() { m.fields = m.fields[:first] }()
		if err := m.members(0, members); err != nil {
			return err
		}
		if m.hashOnly {
			n.hash = n.hashFields(m.fields[first:])
			return nil
		}
		n.fields = slices.Clone(m.fields[first:])
		n.finish()
		return nil
	})
	return elem{cat: aggregate, bits: 8 * uint64(size), of: n}, err
}

// members adds the leaves of members that start at a bit of the node.
func (m *maker) members(base uint64, members []btf.Member) error {
	if err := m.count(len(members)); err != nil {
		return err
	}
	for i := range members {
		if err := m.member(base+uint64(members[i].Offset), &members[i]); err != nil {
			return err
		}
	}
	return nil
}

func (m *maker) member(off uint64, member *btf.Member) error {
	if member.Name == "" {
		return m.anonymous(off, member.Type)
	}
	e, err := m.elem(member.Type, member.Tags)
	if err != nil {
		return err
	}
	if bits := uint64(member.BitfieldSize); bits > 0 && bits != e.bits {
		e.narrow(bits)
	}
	m.fields = append(m.fields, field{member.Name, off, e})
	return nil
}

// narrow makes e the type of a bitfield, which has no byte order.
func (e *elem) narrow(bits uint64) {
	if e.cat == bigEndian || e.cat == littleEndian {
		e.cat, e.tagged = integer, false
	}
	e.bits = bits
}

// anonymous adds the leaves of an anonymous struct or union. Other members
// without a name are padding.
func (m *maker) anonymous(off uint64, t btf.Type) error {
	var members []btf.Member
	switch inner := btf.UnderlyingType(t).(type) {
	case *btf.Struct:
		members = inner.Members
	case *btf.Union:
		members = inner.Members
	default:
		return nil
	}
	if m.depth++; m.depth > maxNesting {
		return ErrTooLarge
	}
	err := m.members(off, members)
	m.depth--
	return err
}
