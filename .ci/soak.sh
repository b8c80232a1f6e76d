#!/usr/bin/env bash
# Soaks the runtime under the race detector: maps of all classes, readers and
# producers, with many goroutines that call, close and load again, while others take
# descriptors and look whether anybody touches what is behind them. Needs root.
#
#   .ci/soak.sh [each]     how long each of four tests takes; 150s, ten minutes in all
#
# The tests are in typed/*_soak_test.go. .ci/test.sh race has a short run.
set -euo pipefail
cd "$(dirname "$0")/.."

export CI=true BPFGEN_SOAK=${1:-150s} CGO_ENABLED=1
go test -race -v -count 1 -timeout 2h -run '^TestSoak' ./typed
