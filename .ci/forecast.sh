#!/usr/bin/env bash
# Holds forecasts against real kernels. It takes an hour or two on two
# processors, so CI does not run it: docs/forecast.md is what came of it.
#
#   .ci/forecast.sh              objects, truth and table, in this order
#   .ci/forecast.sh objects      collects and builds the objects
#   .ci/forecast.sh truth        loads every program of them in every kernel
#   .ci/forecast.sh table        writes the table in docs/forecast.md
#   .ci/forecast.sh show REGEXP  prints what the forecast got wrong in sets of that name
#   .ci/forecast.sh allowed      asks the kernels which functions programs may call,
#                                and writes forecast/allowed.txt
#   .ci/forecast.sh cost         measures 128 objects on 7 kernels, and 1000 kernels
#   .ci/forecast.sh minimised    holds minimised BTF against the whole and bpftool's, in
#                                every kernel, and writes what came of it in docs/forecast.md
#   .ci/forecast.sh reduce BTF FILE.btf.gz
#                                takes of a kernel's BTF what tests need of it
#
# Everything lies in $BPFGEN_KERNEL_CACHE/forecast, by default in the user's cache.
set -euo pipefail
cd "$(dirname "$0")/.."

cache=${BPFGEN_KERNEL_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/bpfgen/kernels}
work=$cache/forecast
kernels=(go run ./.ci/kernels -kernels 6.1,6.12 -try 5.10,newest -v -parallel 1 -timeout 60m -boot-timeout 90m)

objects() {
	rm -rf "$work/objects"
	mkdir -p "$work/objects"
	go run ./.ci/forecast -collect "$work/objects"
	bash .ci/forecast/selftests.sh "$work"
}

# truth runs in the order host, 6.1, 6.12, 5.10, newest.
truth() {
	BPFGEN_TEST_FORECAST=$work/objects "${kernels[@]}" -host -copy "$work/objects" -- ./.ci/forecast/truth >"$work/truth.log" 2>&1 ||
		{ tail -n 40 "$work/truth.log" && return 1; }
}

score() { go run ./.ci/forecast -objects "$work/objects" -truth "$work/truth.log" -cache "$cache" "$@"; }
table() { score -table docs/forecast.md; }
show() { score -show "$1"; }

cost() { score -cost; }
# minimised compares what relocations become here, and what loads in every kernel.
minimised() {
	BPFGEN_TEST_FORECAST=$work/objects "${kernels[@]}" -host -copy "$work/objects" -- ./internal/btfmin -test.run='^TestLoadsTheSame$' >"$work/minimised.log" 2>&1 ||
		{ tail -n 40 "$work/minimised.log" && return 1; }
	sizes
}

# sizes is minimised without loading again.
sizes() { go run ./.ci/forecast -objects "$work/objects" -truth "$work/minimised.log" -cache "$cache" -minimised -table docs/forecast.md; }
reduce() { go run ./.ci/forecast -reduce "$@"; }

allowed() {
	BPFGEN_TEST_PROBE=1 "${kernels[@]}" -host -- ./.ci/forecast/probe >"$work/probe.log" 2>&1 ||
		{ tail -n 40 "$work/probe.log" && return 1; }
	go run ./.ci/forecast -truth "$work/probe.log" -allowed forecast/allowed.txt
}

if [ $# = 0 ]; then
	bash .ci/setup.sh
	objects && truth && table
else
	"$@"
fi
