package print

// Columns, as gofmt aligns them.

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
	"github.com/bpfgen/bpfgen/templates"
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

// columns are the fields of the loader's structs; qualifier is that of the runtime
// package.
type columns struct{ qualifier string }

// maps adds the maps: rows to bind, and the fields before they are created and in the
// kernel.
func (c columns) maps(d templates.Data, maps []*plan.Map) {
	rows := make([]templates.Data, len(maps))
	for i, m := range maps {
		rows[i] = templates.Data{"Field": m.Field, "Alias": m.Alias, "Quoted": strconv.Quote(m.Name), "EventName": ""}
		if m.EventName != "" {
			rows[i]["EventName"] = strconv.Quote(m.EventName)
		}
	}
	d["Maps"] = rows
	d["SpecMapFields"] = fieldLines(maps, func(m *plan.Map) []string {
		return []string{m.Field, "*" + c.qualifier + "MapSpec[*" + m.Alias + "]"}
	})
	d["MapFields"] = fieldLines(maps, func(m *plan.Map) []string { return []string{m.Field, "*" + m.Alias} })
}

// programs adds the programs, before they are loaded and in the kernel.
func (c columns) programs(d templates.Data, programs []*plan.Program) {
	rows := make([]templates.Data, len(programs))
	for i, p := range programs {
		rows[i] = templates.Data{"Field": p.Field, "Quoted": strconv.Quote(p.Name), "Type": p.Type.String()}
	}
	d["Programs"] = rows
	d["SpecProgramFields"] = fieldLines(programs, func(p *plan.Program) []string {
		return []string{p.Field, "*" + c.qualifier + "ProgramSpec[" + p.Type.String() + "]", programComment(p)}
	})
	d["ProgramFields"] = fieldLines(programs, func(p *plan.Program) []string {
		return []string{p.Field, "*" + p.Type.String(), programComment(p)}
	})
}

// variables adds the variables, before load and in the kernel. Those that the kernel
// gives their value have none before.
func (c columns) variables(d templates.Data, variables []*plan.Variable) {
	var before []*plan.Variable
	rows := make([]templates.Data, len(variables))
	specs := make([]templates.Data, 0, len(variables))
	for i, v := range variables {
		rows[i] = variableData(v)
		if !v.Given {
			before, specs = append(before, v), append(specs, rows[i])
		}
	}
	d["Variables"], d["SpecVariables"] = rows, specs
	d["SpecVariableFields"] = fieldLines(before, func(v *plan.Variable) []string {
		return []string{v.Field, "*" + c.qualifier + "VariableSpec[" + v.Type.String() + "]", variableComment(v)}
	})
	d["VariableFields"] = fieldLines(variables, func(v *plan.Variable) []string {
		return []string{v.Field, "*" + c.qualifier + variableHandle(v) + "[" + v.Type.String() + "]", variableComment(v)}
	})
}
