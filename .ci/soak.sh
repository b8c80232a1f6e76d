#!/usr/bin/env bash
# Soaks the runtime under the race detector: maps of all classes, readers and
# producers, programs, links and variables, with many goroutines that call, close and
# load again, while others take descriptors, programs and memory and look whether
# anybody touches what is theirs. Needs root.
#
#   .ci/soak.sh [each]     how long each of five tests takes; 2m, ten minutes in all
#
# The tests are in typed/*_soak_test.go. .ci/test.sh race has a short run.
set -euo pipefail
cd "$(dirname "$0")/.."

export CI=true BPFGEN_SOAK=${1:-2m} CGO_ENABLED=1
go test -race -v -count 1 -timeout 2h -run '^TestSoak' ./typed
