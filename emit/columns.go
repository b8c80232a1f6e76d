package emit

import (
	"strings"
	"unicode/utf8"
)

// fieldLines are the fields of a struct, each on a line of its own: name, type
// and, in all rows or in none, a comment, in columns as gofmt aligns them. The
// templates print source that is formatted as it stands, because parsing and
// printing it again would take a third of the whole run.
func fieldLines[F any](fields []F, row func(F) []string) string {
	rows := make([][]string, len(fields))
	var widths []int
	for i, f := range fields {
		rows[i] = row(f)
		for j, cell := range rows[i] {
			if j == len(widths) {
				widths = append(widths, 0)
			}
			widths[j] = max(widths[j], utf8.RuneCountInString(cell))
		}
	}
	var b strings.Builder
	for _, row := range rows {
		b.WriteString("\n\t")
		for j, cell := range row {
			b.WriteString(cell)
			if j < len(row)-1 {
				b.WriteString(strings.Repeat(" ", widths[j]-utf8.RuneCountInString(cell)+1))
			}
		}
	}
	return b.String()
}

// SpecMapFields are the fields of the maps before they are created.
func (d loaderData) SpecMapFields() string {
	return fieldLines(d.Maps, func(m *mapPlan) []string {
		return []string{m.Field, "*typed.MapSpec[*" + m.Alias + "]"}
	})
}

// SpecProgramFields are the fields of the programs before they are loaded.
func (d loaderData) SpecProgramFields() string {
	return fieldLines(d.Programs, func(p *programPlan) []string {
		return []string{p.Field, "*typed.ProgramSpec[" + p.GoType + "]", p.Comment()}
	})
}

// SpecVariableFields are the fields of the variables before load.
func (d loaderData) SpecVariableFields() string {
	return fieldLines(d.SpecVariables(), func(v *variablePlan) []string {
		return []string{v.Field, "*typed.VariableSpec[" + v.GoType + "]", v.Comment()}
	})
}

// MapFields are the fields of the maps in the kernel.
func (d loaderData) MapFields() string {
	return fieldLines(d.Maps, func(m *mapPlan) []string { return []string{m.Field, "*" + m.Alias} })
}

// ProgramFields are the fields of the programs in the kernel.
func (d loaderData) ProgramFields() string {
	return fieldLines(d.Programs, func(p *programPlan) []string {
		return []string{p.Field, "*" + p.GoType, p.Comment()}
	})
}

// VariableFields are the fields of the variables in the kernel.
func (d loaderData) VariableFields() string {
	return fieldLines(d.Variables, func(v *variablePlan) []string {
		return []string{v.Field, "*typed." + v.Handle() + "[" + v.GoType + "]", v.Comment()}
	})
}
