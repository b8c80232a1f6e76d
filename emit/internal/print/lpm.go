package print

// Keys of LPM tries: functions that make them from a netip.Prefix, and methods
// that give the prefix back.

import (
	"slices"
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
	for _, c := range k.Copies {
		body = append(body, "var "+c.Var+" "+s.typ(c.Type, "\t"))
	}
	for _, e := range k.Exact {
		params = append(params, e.Param+" "+s.typ(e.Type, ""))
		body = append(body, assign(e, "key"))
		if e.Getter != "" {
			body = append(body, "if "+path(root("key", e.In), e.Path)+"."+e.Getter+"() != "+e.Param+" {",
				"\treturn key, "+s.call("LPMTooWide", strconv.Quote(e.Param), lit(e.Bits), e.Param), "}")
		}
	}
	params = append(params, "prefix "+s.qual("net/netip", "Prefix"))
	bits := "bits"
	if k.Before > 0 {
		bits = lit(k.Before) + " + bits"
	}
	body = append(body,
		"bits, err := "+s.call(c.Put, "&"+path(root("key", k.In), k.Address), "prefix"),
		writeLength(k.Length, "key", bits))
	for _, c := range slices.Backward(k.Copies) {
		body = append(body, path(root("key", c.In), c.Path)+"."+c.Setter+"("+c.Var+")")
	}
	body = append(body, "return key, err")
	s.functions(c.Doc, function{
		header: "func " + c.Name + "(" + strings.Join(params, ", ") + ") (key " + d.Name + ", err error)",
		body:   body,
		block:  true,
	})
}

// assign stores a parameter in the key.
func assign(e plan.LPMExact, key string) string {
	to := path(root(key, e.In), e.Path)
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
	body := getCopies(k, "s")
	s.functions(p.Doc, function{
		header: method(d, p.Name) + "() " + s.qual("net/netip", "Prefix"),
		body:   append(body, "return "+s.call(p.Get, "&"+path(root("s", k.In), k.Address), length)),
		block:  len(body) > 0,
	})
}

// getCopies makes the copies that the address and the length are in.
func getCopies(k *plan.LPM, key string) []string {
	used := map[string]bool{k.In: true, k.Length.In: true}
	var get []string
	for _, c := range slices.Backward(k.Copies) {
		if used[c.Var] {
			used[c.In] = true
			get = append(get, c.Var+" := "+path(root(key, c.In), c.Path)+"."+c.Getter+"()")
		}
	}
	slices.Reverse(get)
	return get
}

// root is what a path starts at: a copy, or the key.
func root(key, in string) string {
	if in != "" {
		return in
	}
	return key
}

// path is a field of a field of a value.
func path(value string, fields []string) string {
	return strings.Join(append([]string{value}, fields...), ".")
}

func readLength(l plan.LPMLength, key string) string {
	get := path(root(key, l.In), l.Path) + "." + l.Getter
	if l.Call {
		get += "()"
	}
	return get
}

func writeLength(l plan.LPMLength, key, bits string) string {
	if l.Call {
		return path(root(key, l.In), l.Path) + "." + l.Setter + "(" + bits + ")"
	}
	return path(root(key, l.In), l.Path) + "." + l.Getter + " = " + bits
}
