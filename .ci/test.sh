#!/usr/bin/env bash
# All tests of bpfgen, as the README's second command and CI run them. Needs
# Debian 12, Go and root; installs the rest (setup.sh). Every section runs even
# if one before it failed; the exit status is 0 only if all passed.
#
#   .ci/test.sh                  everything
#   .ci/test.sh vet kernels      these sections only (setup always runs)
#   .ci/test.sh table            writes docs/kernels.md anew
set -uo pipefail
cd "$(dirname "$0")/.."

# What is missing is a failure and no reason to skip.
export CI=true

root=$PWD
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

sections=(vet oldest lint test fuzz race wordsize byteorder harness kernels)

# Packages whose tests run in virtual machines: they find no Go toolchain there.
kernel_packages=(./typed/... ./examples/... ./golden/layout)

# The tests use the network no more: what they build and run outside of this
# module, as users do, needs go.mod files of the whole module graph.
setup() { bash .ci/setup.sh && go mod download && go list -m all >/dev/null && oldest_go version && drop_in; }

# The modules of users with older versions of cilium/ebpf and Go, for -bpf2go.
drop_in() {
	local module
	for module in .ci/dropin/*/; do
		(cd "$module" && GOTOOLCHAIN=go1.24.13 go mod download) || return 1
	done
}

# typed builds wherever cilium/ebpf does. The generated code of other
# architectures is compiled by the tests of golden.
vet() {
	local status=0 target unformatted
	unformatted=$(git ls-files -z '*.go' | xargs -0 gofmt -l)
	[ -z "$unformatted" ] || { printf 'not formatted:\n%s\n' "$unformatted" && status=1; }
	go vet ./... ./.ci/kernels/... ./.ci/forecast/... ./.ci/bench/... || status=1
	for target in darwin/arm64 windows/amd64 wasip1/wasm linux/386 linux/arm linux/s390x; do
		echo "vet $target"
		GOOS=${target%/*} GOARCH=${target#*/} CGO_ENABLED=0 go vet ./typed/... || status=1
	done
	return $status
}

# The oldest Go that go.mod allows, which the go command fetches as a module.
oldest_go() { GOTOOLCHAIN=go$(go list -m -f '{{.GoVersion}}') go "$@"; }

# Nothing of a newer Go is used. That the tests pass there is not asked.
oldest() { oldest_go version && oldest_go build ./... && oldest_go vet ./... ./.ci/kernels/... ./.ci/forecast/... ./.ci/bench/...; }

# The linters' versions are in tools/go.mod.
lint() {
	local status=0 tool
	for tool in staticcheck "exhaustive -d" go-errorlint unparam; do
		echo "$tool"
		# shellcheck disable=SC2086 # a tool and its flags
		go tool -modfile=.ci/tools/go.mod $tool ./... ./.ci/kernels/... ./.ci/forecast/... ./.ci/bench/... || status=1
	done
	return $status
}

# with_mounts runs a command in a mount namespace of its own that has tracefs,
# debugfs and bpffs, as the guests of the kernel harness have.
with_mounts() {
	unshare --mount --propagation private -- bash -c '
		mounted() { grep -q " $2 $1 " /proc/self/mounts || mount -t "$1" "$1" "$2" 2>/dev/null; }
		mounted tracefs /sys/kernel/tracing
		mounted debugfs /sys/kernel/debug
		mounted bpf /sys/fs/bpf
		exec "$@"' bash "$@"
}

# Everything on this machine: objects are compared with what their sources give,
# generated code is compiled for other architectures and run by QEMU (golden).
test_() { with_mounts go test -timeout 30m ./...; }

# A few seconds of objects that nobody wrote.
fuzz() { go test ./typed -run '^$' -fuzz '^FuzzOpen$' -fuzztime 10s && go test ./btfparse -run '^$' -fuzz '^FuzzParse$' -fuzztime 10s; }

# The race detector brings checkptr with it. Each soak test (soak.sh) takes 4 seconds.
race() { with_mounts env CGO_ENABLED=1 BPFGEN_SOAK=4s go test -timeout 30m -race ./typed/...; }

# 386 binaries run natively, system calls and all.
wordsize() { with_mounts env CGO_ENABLED=0 GOARCH=386 go test ./typed/...; }

# QEMU's user mode has no bpf(2): without CI tests that need it skip.
byteorder() {
	local status=0 arch
	for arch in s390x arm; do
		echo "$arch"
		env -u CI CGO_ENABLED=0 GOARCH=$arch go test -exec "qemu-$arch-static" ./typed/... || status=1
	done
	# Not for arm: cilium/ebpf v0.22 reads no decl tags where int has 32 bits.
	env -u CI CGO_ENABLED=0 GOARCH=s390x go test -exec qemu-s390x-static ./btfparse/... || status=1
	return $status
}

# The harness itself, by tests that fail, hang and panic.
harness() { go test ./.ci/kernels/; }

# What asks no kernel and takes minutes in a virtual machine has run in section test.
in_kernels() {
	go run ./.ci/kernels -kernels 6.1,6.12 -try 5.10,newest -host -timeout 15m -boot-timeout 30m -copy ./golden "$@" -- \
		"${kernel_packages[@]}" '-test.skip=^(TestOpenRefusesBombs|TestOpenTakesDeepTypes)$'
}

# The table may differ from the committed one only for the host and for releases
# of tried kernels that it was not measured with.
kernels() {
	local status=0
	in_kernels -table "$work/kernels.md" -check docs/kernels.md || status=1
	[ ! -f "$work/kernels.md" ] || cat "$work/kernels.md"
	# File systems that this machine's kernel may not have, FAT above all.
	go run ./.ci/kernels -kernels 6.12 -- ./cmd/bpfgen/internal/outfile -test.run='^TestFileSystems$' || status=1
	return $status
}

table() { in_kernels -table docs/kernels.md; }

# run_section runs one in a subshell and keeps its verdict for the summary.
summary=() failed=0
run_section() {
	local name=$1 start=$SECONDS verdict=ok
	echo "=== $name"
	(cd "$root" && "${name/#test/test_}") </dev/null || { verdict=FAIL && failed=1; }
	summary+=("$(printf '%-10s %-4s %4ds' "$name" $verdict $((SECONDS - start)))")
	echo "--- ${summary[-1]}"
}

wanted=("$@")
[ $# -gt 0 ] || wanted=("${sections[@]}")
for name in "${wanted[@]}"; do
	[[ " setup table ${sections[*]} " == *" $name "* ]] || { echo "test.sh: no section $name" >&2 && exit 2; }
done
for name in setup "${wanted[@]}"; do
	run_section "$name" 2>&1
done
printf '%s\n' "" "${summary[@]}"
[ $failed = 0 ] && echo "ok: all sections, ${SECONDS}s" || echo "FAIL after ${SECONDS}s"
exit $failed
