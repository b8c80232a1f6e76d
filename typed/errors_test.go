//go:build linux

package typed

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// What Load returns for a program that the verifier refuses has the whole log
// in its %+v.
func TestLoadErrorHasTheLog(t *testing.T) {
	needKernel(t)
	c := &CollectionSpec{Spec: &ebpf.CollectionSpec{Programs: map[string]*ebpf.ProgramSpec{"bad": {
		Name: "bad", Type: ebpf.SocketFilter, SectionName: "socket", License: "MIT",
		Instructions: asm.Instructions{
			asm.Mov.Imm(asm.R0, 0),
			asm.LoadMem(asm.R0, asm.R5, 0, asm.DWord), // R5 is not initialised
			asm.Return(),
		},
	}}}, programs: make(map[string]*programState)}
	_, err := c.Load(nil)
	const first, last = "r0 = 0", "R5 !read_ok"
	if text := fmt.Sprintf("%+v", err); !strings.Contains(text, first) || !strings.Contains(text, last) {
		t.Errorf("%%+v has not the whole log:\n%s", text)
	}
	if text := fmt.Sprint(err); !strings.HasPrefix(text, `load program bad (SEC("socket")): `) || strings.Contains(text, first) {
		t.Errorf("%%v is\n%s", text)
	}
}
