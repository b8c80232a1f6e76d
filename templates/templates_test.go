package templates

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"text/template"
)

// byLibrary has text/template read all.
func byLibrary(t *testing.T) *template.Template {
	t.Helper()
	parsed, err := template.New("").Option("missingkey=error").ParseFS(files, "*.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// Only what is used is parsed, so that text that does not parse, or that names what
// is not there, would fail in a user's hands.
func TestAllParse(t *testing.T) {
	defined := 0
	for _, one := range byLibrary(t).Templates() {
		if strings.HasSuffix(one.Name(), ".tmpl") || one.Name() == "" {
			continue
		}
		defined++
		nodes, err := lookup(one.Name())
		if err != nil {
			t.Error(err)
		}
		forEach(nodes, func(n node) {
			if n.verb != verbTemplate {
				return
			}
			if _, err := lookup(n.template); err != nil {
				t.Error(err)
			}
		})
	}
	if n := len(definitions()); n != defined || n < 40 {
		t.Errorf("%d templates, text/template finds %d", n, defined)
	}
}

func forEach(nodes []node, f func(node)) {
	for _, n := range nodes {
		f(n)
		forEach(n.body, f)
	}
}

// Templates of files are printed as by text/template, with everything they ask for and
// without.
func TestPrint(t *testing.T) {
	library := byLibrary(t)
	for _, name := range []string{Loader, Maps, Bpf2go, Typed, Target} {
		for _, rows := range []int{0, 2} {
			data := sample(t, name, rows)
			var want bytes.Buffer
			if err := library.ExecuteTemplate(&want, name, data); err != nil {
				t.Fatal(err)
			}
			got, err := Print(name, data, 0)
			if err != nil || string(got) != want.String() {
				t.Errorf("%s with %d rows: %v\n%s\nwant\n%s", name, rows, err, got, want.String())
			}
		}
	}
}

// sample is data with every field that a template asks for, lists of so many rows. Of
// none, text is empty, too.
func sample(t *testing.T, name string, rows int) Data {
	t.Helper()
	nodes, err := lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	data := Data{}
	fill(t, data, data, nodes, rows)
	return data
}

func fill(t *testing.T, root, dot Data, nodes []node, rows int) {
	t.Helper()
	for _, n := range nodes {
		in, field := dot, n.field
		if name, ok := strings.CutPrefix(field, "$"); ok {
			in, field = root, name
		}
		switch n.verb {
		case verbPrint, verbIf:
			if in[field] == nil {
				in[field] = strings.Repeat("<"+field+">", rows)
			}
			fill(t, root, dot, n.body, rows)
		case verbRange:
			list, _ := in[field].([]Data)
			for len(list) < rows {
				list = append(list, Data{})
			}
			for _, row := range list {
				fill(t, root, row, n.body, rows)
			}
			in[field] = list
		case verbTemplate:
			inner, err := lookup(n.template)
			if err != nil {
				t.Fatal(err)
			}
			if field == "" {
				fill(t, dot, dot, inner, rows)
				continue
			}
			of := Data{}
			fill(t, of, of, inner, rows)
			in[field] = of
		case verbNone:
		}
	}
}

// Types of maps are expanded as text/template would.
func TestExpand(t *testing.T) {
	if n := len(MapClasses()); n < 30 {
		t.Errorf("%d classes", n)
	}
	library := byLibrary(t)
	for _, class := range MapClasses() {
		for _, m := range []MapType{
			{Doc: "// A is one.", Name: "A", T: "A", Q: "typed.", K: "uint32", V: "[4]b.C", Inner: "Inner", MinSize: 1},
			{Name: "G", Params: "[K, V any]", T: "G[K, V]", K: "K", V: "V"},
			{Doc: "// E", Name: "E", T: "E", Q: "typed.", V: "[]byte"},
		} {
			m.Class = class
			var want strings.Builder
			if err := library.Lookup(class).Execute(&want, m); err != nil {
				t.Fatal(err)
			}
			got, err := m.Declaration()
			if err != nil || got != strings.Trim(want.String(), "\n") {
				t.Errorf("%s: %v\n%s\nwant\n%s", class, err, got, want.String())
			}
		}
	}
	for _, m := range []MapType{{Class: "ClassNone"}, {Class: "head "}} {
		if text, err := m.Declaration(); err == nil {
			t.Errorf("%s has the text %s", m.Class, text)
		}
	}
}

// What is not understood, and fields that are not there or are of another kind, are
// errors.
func TestWrong(t *testing.T) {
	for _, text := range []string{
		"{{ else }}{{ end }}", "{{ .A.B }}{{ end }}", "{{ printf .A }}{{ end }}", "{{ .A }}", "{{ if .A }}{{ end }}",
		"{{ if or .A .B }}{{ end }}{{ end }}", "{{ template \"x\" (slice .A) }}{{ end }}",
	} {
		if nodes, err := (&textOf{text}).nodes(); err == nil {
			t.Errorf("%s: %v", text, nodes)
		}
	}
	data := Data{"Text": "x", "Yes": true, "List": []Data{{}}}
	for _, text := range []string{
		"{{ .None }}", "{{ if .None }}{{ end }}", "{{ .List }}", "{{ .Yes }}", "{{ range .List }}{{ .Text }}{{ end }}",
		`{{ template "none" . }}`, `{{ template "loader" .Text }}`, `{{ template "number" .WithValue "uint32" }}`,
	} {
		nodes, err := (&textOf{text + "{{ end }}"}).nodes()
		if err != nil {
			t.Fatal(fmt.Errorf("%s: %w", text, err))
		}
		var b bytes.Buffer
		if err := (expansion{&b, data}).write(nodes, data); err == nil {
			t.Errorf("%s is %q", text, b.String())
		}
	}
}
