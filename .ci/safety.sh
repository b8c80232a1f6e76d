#!/usr/bin/env bash
# Ends bpfgen in every way, as often as docs/benchmarks.md says, and prints what
# it quotes: kills at random moments, pairs of runs, signals at random moments,
# disks that are full or fail. The test command runs the same tests, shorter.
# Needs clang-19 and root (or user namespaces); takes some ten minutes.
set -euo pipefail
cd "$(dirname "$0")/.."

export CI=true BPFGEN_KILLS=${1:-300} BPFGEN_DOUBLES=${2:-200} BPFGEN_SIGNALS=${3:-20}
go test -v -count 1 -run '^(TestEveryOperationFails|TestFullDisk|TestKilledCommits|TestRunsInOneDirectory)$' ./cmd/bpfgen/internal/outfile |
	grep -Ev '^=== |^ok '
go test -v -count 1 -timeout 30m -run '^(TestKilledRuns|TestDoubleRuns|TestDoubleRunsOfTargets|TestSignals|TestSignalsWhileBusy)$' ./cmd/bpfgen |
	grep -Ev '^=== |^ok '
