package templates

import (
	"strings"
	"testing"
	"text/template"
)

// all is everything that text/template can read, the types of maps too.
func all(t *testing.T) *template.Template {
	t.Helper()
	parsed, err := template.ParseFS(files, "*.tmpl")
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// Only what is used is parsed, so that text that does not parse, or that names what
// is not there, would panic in a user's hands.
func TestAllParse(t *testing.T) {
	if n := len(all(t).Templates()); n < 40 {
		t.Errorf("%d templates: they are not told apart", n)
	}
	for _, f := range []File{Loader, Maps, Bpf2go, Typed, Target} {
		known := f.parsed()
		for _, part := range known.Templates() {
			for _, reference := range strings.Split(part.Root.String(), `{{template "`)[1:] {
				if name, _, _ := strings.Cut(reference, `"`); known.Lookup(name) == nil {
					t.Errorf("%s: there is no template %q", part.Name(), name)
				}
			}
		}
	}
}

// Types of maps are expanded as text/template would.
func TestExpand(t *testing.T) {
	if n := len(MapClasses()); n < 30 {
		t.Errorf("%d classes", n)
	}
	templates := all(t)
	for _, class := range MapClasses() {
		for _, m := range []MapType{
			{Doc: "// A is one.", Name: "A", T: "A", Q: "typed.", K: "uint32", V: "[4]b.C", Inner: "Inner", MinSize: 1},
			{Name: "G", Params: "[K, V any]", T: "G[K, V]", K: "K", V: "V"},
			{Doc: "// E", Name: "E", T: "E", Q: "typed.", V: "[]byte"},
		} {
			m.Class = class
			var want strings.Builder
			if err := templates.Lookup(class).Execute(&want, m); err != nil {
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
