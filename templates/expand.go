package templates

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// definition is a template, which is parsed when it is first used.
type definition struct {
	// text is what stands behind the name.
	text  string
	parse sync.Once
	nodes []node
	err   error
}

// definitions are all templates, by name.
var definitions = sync.OnceValue(allDefinitions)

func allDefinitions() map[string]*definition {
	all := make(map[string]*definition, 128)
	entries, _ := files.ReadDir(".") // which is embedded
	for _, e := range entries {
		content, _ := files.ReadFile(e.Name())
		for _, block := range strings.Split(string(content), define)[1:] {
			name, body, _ := strings.Cut(block, `"`)
			all[name] = &definition{text: body}
		}
	}
	return all
}

// define is what a line with a definition begins with. It begins no other.
const define = "\n{{ define \""

// lookup is a template, parsed.
func lookup(name string) ([]node, error) {
	d, ok := definitions()[name]
	if !ok {
		return nil, fmt.Errorf("there is no template %q", name)
	}
	d.parse.Do(func() {
		text := &textOf{"{{" + d.text}
		_, _ = text.action() // the rest of define
		d.nodes, d.err = text.nodes()
	})
	if d.err != nil {
		return nil, fmt.Errorf("template %q: %w", name, d.err)
	}
	return d.nodes, nil
}

// node is a piece of text and the action behind it.
type node struct {
	text string
	verb verb
	// field is what the action is about: "" for all data of the place, with "$" in
	// front one of the template's own data.
	field string
	// template is the one to expand, value the type of values that it gets instead.
	template, value string
	// body is what if and range are about.
	body []node
}

// verb is what an action does.
type verb int

const (
	verbNone verb = iota
	verbPrint
	verbIf
	verbRange
	verbTemplate
)

// textOf is what is yet to be parsed.
type textOf struct{ rest string }

// nodes parses up to the end of a body.
func (t *textOf) nodes() (nodes []node, err error) {
	nodes = make([]node, 0, strings.Count(t.rest, "{{"))
	for {
		before, action := t.action()
		n := node{text: before}
		word, argument, _ := strings.Cut(action, " ")
		switch {
		case action == "end":
			return append(nodes, n), nil
		case action == "":
			return nil, fmt.Errorf("%q: there is no end", before)
		case word == "/*":
		case word == "if", word == "range":
			n.verb, n.field = verbIf, argument
			if word == "range" {
				n.verb = verbRange
			}
			if n.body, err = t.nodes(); err != nil {
				return nil, err
			}
		case word == "template":
			n.verb = verbTemplate
			n.template, n.field, _ = strings.Cut(strings.TrimPrefix(argument, `"`), `" `)
			n.field, n.value, _ = strings.Cut(n.field, withValue)
		case argument == "":
			n.verb, n.field = verbPrint, word
		default:
			return nil, fmt.Errorf("%s is not understood", action)
		}
		if n.field, err = fieldName(n.field); err != nil {
			return nil, err
		}
		nodes = append(nodes, n)
	}
}

// withValue gives a template the type of map with another type of values.
const withValue = ".WithValue "

// fieldName is a field without its dot.
func fieldName(field string) (string, error) {
	dollar, name, dot := strings.Cut(field, ".")
	if !dot && field != "" || dollar != "" && dollar != "$" || strings.ContainsAny(name, ". ()\"") {
		return "", fmt.Errorf("%s is no field", field)
	}
	return dollar + name, nil
}

// blanks are what trim markers take away.
const blanks = " \t\r\n"

// action is the next one, and the text before it, both without what trim markers take
// away. It is "" behind the last.
func (t *textOf) action() (before, action string) {
	before, rest, _ := strings.Cut(t.rest, "{{")
	action, rest, _ = strings.Cut(rest, "}}")
	if inner, trim := strings.CutPrefix(action, "- "); trim {
		action, before = inner, strings.TrimRight(before, blanks)
	}
	if inner, trim := strings.CutSuffix(action, " -"); trim {
		action, rest = inner, strings.TrimLeft(rest, blanks)
	}
	t.rest = rest
	return before, strings.TrimSpace(action)
}

// fields are data: Data or a MapType.
type fields interface {
	// field is nil for one that is not there.
	field(name string) any
}

func (d Data) field(name string) any { return d[name] }

// expand writes a template.
func expand(w io.StringWriter, name string, data fields) error {
	nodes, err := lookup(name)
	if err == nil {
		err = expansion{w, data}.write(nodes, data)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return nil
}

// expansion is a template that is being written; root is its data.
type expansion struct {
	to   io.StringWriter // memory
	root fields
}

// write writes nodes with the data of their place.
func (x expansion) write(nodes []node, dot fields) error {
	for _, n := range nodes {
		_, _ = x.to.WriteString(n.text)
		if err := x.do(n, dot); err != nil {
			return err
		}
	}
	return nil
}

func (x expansion) do(n node, dot fields) error {
	switch n.verb {
	case verbNone:
		return nil
	case verbTemplate:
		return x.template(n, dot)
	default: // with a field
	}
	value := x.value(n.field, dot)
	switch list, _ := value.([]Data); {
	case value == nil:
		return fmt.Errorf("there is no field %s", n.field)
	case n.verb == verbRange:
		for _, d := range list {
			if err := x.write(n.body, d); err != nil {
				return err
			}
		}
	case n.verb == verbIf:
		if isSet(value) {
			return x.write(n.body, dot)
		}
	default:
		text, ok := value.(string)
		if !ok {
			return fmt.Errorf("field %s is no text", n.field)
		}
		_, _ = x.to.WriteString(text)
	}
	return nil
}

// value is a field of the place, or of the whole template.
func (x expansion) value(field string, dot fields) any {
	if name, ok := strings.CutPrefix(field, "$"); ok {
		return x.root.field(name)
	}
	return dot.field(field)
}

// template writes another template.
func (x expansion) template(n node, dot fields) error {
	switch {
	case n.value != "":
		m, ok := dot.(MapType)
		if !ok {
			return fmt.Errorf("template %q gets no type of map", n.template)
		}
		dot = m.WithValue(m.value(n.value))
	case n.field != "":
		data, ok := x.value(n.field, dot).(Data)
		if !ok {
			return fmt.Errorf("field %s is no data of a template", n.field)
		}
		dot = data
	}
	return expand(x.to, n.template, dot)
}

// isSet is how if decides.
func isSet(value any) bool {
	switch v := value.(type) {
	case bool:
		return v
	case string:
		return v != ""
	case []Data:
		return len(v) > 0
	case Data:
		return len(v) > 0
	}
	return false
}
