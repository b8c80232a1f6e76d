package print

// Keys of LPM tries: functions that make them from a netip.Prefix, and methods
// that give the prefix back.

import (
	"github.com/dave/jennifer/jen"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

// lpmKey writes constructors and methods.
func (s *source) lpmKey(d *plan.Decl) [][]jen.Code {
	var groups [][]jen.Code
	for _, c := range d.LPM.Constructors {
		groups = append(groups, s.lpmConstructor(d, c))
	}
	for _, p := range d.LPM.Prefixes {
		groups = append(groups, s.lpmPrefix(d, p))
	}
	return groups
}

func (s *source) lpmConstructor(d *plan.Decl, c plan.LPMConstructor) []jen.Code {
	k := d.LPM
	key := func() *jen.Statement { return jen.Id("key") }
	prefixType := s.qual("net/netip", "Prefix")
	var params []jen.Code
	for _, e := range k.Exact {
		params = append(params, jen.Id(e.Param).Add(s.typ(e.Type)))
	}
	params = append(params, jen.Id("prefix").Add(prefixType))
	bits := jen.Id("bits")
	if k.Before > 0 {
		bits = lit(k.Before).Op("+").Id("bits")
	}
	body := func(g *jen.Group) {
		for _, e := range k.Exact {
			g.Add(assign(e, key()))
		}
		address := jen.Op("&").Add(path(key(), k.Address))
		g.List(jen.Id("bits"), jen.Err()).Op(":=").Add(s.call(c.Put)).Call(address, jen.Id("prefix"))
		g.Add(writeLength(k.Length, key(), bits))
		g.Return(key(), jen.Err())
	}
	results := []jen.Code{jen.Id("key").Id(d.Name), jen.Err().Error()}
	return []jen.Code{comment(c.Doc...), jen.Func().Id(c.Name).Params(params...).Params(results...).BlockFunc(body)}
}

// assign stores a parameter in the key.
func assign(e plan.LPMExact, key *jen.Statement) *jen.Statement {
	to := path(key, e.Path)
	if e.Setter != "" {
		return to.Dot(e.Setter).Call(jen.Id(e.Param))
	}
	return to.Op("=").Id(e.Param)
}

func (s *source) lpmPrefix(d *plan.Decl, p plan.LPMPrefix) []jen.Code {
	k := d.LPM
	length := readLength(k.Length, jen.Id("s"))
	if k.Before > 0 {
		length.Op("-").Add(lit(k.Before))
	}
	body := jen.Return(s.call(p.Get).Call(jen.Op("&").Add(path(jen.Id("s"), k.Address)), length))
	return []jen.Code{comment(p.Doc...), method(d, p.Name).Params().Add(s.qual("net/netip", "Prefix")).Add(oneLine(body))}
}

// path is a field of a field of a value.
func path(value *jen.Statement, fields []string) *jen.Statement {
	for _, f := range fields {
		value.Dot(f)
	}
	return value
}

func readLength(l plan.LPMLength, key *jen.Statement) *jen.Statement {
	get := path(key, l.Path).Dot(l.Getter)
	if l.Call {
		get.Call()
	}
	return get
}

func writeLength(l plan.LPMLength, key, bits *jen.Statement) *jen.Statement {
	if l.Call {
		return path(key, l.Path).Dot(l.Setter).Call(bits)
	}
	return path(key, l.Path).Dot(l.Getter).Op("=").Add(bits)
}
