package emit

// Arrays of a length of their own in records of tracepoints. The kernel's macros
// (__dynamic_array and __string of include/trace/stages) put them behind the
// struct, and a member __data_loc_name says where: the offset from the start of
// the record in the lower 16 bits, the length in the upper ones. That of
// __rel_loc_name counts from the end of the member.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

const (
	dataLocPrefix = "__data_loc_"
	relLocPrefix  = "__rel_loc_"
)

// dataLoc is the name of the array whose place the member says, "" if it says
// none.
func (l *leaf) dataLoc() string {
	name, ok := strings.CutPrefix(l.field.Name, dataLocPrefix)
	if !ok {
		name, ok = strings.CutPrefix(l.field.Name, relLocPrefix)
	}
	t, isInt := btfparse.Underlying(l.field.Type).(*btfparse.Int)
	if !ok || !isInt || t.Bytes != 4 || l.field.Bitfield || l.reach != plan.ByField || l.ref.plain != "" {
		return ""
	}
	return name
}

func (m *member) isDataLoc() bool {
	return slices.ContainsFunc(m.leaves, func(l *leaf) bool { return l.dataLoc() != "" })
}

// declareDataLoc adds the methods of a member that says where an array is.
func declareDataLoc(d *plan.Decl, l *leaf) {
	name := l.dataLoc()
	if name == "" {
		return
	}
	d.DataLocs = append(d.DataLocs, plan.DataLoc{
		Bytes: l.of.dataBytes, Text: l.of.dataText, Field: l.of.goName, Relative: strings.HasPrefix(l.field.Name, relLocPrefix),
		Doc: []string{fmt.Sprintf("%s is the array %s of the record, of which rest are the bytes behind the struct; %s is its text.",
			l.of.dataBytes, name, l.of.dataText)},
	})
}
