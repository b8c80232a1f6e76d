package print

// Keys of LPM tries: functions that make them from a netip.Prefix, and methods
// that give the prefix back.

import (
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

// lpmKey writes constructors and methods.
func (s *source) lpmKey(d *plan.Decl) {
	for _, c := range d.LPM.Constructors {
		s.lpmConstructor(d, c)
	}
	for _, p := range d.LPM.Prefixes {
		s.lpmPrefix(d, p)
	}
}

func (s *source) lpmConstructor(d *plan.Decl, c plan.LPMConstructor) {
	k := d.LPM
	var params, body []string
	for _, e := range k.Exact {
		params = append(params, e.Param+" "+s.typ(e.Type, ""))
		body = append(body, assign(e, "key"))
		if e.Getter != "" {
			body = append(body, "if "+path("key", e.Path)+"."+e.Getter+"() != "+e.Param+" {",
				"\treturn key, "+s.call("LPMTooWide", strconv.Quote(e.Param), lit(e.Bits), e.Param), "}")
		}
	}
	params = append(params, "prefix "+s.qual("net/netip", "Prefix"))
	bits := "bits"
	if k.Before > 0 {
		bits = lit(k.Before) + " + bits"
	}
	body = append(body,
		"bits, err := "+s.call(c.Put, "&"+path("key", k.Address), "prefix"),
		writeLength(k.Length, "key", bits),
		"return key, err")
	s.functions(c.Doc, function{
		header: "func " + c.Name + "(" + strings.Join(params, ", ") + ") (key " + d.Name + ", err error)",
		body:   body,
		block:  true,
	})
}

// assign stores a parameter in the key.
func assign(e plan.LPMExact, key string) string {
	to := path(key, e.Path)
	if e.Setter != "" {
		return to + "." + e.Setter + "(" + e.Param + ")"
	}
	return to + " = " + e.Param
}

func (s *source) lpmPrefix(d *plan.Decl, p plan.LPMPrefix) {
	k := d.LPM
	length := readLength(k.Length, "s")
	if k.Before > 0 {
		length += "-" + lit(k.Before)
	}
	s.functions(p.Doc, function{
		header: method(d, p.Name) + "() " + s.qual("net/netip", "Prefix"),
		body:   []string{"return " + s.call(p.Get, "&"+path("s", k.Address), length)},
	})
}

// path is a field of a field of a value.
func path(value string, fields []string) string {
	return strings.Join(append([]string{value}, fields...), ".")
}

func readLength(l plan.LPMLength, key string) string {
	get := path(key, l.Path) + "." + l.Getter
	if l.Call {
		get += "()"
	}
	return get
}

func writeLength(l plan.LPMLength, key, bits string) string {
	if l.Call {
		return path(key, l.Path) + "." + l.Setter + "(" + bits + ")"
	}
	return path(key, l.Path) + "." + l.Getter + " = " + bits
}
