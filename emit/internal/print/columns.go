package print

// Columns, as gofmt aligns them.

import (
	"strings"
	"unicode/utf8"
)

// aligned puts rows of cells into columns as gofmt does (text/tabwriter): a cell
// that others follow is as wide as the widest of the rows around it that have so
// many, too, without a row between them that has fewer.
func aligned(rows [][]string) []string {
	lines := make([]strings.Builder, len(rows))
	for column, more := 0, true; more; column++ {
		more = false
		for i := 0; i < len(rows); {
			end, width := i, 0
			for end < len(rows) && column+1 < len(rows[end]) {
				width = max(width, utf8.RuneCountInString(rows[end][column]))
				end++
			}
			for ; i < end; i++ {
				cell := rows[i][column]
				lines[i].WriteString(cell + strings.Repeat(" ", width-utf8.RuneCountInString(cell)+1))
				more = true
			}
			if i < len(rows) {
				if column+1 == len(rows[i]) {
					lines[i].WriteString(rows[i][column])
				}
				i++
			}
		}
	}
	texts := make([]string, len(rows))
	for i := range lines {
		texts[i] = lines[i].String()
	}
	return texts
}

// fieldLines are the fields of a struct, each on a line of its own: name, type
// and sometimes a comment. The templates print source that is formatted as it
// stands, because parsing and printing it again would take a third of the whole
// run.
func fieldLines[F any](fields []F, row func(F) []string) string {
	rows := make([][]string, len(fields))
	for i, f := range fields {
		rows[i] = row(f)
	}
	var b strings.Builder
	for _, line := range aligned(rows) {
		b.WriteString("\n\t" + line)
	}
	return b.String()
}

// SpecMapFields are the fields of the maps before they are created.
func (d loaderData) SpecMapFields() string {
	return fieldLines(d.Maps, func(m mapData) []string {
		return []string{m.Field, "*" + d.Q + "MapSpec[*" + m.Alias + "]"}
	})
}

// SpecProgramFields are the fields of the programs before they are loaded.
func (d loaderData) SpecProgramFields() string {
	return fieldLines(d.Programs, func(p programData) []string {
		return []string{p.Field, "*" + d.Q + "ProgramSpec[" + p.Type.String() + "]", p.Comment()}
	})
}

// SpecVariableFields are the fields of the variables before load.
func (d loaderData) SpecVariableFields() string {
	return fieldLines(d.SpecVariables(), func(v variableData) []string {
		return []string{v.Field, "*" + d.Q + "VariableSpec[" + v.Type.String() + "]", v.Comment()}
	})
}

// MapFields are the fields of the maps in the kernel.
func (d loaderData) MapFields() string {
	return fieldLines(d.Maps, func(m mapData) []string { return []string{m.Field, "*" + m.Alias} })
}

// ProgramFields are the fields of the programs in the kernel.
func (d loaderData) ProgramFields() string {
	return fieldLines(d.Programs, func(p programData) []string {
		return []string{p.Field, "*" + p.Type.String(), p.Comment()}
	})
}

// VariableFields are the fields of the variables in the kernel.
func (d loaderData) VariableFields() string {
	return fieldLines(d.Variables, func(v variableData) []string {
		return []string{v.Field, "*" + d.Q + v.Handle() + "[" + v.Type.String() + "]", v.Comment()}
	})
}
