package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/bpfgen/bpfgen/.ci/kernels/wire"
)

// hostName is the column of the machine that the harness runs on.
const hostName = "host"

// runOnHost runs the binaries without a virtual machine, each in its
// package's folder as go test does.
func runOnHost(ctx context.Context, tests []testBinary, args []string, limit time.Duration) *report {
	r := newReport(hostName, tests)
	start := time.Now()
	if b, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		r.release = strings.TrimSpace(string(b))
	}
	for i, t := range tests {
		r.results[i].output, r.results[i].end = runHere(ctx, t, args, limit)
	}
	r.took = time.Since(start)
	return r
}

// privateMounts are arguments of unshare(1): what a guest has mounted and the
// host has not, the binary finds in a mount namespace of its own.
var privateMounts = []string{"--mount", "--propagation", "private", "--", "sh", "-c", `
mounted() { grep -q " $2 $1 " /proc/self/mounts || mount -t "$1" "$1" "$2" 2>/dev/null || true; }
mounted tracefs /sys/kernel/tracing
mounted debugfs /sys/kernel/debug
mounted bpf /sys/fs/bpf
exec "$@"`, "sh"}

func runHere(ctx context.Context, t testBinary, args []string, limit time.Duration) ([]byte, *wire.Record) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, "unshare", slices.Concat(privateMounts, []string{t.file}, args)...)
	cmd.Dir = t.dir
	cmd.Env = append(os.Environ(), kernelVariable+"="+hostName)
	cmd.WaitDelay = time.Second // grandchildren that keep the output open
	start := time.Now()
	out, err := cmd.CombinedOutput()
	end := &wire.Record{Kind: wire.End, Exit: cmd.ProcessState.ExitCode(), Time: time.Since(start)}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		end.Text = fmt.Sprintf("killed after %v", limit)
	case err != nil && !errors.As(err, &exit):
		end.Text = err.Error()
	case err != nil && !exit.Exited():
		end.Text = err.Error()
	}
	return out, end
}
