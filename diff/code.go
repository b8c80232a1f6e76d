package diff

// Programs: instructions, by what they refer to instead of where that lies, so that
// two builds of one source are the same.

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"debug/elf"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/forecast"
	"github.com/bpfgen/bpfgen/internal/corerelo"
)

// program is one entry point with the functions that it calls, itself first.
type program struct {
	spec      *ebpf.ProgramSpec
	functions []*function
}

// function is a function's instructions.
type function struct {
	name string
	// linkage is "global" for one that the verifier checks by itself, else "static".
	linkage string
	// text has each instruction with what it refers to, lines where it stands in C.
	text  []string
	lines []*btf.Line
	// What it asks of the kernel.
	helpers, kfuncs, relocations map[string]bool
	// uses are "map flows" and "variable rate".
	uses map[string]bool
}

// line is where the program begins in C, "" for one that has not been read.
func (p *program) line() string {
	if p == nil || len(p.functions) == 0 {
		return ""
	}
	return p.functions[0].line(0)
}

// hash of the instructions.
func (f *function) hash() string {
	sum := sha256.Sum256([]byte(strings.Join(f.text, "\n")))
	return fmt.Sprintf("%x", sum[:8])
}

func (f *function) String() string { return fmt.Sprintf("%d (%s)", len(f.text), f.hash()) }

// line of an instruction in C, or of the last one before it that has one.
func (f *function) line(i int) string {
	for i = min(i, len(f.lines)-1); i >= 0; i-- {
		if l := f.lines[i]; l != nil && l.LineNumber() > 0 {
			return fmt.Sprintf("%s:%d", l.FileName(), l.LineNumber())
		}
	}
	return ""
}

// readPrograms takes the instructions of all programs apart.
func (i *Input) readPrograms() error {
	i.programs = make(map[string]*program)
	r := codeReader{Input: i}
	for name, spec := range i.spec.Programs {
		p := &program{spec: spec}
		for n := range spec.Instructions {
			ins := &spec.Instructions[n]
			if name := ins.Symbol(); name != "" || n == 0 {
				p.functions = append(p.functions, &function{
					name: name, linkage: linkage(ins), helpers: make(map[string]bool), kfuncs: make(map[string]bool),
					relocations: make(map[string]bool), uses: make(map[string]bool),
				})
			}
			if err := r.instruction(p.functions[len(p.functions)-1], ins); err != nil {
				return fmt.Errorf("%s: program %s: %w", i.name, name, err)
			}
		}
		i.programs[name] = p
	}
	return nil
}

func linkage(first *asm.Instruction) string {
	if fn := btf.FuncMetadata(first); fn != nil {
		return fn.Linkage.String()
	}
	return ""
}

// codeReader writes instructions as text.
type codeReader struct{ *Input }

func (r codeReader) instruction(f *function, ins *asm.Instruction) error {
	offset, constant, refers := ins.Offset, ins.Constant, ""
	switch relo := btf.CORERelocationMetadata(ins); {
	case relo != nil:
		asked, err := corerelo.Parse(relo, r.spec.Types)
		if err != nil {
			return err
		}
		refers = string(asked.Kind) + " " + asked.String()
		f.relocations[refers] = true
		// The loader fills in a memory access's offset, else the constant.
		if ins.OpCode.Class().IsLoad() && !ins.OpCode.IsDWordLoad() || ins.OpCode.Class().IsStore() {
			offset = 0
		} else {
			constant = 0
		}
	case ins.IsBuiltinCall():
		f.helpers[forecast.HelperName(uint64(uint32(ins.Constant)))] = true
	case ins.IsKfuncCall():
		f.kfuncs[ins.Reference()] = true
		refers, constant = ins.Reference(), 0
	case ins.Reference() != "":
		refers, constant = r.reference(f, ins), 0
	}
	f.text = append(f.text, fmt.Sprintf("%x %d %d %d %d %s", uint16(ins.OpCode), ins.Dst, ins.Src, offset, constant, refers))
	line, _ := ins.Source().(*btf.Line)
	f.lines = append(f.lines, line)
	return nil
}

// reference is what an instruction refers to by a symbol: a map, a function, data.
func (r codeReader) reference(f *function, ins *asm.Instruction) string {
	name := ins.Reference()
	if ins.Src == asm.PseudoMapValue && strings.HasPrefix(name, ".") {
		return r.data(f, name, uint32(uint64(ins.Constant)>>32))
	}
	if ins.Src == asm.PseudoMapFD {
		f.uses["map "+name] = true
	}
	return name
}

// data is a place in a data section: a variable, or what stands there if it has no
// name that means anything.
func (r codeReader) data(f *function, section string, offset uint32) string {
	end := ^uint32(0)
	for _, v := range r.object.Variables {
		switch {
		case v.Section != section:
		case v.Offset <= offset && offset-v.Offset < max(v.Size, 1):
			if !v.Local {
				f.uses["variable "+v.Name] = true
				return fmt.Sprintf("variable %s+%d", v.Name, offset-v.Offset)
			}
			return fmt.Sprintf("local %s+%d %x", v.Name, offset-v.Offset, r.initial(v))
		case v.Offset > offset:
			end = min(end, v.Offset)
		}
	}
	content := r.section(section)
	if int(offset) >= len(content) {
		return section
	}
	content = content[offset:min(int(end), len(content))]
	if strings.Contains(section, ".str") {
		content, _, _ = bytes.Cut(content, []byte{0})
	}
	return fmt.Sprintf("constant %x", bytes.TrimRight(content, "\x00"))
}

// section is the initial content of a data section, nil for zeroes.
func (i *Input) section(name string) []byte {
	m := i.spec.Maps[name]
	if m == nil || len(m.Contents) != 1 {
		return nil
	}
	content, _ := m.Contents[0].Value.([]byte)
	return content
}

// initial is the initial value of a variable, without addresses, which are offsets
// within the file.
func (i *Input) initial(v *btfparse.Variable) []byte {
	value := make([]byte, v.Size)
	if content := i.section(v.Section); int(v.Offset) < len(content) {
		copy(value, content[v.Offset:])
	}
	for _, at := range v.Unfilled {
		if int(at) < len(value) {
			clear(value[at:min(int(at)+8, len(value))])
		}
	}
	return value
}

// programsUsing are the programs that refer to a map or variable, on either side.
func (c *comparison) programsUsing(what string) (users []string) {
	for _, in := range []*Input{c.old, c.new} {
		for name, p := range in.programs {
			if slices.ContainsFunc(p.functions, func(f *function) bool { return f.uses[what] }) {
				users = append(users, "program "+name)
			}
		}
	}
	return users
}

// code compares programs, and the functions that they call.
func (c *comparison) code() error {
	if old, new := c.old.object.License, c.new.object.License; old != new {
		c.add(Change{Class: Code, Place: "license", What: "text", Old: old, New: new})
	}
	for _, p := range c.old.object.Programs {
		if other := c.new.programNamed(p.Name); other != nil && p.Section != other.Section {
			c.add(Change{
				Class: Code, Place: string(p.Path()), What: "section", Old: p.Section, New: other.Section,
				OldLine: c.old.programs[p.Name].line(), NewLine: c.new.programs[p.Name].line(),
			})
		}
	}
	if c.old.spec == nil || c.new.spec == nil {
		return c.rawCode()
	}
	for _, name := range slices.Sorted(maps.Keys(c.old.programs)) {
		if other := c.new.programs[name]; other != nil {
			c.program(name, c.old.programs[name], other)
		}
	}
	return c.weak()
}

// weak compares which kernel functions and symbols may be absent: the instructions are
// the same, and a kernel without them loads only the one.
func (c *comparison) weak() error {
	old, err := c.old.weakSymbols()
	if err != nil {
		return err
	}
	new, err := c.new.weakSymbols()
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(old)) {
		is, ok := new[name]
		if gone, added := without(old[name], is), without(is, old[name]); ok && gone+added != "" {
			c.add(Change{
				Class: Code, Place: "program " + name, What: "weak symbols", Old: gone, New: added,
				OldLine: c.old.programs[name].line(), NewLine: c.new.programs[name].line(),
			})
		}
	}
	return nil
}

// weakSymbols are the weak ones that each program refers to.
func (i *Input) weakSymbols() (map[string]map[string]bool, error) {
	o, err := i.asObject()
	if err != nil {
		return nil, err
	}
	all := make(map[string]map[string]bool)
	for _, u := range o.Uses() {
		all[u.Program] = make(map[string]bool)
		for _, name := range u.Weak {
			all[u.Program][name] = true
		}
	}
	return all, nil
}

func (i *Input) programNamed(name string) *btfparse.Program {
	for _, p := range i.object.Programs {
		if p.Name == name {
			return p
		}
	}
	return nil
}

// program compares two of one name, function by function.
func (c *comparison) program(name string, old, new *program) {
	for n, f := range old.functions {
		place := "program " + name
		var users []string
		if n > 0 {
			place, users = "function "+f.name, []string{place}
		}
		i := slices.IndexFunc(new.functions, func(o *function) bool { return o.name == f.name })
		if i < 0 {
			c.add(Change{Class: Code, Place: place, What: "calls", Old: f.name, UsedBy: users, OldLine: f.line(0)})
			continue
		}
		c.function(place, users, f, new.functions[i])
	}
	for _, f := range new.functions {
		if !slices.ContainsFunc(old.functions, func(o *function) bool { return o.name == f.name }) {
			c.add(Change{Class: Code, Place: "function " + f.name, What: "calls", New: f.name, UsedBy: []string{"program " + name}, NewLine: f.line(0)})
		}
	}
}

// function compares instructions and what they ask of the kernel.
func (c *comparison) function(place string, users []string, old, new *function) {
	if old.linkage != new.linkage && users != nil { // the entry point's means nothing
		c.add(Change{Class: Code, Place: place, What: "linkage", Old: old.linkage, New: new.linkage, UsedBy: users, OldLine: old.line(0), NewLine: new.line(0)})
	}
	if old.hash() == new.hash() {
		return
	}
	at := 0
	for at < min(len(old.text), len(new.text)) && old.text[at] == new.text[at] {
		at++
	}
	c.add(Change{
		Class: Code, Place: place, What: "instructions", Old: old.String(), New: new.String(), UsedBy: users,
		OldLine: old.line(at), NewLine: new.line(at),
	})
	for _, part := range []struct {
		what     string
		old, new map[string]bool
	}{
		{"helpers", old.helpers, new.helpers}, {"kernel functions", old.kfuncs, new.kfuncs},
		{"relocations", old.relocations, new.relocations},
	} {
		gone, added := without(part.old, part.new), without(part.new, part.old)
		if gone+added != "" {
			c.add(Change{Class: Code, Place: place, What: part.what, Old: gone, New: added, UsedBy: users, OldLine: old.line(at), NewLine: new.line(at)})
		}
	}
}

// without lists what is in one set alone.
func without(set, other map[string]bool) string {
	only := make([]string, 0, len(set))
	for name := range set {
		if !other[name] {
			only = append(only, name)
		}
	}
	slices.Sort(only)
	return strings.Join(only, ", ")
}

// values compares initial values. A program's own constants are part of its code.
func (c *comparison) values() error {
	if c.old.spec == nil || c.new.spec == nil {
		return nil
	}
	others := c.new.variables()
	for key, v := range c.old.variables() {
		other := others[key]
		if other == nil || v.Kind == btfparse.VarKconfig || other.Kind == btfparse.VarKconfig || v.Size != other.Size {
			continue
		}
		was, is := c.old.initial(v), c.new.initial(other)
		if !bytes.Equal(was, is) {
			c.add(Change{
				Class: Code, Place: string(v.Path()), What: "initial value", Old: value(v.Type, was), New: value(other.Type, is),
				UsedBy: c.programsUsing("variable " + v.Name),
			})
		}
	}
	return nil
}

// value is a short form of bytes, of a type that may be nil: text of char arrays, else
// hex.
func value(t btfparse.Type, b []byte) string {
	const most = 32
	if text := bytes.TrimRight(b, "\x00"); isText(t) && len(text) <= most {
		return strconv.Quote(string(text))
	}
	if len(b) > most {
		sum := sha256.Sum256(b)
		return fmt.Sprintf("%x… (%d bytes, SHA-256 %x…)", b[:8], len(b), sum[:8])
	}
	return fmt.Sprintf("%x", b)
}

// isText is true for an array of char.
func isText(t btfparse.Type) bool {
	array, ok := t.(*btfparse.Array)
	if !ok {
		return false
	}
	char, ok := array.Elem.(*btfparse.Int)
	return ok && char.Char
}

// rawCode compares objects that the library refuses by the bytes of their sections.
func (c *comparison) rawCode() error {
	old, err := c.old.sections()
	if err != nil {
		return err
	}
	new, err := c.new.sections()
	if err != nil {
		return err
	}
	refusal := cmp.Or(c.old.object.Unloadable(), c.new.object.Unloadable())
	for _, name := range slices.Sorted(maps.Keys(old)) {
		if is, ok := new[name]; ok && old[name] != is {
			c.add(Change{Class: Code, Place: "section " + name, What: "bytes", Old: old[name], New: is})
		}
	}
	if is := c.new.object.Unloadable(); is != "" && c.old.object.Unloadable() == "" {
		change := Change{Class: Code, Place: "object", What: "loading", Old: "possible", New: "refused: " + is}
		change.breaks(Go, "opening the new object is an error of cilium/ebpf v0.22")
		c.add(change)
	}
	c.unknown("programs", "compared by the bytes of their sections alone, because cilium/ebpf v0.22 refuses the object: "+refusal)
	return nil
}

// sections are hashes of those that are loaded.
func (i *Input) sections() (map[string]string, error) {
	f, err := elf.NewFile(bytes.NewReader(i.content))
	if err != nil {
		return nil, err
	}
	all := make(map[string]string)
	for _, s := range f.Sections {
		if s.Type != elf.SHT_PROGBITS || s.Flags&elf.SHF_ALLOC == 0 {
			continue
		}
		data, err := s.Data()
		if err != nil {
			return nil, fmt.Errorf("%s: section %s: %w", i.name, s.Name, err)
		}
		sum := sha256.Sum256(data)
		all[s.Name] = fmt.Sprintf("%d bytes (%x)", len(data), sum[:8])
	}
	return all, nil
}
