package templates

// What mapclasses.go.tmpl needs of text/template, over MapType alone: fields, other
// templates, and trim markers. An object of 36 maps has 36 types of them, and to
// parse and execute these by text/template took as long as all the rest of a run.

import (
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"
)

//go:embed mapclasses.go.tmpl
var mapClasses string

// bodies are the definitions of mapclasses.go.tmpl, without define and end.
var bodies = sync.OnceValue(func() map[string]string {
	bodies := make(map[string]string)
	for _, block := range strings.Split(mapClasses, definition)[1:] {
		name, rest, _ := strings.Cut(block, `"`)
		_, body, after := action(rest)
		if after {
			body = strings.TrimLeft(body, blanks)
		}
		end := strings.LastIndex(body, "{{")
		trimmed := strings.HasPrefix(body[end:], "{{- ")
		body = body[:end]
		if trimmed {
			body = strings.TrimRight(body, blanks)
		}
		bodies[name] = body
	}
	return bodies
})

// definition is what a line with a definition begins with. It begins no other.
const definition = "\n{{ define \""

// blanks are what trim markers take away.
const blanks = " \t\r\n"

// action is what stands before "}}", what follows, and whether blanks behind it go.
func action(text string) (action, rest string, trim bool) {
	action, rest, _ = strings.Cut(text, "}}")
	action, trim = strings.CutSuffix(action, " -")
	return strings.TrimSpace(action), rest, trim
}

// expand writes a definition for the type.
func (t MapType) expand(b *strings.Builder, name string) error {
	text, ok := bodies()[name]
	if !ok {
		return fmt.Errorf("there is no template %q", name)
	}
	for {
		before, rest, more := strings.Cut(text, "{{")
		inner, trim := strings.CutPrefix(rest, "- ")
		if trim {
			before = strings.TrimRight(before, blanks)
		}
		b.WriteString(before)
		if !more {
			return nil
		}
		what, after, trim := action(inner)
		if trim {
			after = strings.TrimLeft(after, blanks)
		}
		if err := t.do(b, what); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		text = after
	}
}

// do writes a field, or another template.
func (t MapType) do(b *strings.Builder, action string) error {
	if call, ok := strings.CutPrefix(action, `template "`); ok {
		name, data, _ := strings.Cut(call, `" `)
		value, other := strings.CutPrefix(data, ".WithValue ")
		switch {
		case other:
			return t.WithValue(t.value(value)).expand(b, name)
		case data == ".":
			return t.expand(b, name)
		}
		return fmt.Errorf("%s is not understood", action)
	}
	switch action {
	case ".Doc":
		b.WriteString(t.Doc)
	case ".Name":
		b.WriteString(t.Name)
	case ".Params":
		b.WriteString(t.Params)
	case ".T":
		b.WriteString(t.T)
	case ".Q":
		b.WriteString(t.Q)
	case ".K":
		b.WriteString(t.K)
	case ".V":
		b.WriteString(t.V)
	case ".Inner":
		b.WriteString(t.Inner)
	case ".MinSize":
		b.WriteString(strconv.Itoa(t.MinSize))
	case ".Loop":
		b.WriteString(t.Loop())
	case ".Args":
		b.WriteString(t.Args())
	case ".Shape":
		b.WriteString(t.Shape())
	default:
		return fmt.Errorf("%s is not understood", action)
	}
	return nil
}

// value is a string in quotes, or (print .Q "…").
func (t MapType) value(text string) string {
	if rest, ok := strings.CutPrefix(text, "(print .Q "); ok {
		return t.Q + strings.Trim(strings.TrimSuffix(rest, ")"), `"`)
	}
	return strings.Trim(text, `"`)
}
