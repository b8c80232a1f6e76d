//go:build linux

package typed

import (
	"strings"
	"testing"

	"github.com/cilium/ebpf"
)

// What the kernel lacks is read above the report that Linux 7.3 prints below it,
// and not out of it.
func TestLackingInLog(t *testing.T) {
	const verdict = "program of this type cannot use helper bpf_xdp_adjust_head#44"
	const report = `

Verification failed: Policy: Operation is not allowed

Reason:
  The helper bpf_xdp_adjust_head#44 is not allowed: this program type does not allow the helper.

At:
  insn 1
       | ^-- error: policy check failed for helper bpf_xdp_adjust_head#44
  Instruction context:
      0 | (b7) r2 = 0
  >>> 1 | (85) call bpf_xdp_adjust_head#44
      2 | (b7) r0 = 0

Suggestion:
  Use a helper allowed for this program type, or move the logic to a compatible program type.
`
	const processed = "\nprocessed 2 insns (limit 1000000) max_states_per_insn 0 total_states 0 peak_states 0 mark_read 0"
	for _, test := range []struct{ name, log, want string }{
		{"before 7.3", "1: (85) call bpf_xdp_adjust_head#44\n" + verdict + processed, verdict},
		{"7.3", "1: (85) call bpf_xdp_adjust_head#44\n" + verdict + report + processed, verdict},
		{"another cause", "1: (bf) r0 = r9\nR9 !read_ok" + report + processed, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := &ebpf.VerifierError{Log: strings.Split(test.log, "\n")}
			equal(t, "lacking", lackingInLog(err), test.want)
		})
	}
}
