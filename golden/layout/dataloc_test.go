package layout

import (
	"testing"

	"github.com/bpfgen/bpfgen/typed"

	kerneltypes "github.com/bpfgen/bpfgen/golden/kernel-types"
)

// TestDataLoc reads the arrays of a tracepoint's record.
func TestDataLoc(t *testing.T) {
	raw, err := variable("kernel-types", "raw")
	if err != nil {
		t.Fatal(err)
	}
	var rec typed.Record[kerneltypes.KernelTypesTraceEventRawExec]
	if err := typed.DecodeRecord(raw, 0, &rec); err != nil {
		t.Fatal(err)
	}
	equal(t, "filename", rec.Event.DataLocFilenameString(rec.Tail), "/bin/true")
	equal(t, "arguments", string(rec.Event.RelLocArgumentsBytes(rec.Tail)), "a b\x00")
}
