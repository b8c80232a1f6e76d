//go:build !linux

package typed

import "github.com/cilium/ebpf"

func testRun(*ebpf.Program, []byte, []byte, []byte, []byte, RunOptions) (runResult, error) {
	return runResult{}, errNotLinux
}
