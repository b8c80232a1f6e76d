package bombs

// The kinds of BTF (include/uapi/linux/btf.h), as they stand in struct btf_type.
const (
	kindInt      = 1 << 24
	kindPtr      = 2 << 24
	kindArray    = 3 << 24
	kindStruct   = 4 << 24
	kindFwd      = 7 << 24
	kindTypedef  = 8 << 24
	kindConst    = 10 << 24
	kindFunc     = 12 << 24
	kindProto    = 13 << 24
	kindVar      = 14 << 24
	kindDatasec  = 15 << 24
	linkGlobal   = 1
	btfHeaderLen = 24
)

// types is BTF being written.
type types struct {
	words []uint32
	n     uint32
	strs  *strings
}

func newTypes() *types { return &types{strs: newStrings(nil)} }

// add appends a type and gives its id. size is size_or_type.
func (t *types) add(name string, info, size uint32, body ...uint32) uint32 {
	t.words = append(append(t.words, t.strs.add(name), info, size), body...)
	t.n++
	return t.n
}

// integer is an int of 4 bytes.
func (t *types) integer() uint32 { return t.add("int", kindInt, 4, 32) }

// variable is a variable of 4 bytes and the data section that has nothing else.
func (t *types) variable(typ uint32) {
	v := t.add("v", kindVar, typ, linkGlobal)
	t.add(".data", kindDatasec|1, 4, v, 0, 4)
}

// bytes is the BTF: struct btf_header, types, strings.
func (t *types) bytes() []byte {
	size := uint32(4 * len(t.words))
	header := []uint32{0x1eb9f, btfHeaderLen, 0, size, size, uint32(len(t.strs.data))}
	return append(words(append(header, t.words...)...), t.strs.data...)
}

func words(values ...uint32) []byte {
	b := make([]byte, 0, 4*len(values))
	for _, v := range values {
		b = order.AppendUint32(b, v)
	}
	return b
}
