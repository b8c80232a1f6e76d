// Package bombs makes objects of a few megabytes that take gigabytes, minutes or
// an endless stack to read. Only tests import it.
package bombs

import (
	"bytes"
	"compress/zlib"
	"debug/elf"
	"fmt"
	"io"
)

// Bomb is an object that must be refused.
type Bomb struct {
	Name   string
	Object func() []byte
	// Want is a part of what package hostile says of it.
	Want string
	// Loader is true if only the library's loader must not see the object.
	Loader bool
}

// All are the bombs that are known.
func All() []Bomb {
	const mebi = 1 << 20
	return []Bomb{
		{Name: "pointers, 400,000 deep", Object: chain(400_000, kindPtr), Want: "more than 100000 BTF types"},
		{Name: "constants, 400,000 deep", Object: chain(400_000, kindConst), Want: "more than 100000 BTF types"},
		{Name: "arrays, 200,000 deep", Object: arrays(200_000), Want: "more than 100000 BTF types"},
		{Name: "structs, 200,000 deep", Object: structs(200_000), Want: "more than 100000 BTF types"},
		{Name: "a second section .BTF", Object: secondBTF, Want: "2 sections are named .BTF"},
		{Name: "4,000 types with a name of 1 MiB", Object: longTypeName(4000, mebi), Want: "the names of BTF types take more than 256 MiB"},
		{Name: "60,000 members with a name of 1 MiB", Object: longMemberName(60_000, mebi), Want: "the names of BTF types take more than 256 MiB"},
		{Name: "40,000 sections with a name of 1 MiB", Object: longSectionName(40_000, mebi), Want: "the names of the sections take more than 256 MiB"},
		{Name: "40,000 symbols with a name of 1 MiB", Object: longSymbolName(40_000, mebi), Want: "the names of the symbols take more than 256 MiB"},
		{Name: "1<<40 sections", Object: func() []byte { return file{count: 1 << 40}.bytes() }, Want: "more than any object has"},
		{Name: "tables that unpack to 1 GiB", Object: compressedTables, Want: "compressed"},
		{Name: "data that unpacks", Object: compressedData, Want: "section .rodata is compressed"},
		{Name: "a section behind the end", Object: func() []byte {
			return file{sections: []section{{name: ".data", typ: elf.SHT_PROGBITS, size: 1 << 40}}}.bytes()
		}, Want: "section .data reaches behind its end"},
		{Name: ".bss of 3 GiB", Object: bss, Want: "more than 512 MiB", Loader: true},
		{Name: "2,000 functions that overlap", Object: overlap("xdp", elf.STT_FUNC), Want: "more than 512 MiB", Loader: true},
		{Name: "2,000 variables that overlap", Object: overlap(".data", elf.STT_OBJECT), Want: "more than 512 MiB", Loader: true},
		{Name: "2,000 programs that call one large function", Object: calls(false), Want: "more than 512 MiB", Loader: true},
		{Name: "2,000 programs that call by offsets", Object: calls(true), Want: "more than 512 MiB", Loader: true},
		{Name: "5,000 variables of 49,000 types", Object: variables(5000, 49_000), Want: "more than 512 MiB", Loader: true},
		{Name: "20,000 struct_ops maps that overlap", Object: structOps(20_000, mebi), Want: "more than 512 MiB", Loader: true},
		{Name: "50,000 types that are named as a section", Object: flavours(50_000), Want: "50000 BTF types are named as sections", Loader: true},
		{Name: "10,000 relocations with an accessor of 1 MiB", Object: accessors(10_000, mebi), Want: "the names in .BTF.ext take more than 256 MiB", Loader: true},
	}
}

// Deep is an object that is as deep as it may be.
func Deep() []byte { return chain(49_990, kindConst)() }

// chain is a variable of a type behind n others.
func chain(n, kind uint32) func() []byte {
	return func() []byte {
		t := newTypes()
		// The variable comes first, so that all is decoded for it.
		t.variable(3)
		for range n {
			t.add("", kind, t.n+2)
		}
		t.integer()
		return withVariable(t)
	}
}

func arrays(n uint32) func() []byte {
	return func() []byte {
		t := newTypes()
		t.variable(3)
		for range n {
			t.add("", kindArray, 0, t.n+2, 3+n, 1)
		}
		t.integer()
		return withVariable(t)
	}
}

func structs(n uint32) func() []byte {
	return func() []byte {
		t := newTypes()
		t.variable(3)
		for range n {
			t.add("", kindStruct|1, 4, 0, t.n+2, 0)
		}
		t.integer()
		return withVariable(t)
	}
}

// withVariable has a variable v in .data.
func withVariable(t *types) []byte {
	return file{
		sections: []section{progbits(".data", make([]byte, 4)), progbits(".BTF", t.bytes())},
		symbols:  []symbol{{"v", elf.STT_OBJECT, 1, 0, 4}},
	}.bytes()
}

// secondBTF has BTF behind other BTF, which readers choose from as they like.
func secondBTF() []byte {
	small, deep := newTypes(), newTypes()
	small.integer()
	deep.variable(3)
	for range 400_000 {
		deep.add("", kindPtr, deep.n+2)
	}
	deep.integer()
	return file{
		sections: []section{progbits(".data", make([]byte, 4)), progbits(".BTF", small.bytes()), progbits(".BTF", deep.bytes())},
		symbols:  []symbol{{"v", elf.STT_OBJECT, 1, 0, 4}},
	}.bytes()
}

func longTypeName(n, length int) func() []byte {
	return func() []byte {
		t, name := newTypes(), long(length)
		for range n {
			t.add(name, kindFwd, 0)
		}
		return file{sections: []section{progbits(".BTF", t.bytes())}}.bytes()
	}
}

func longMemberName(n, length int) func() []byte {
	return func() []byte {
		t := newTypes()
		at := t.strs.add(long(length))
		integer := t.integer()
		var members []uint32
		for range n {
			members = append(members, at, integer, 0)
		}
		t.variable(t.add("s", kindStruct|uint32(n), 4, members...))
		return withVariable(t)
	}
}

func longSectionName(n, length int) func() []byte {
	return func() []byte {
		f := file{sectionNames: []byte("\x00" + long(length) + "\x00")}
		f.sections = make([]section, n)
		return f.bytes()
	}
}

func longSymbolName(n, length int) func() []byte {
	return func() []byte {
		f := file{symbolNames: []byte("\x00" + long(length) + "\x00")}
		f.symbols = make([]symbol, n)
		return f.bytes()
	}
}

func long(n int) string { return string(bytes.Repeat([]byte("x"), n)) }

// compressedTables has a table of symbols that is 1,000 times as large as its
// bytes in the file.
func compressedTables() []byte {
	f := file{compressed: true, symbolNames: []byte{0, 'x', 0}}
	f.symbols = make([]symbol, 1<<20)
	return f.bytes()
}

func compressedData() []byte {
	return file{sections: []section{compress(progbits(".rodata", make([]byte, 64<<20)))}}.bytes()
}

func deflate(r io.Reader) []byte {
	var b bytes.Buffer
	w := zlib.NewWriter(&b)
	_, err := io.Copy(w, r)
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		panic(err) // not into memory
	}
	return b.Bytes()
}

func bss() []byte {
	return file{
		sections: []section{{name: ".bss", typ: elf.SHT_NOBITS, flags: elf.SHF_ALLOC | elf.SHF_WRITE, size: 3 << 30}},
		symbols:  []symbol{{"huge", elf.STT_OBJECT, 1, 0, 3 << 30}},
	}.bytes()
}

// code is instructions that do nothing: r0 = 0.
func code(n int) []byte { return bytes.Repeat([]byte{0xb7, 0, 0, 0, 0, 0, 0, 0}, n) }

// overlap has 2,000 symbols that each claim nearly all of a section.
func overlap(name string, typ elf.SymType) func() []byte {
	return func() []byte {
		s := progbits(name, code(64<<10))
		if typ == elf.STT_FUNC {
			s = executable(name, s.data)
		}
		f := file{sections: []section{s}}
		for i := range 2000 {
			f.symbols = append(f.symbols, symbol{fmt.Sprintf("f%d", i), typ, 1, uint64(8 * i), uint64(len(s.data) - 8*i)})
		}
		return f.bytes()
	}
}

// calls has 2,000 programs that each call a function of 100,000 instructions:
// by a relocation, or by an offset within the section.
func calls(byOffset bool) func() []byte {
	return func() []byte {
		const programs, length = 2000, 100_000
		var text, rel []byte
		f := file{}
		for i := range programs {
			to := uint32(0xffffffff)
			if byOffset {
				to = uint32(2*programs - 2*i - 1)
			}
			text = order.AppendUint32(append(text, 0x85, 0x10, 0, 0), to)
			text = append(text, 0x95, 0, 0, 0, 0, 0, 0, 0)
			f.symbols = append(f.symbols, symbol{fmt.Sprintf("p%d", i), elf.STT_FUNC, 1, uint64(16 * i), 16})
			rel = order.AppendUint64(order.AppendUint64(rel, uint64(16*i)), elf.R_INFO(programs+1, 10))
		}
		if byOffset {
			f.sections = []section{executable("xdp", append(text, code(length)...))}
			f.symbols = append(f.symbols, symbol{"large", elf.STT_FUNC, 1, 16 * programs, 8 * length})
			return f.bytes()
		}
		f.sections = []section{executable("xdp", text), executable(".text", code(length)), {name: ".relxdp", typ: elf.SHT_REL, data: rel, info: 1}}
		f.symbols = append(f.symbols, symbol{"large", elf.STT_FUNC, 2, 0, 8 * length})
		return f.bytes()
	}
}

// variables has n variables, each of a type that m others are behind.
func variables(n, m uint32) func() []byte {
	return func() []byte {
		t := newTypes()
		f := file{}
		for range m {
			t.add("", kindTypedef, t.n+2)
		}
		t.integer()
		var vars []uint32
		for i := range n {
			name := fmt.Sprintf("v%d", i)
			vars = append(vars, t.add(name, kindVar, 1, linkGlobal), 4*i, 4)
			f.symbols = append(f.symbols, symbol{name, elf.STT_OBJECT, 1, uint64(4 * i), 4})
		}
		t.add(".data", kindDatasec|n, 4*n, vars...)
		f.sections = []section{progbits(".data", make([]byte, 4*n)), progbits(".BTF", t.bytes())}
		return f.bytes()
	}
}

// structOps has n maps that each take all of a section.
func structOps(n, size uint32) func() []byte {
	return func() []byte {
		t := newTypes()
		integer := t.integer()
		ops := t.add("ops", kindStruct|1, size, t.strs.add("a"), integer, 0)
		var vars []uint32
		for i := range n {
			vars = append(vars, t.add(fmt.Sprintf("v%d", i), kindVar, ops, linkGlobal), 0, size)
		}
		t.add(".struct_ops.link", kindDatasec|n, size, vars...)
		return file{sections: []section{progbits(".struct_ops.link", make([]byte, size)), progbits(".BTF", t.bytes())}}.bytes()
	}
}

// flavours has n types whose essential name is that of each of 20 sections.
func flavours(n int) func() []byte {
	return func() []byte {
		t := newTypes()
		for range n {
			t.add(".data___1", kindFwd, 0)
		}
		f := file{sections: []section{progbits(".BTF", t.bytes())}}
		for i := range 20 {
			f.sections = append(f.sections, progbits(".data", make([]byte, 4)))
			f.symbols = append(f.symbols, symbol{fmt.Sprintf("v%d", i), elf.STT_OBJECT, i + 2, 0, 4})
		}
		return f.bytes()
	}
}

// accessors has CO-RE relocations that each name a path through n structs.
func accessors(n, length int) func() []byte {
	return func() []byte {
		t := newTypes()
		integer := t.integer()
		s := t.add("s", kindStruct|1, 4, t.strs.add("a"), integer, 0)
		path := t.strs.add("0" + string(bytes.Repeat([]byte(":0"), length/2)))
		program := t.strs.add("xdp")
		proto := t.add("", kindProto, 0)
		fn := t.add("p", kindFunc|linkGlobal, proto)
		ext := []uint32{0x1eb9f, 32, 0, 20, 20, 4, 24, 12 + 16*uint32(n)}
		ext = append(ext, 8, program, 1, 0, fn) // func_info
		ext = append(ext, 16)                   // line_info
		ext = append(ext, 16, program, uint32(n))
		for range n {
			ext = append(ext, 0, s, path, 0)
		}
		return file{
			sections: []section{executable("xdp", append(code(1), 0x95, 0, 0, 0, 0, 0, 0, 0)), progbits(".BTF", t.bytes()), progbits(".BTF.ext", words(ext...))},
			symbols:  []symbol{{"p", elf.STT_FUNC, 1, 0, 16}},
		}.bytes()
	}
}
