package emit

import (
	"os/exec"
	"strings"
	"testing"
)

// The border between deciding and printing: neither the plan nor what prints it
// knows BTF, not even through others.
func TestPlanAndPrintDoNotKnowBTF(t *testing.T) {
	for _, pkg := range []string{"plan", "print"} {
		out, err := exec.Command("go", "list", "-deps", "./internal/"+pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
		deps := strings.Fields(string(out))
		if len(deps) < 5 {
			t.Errorf("package %s: go list knows %d packages", pkg, len(deps))
		}
		for _, dep := range deps {
			if strings.HasPrefix(dep, "github.com/cilium/ebpf") || strings.Contains(dep, "/bpfgen/btfparse") || strings.HasSuffix(dep, "/bpfgen/emit") {
				t.Errorf("package %s depends on %s", pkg, dep)
			}
		}
	}
}
