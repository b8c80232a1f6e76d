package emit

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/internal/goshape"
)

// Constants are compared with the enumerators that they are called like, by any
// convention; what is called otherwise may be anything.
func TestConstantsOfBoundEnums(t *testing.T) {
	verdict := &btfparse.Enum{Name: "verdict", Bytes: 4, Values: []btfparse.EnumValue{{Name: "VERDICT_PASS"}, {Name: "VERDICT_DROP", Value: 1}, {Name: "__VERDICT_MAX", Value: 2}}}
	signed := &btfparse.Enum{Name: "rc", Bytes: 4, Signed: true, Values: []btfparse.EnumValue{{Name: "RC_OK"}, {Name: "RC_FAIL", Value: ^uint64(0)}}}
	other := &btfparse.Enum{Name: "tcp_state", Bytes: 4, Values: []btfparse.EnumValue{{Name: "TCP_ESTABLISHED", Value: 1}, {Name: "TCP_SYN_SENT", Value: 2}}}
	twins := &btfparse.Enum{Name: "x", Bytes: 1, Values: []btfparse.EnumValue{{Name: "X_A", Value: 1}, {Name: "A", Value: 2}}}
	type constants map[string]uint64
	for _, test := range []struct {
		name      string
		e         *btfparse.Enum
		goName    string
		constants constants
		differs   string
		lacking   string
	}{
		{name: "none", e: verdict, goName: "flows.Verdict"},
		{name: "Go's words", e: verdict, goName: "flows.Verdict", constants: constants{"VerdictPass": 0, "VerdictDrop": 1}},
		{name: "C's words", e: verdict, goName: "Verdict", constants: constants{"VERDICT_PASS": 0, "VERDICT_DROP": 1}},
		{name: "short words", e: verdict, goName: "v.Verdict", constants: constants{"Pass": 0, "Drop": 1}},
		{name: "another type's name", e: verdict, goName: "v.Action", constants: constants{"ActionPass": 0, "ActionDrop": 1}},
		{name: "words of one's own", e: verdict, goName: "v.Action", constants: constants{"Let": 0, "Throw": 1, "Both": 7}},
		{name: "swapped", e: verdict, goName: "flows.Verdict", constants: constants{"VerdictDrop": 0, "VerdictPass": 1},
			differs: "VERDICT_DROP is 1 in C, VerdictDrop of flows.Verdict is 0 in Go; VERDICT_PASS is 0 in C, VerdictPass of flows.Verdict is 1 in Go"},
		{name: "swapped, short", e: verdict, goName: "v.Action", constants: constants{"ActionPass": 1, "ActionDrop": 0},
			differs: "VERDICT_DROP is 1 in C, ActionDrop of v.Action is 0 in Go; VERDICT_PASS is 0 in C, ActionPass of v.Action is 1 in Go"},
		{name: "one is missing", e: verdict, goName: "flows.Verdict", constants: constants{"VerdictPass": 0}, lacking: "VERDICT_DROP (1)"},
		{name: "signed", e: signed, goName: "RC", constants: constants{"RCOK": 0, "RCFail": ^uint64(0)}},
		{name: "of the same bytes", e: signed, goName: "RC", constants: constants{"RCOK": 0, "RCFail": 0xffffffff}},
		{name: "signed and other", e: signed, goName: "RC", constants: constants{"RCOK": 0, "RCFail": ^uint64(1)},
			differs: "RC_FAIL is -1 in C, RCFail of RC is -2 in Go", lacking: "RC_FAIL (-1)"},
		{name: "a common beginning", e: other, goName: "State", constants: constants{"StateEstablished": 1, "StateSynSent": 3},
			differs: "TCP_SYN_SENT is 2 in C, StateSynSent of State is 3 in Go", lacking: "TCP_SYN_SENT (2)"},
		{name: "two that may be meant", e: twins, goName: "X", constants: constants{"XA": 1, "A": 2}},
	} {
		g := &goshape.Shape{Name: test.goName, Kind: goshape.Unsigned, Size: int64(test.e.Bytes)}
		for _, name := range slices.Sorted(maps.Keys(test.constants)) {
			g.Constants = append(g.Constants, goshape.Constant{Name: name, Value: test.constants[name]})
		}
		if got := strings.Join(otherValues(test.e, g), "; "); got != test.differs {
			t.Errorf("%s: %q, want %q", test.name, got, test.differs)
		}
		if got := strings.Join(lackingValues(test.e, g), "; "); got != test.lacking {
			t.Errorf("%s: it lacks %q, want %q", test.name, got, test.lacking)
		}
	}
}
