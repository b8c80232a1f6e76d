#!/usr/bin/env bash
# Compares bpfgen's command line with bpf2go's, whole processes, and what their
# generated packages cost to compile, and prints the tables of docs/benchmarks.md.
#
#   .ci/bench.sh [runs]
#
# bpf2go can only start from C. For "from an object" it gets a compiler that
# copies the object, which leaves its own part: reading, generating, writing.
# Every run finds the files of the one before; bpfgen leaves those alone that
# are the same.
set -euo pipefail
cd "$(dirname "$0")/.."

runs=${1:-20}
clang=${BPFGEN_CLANG:-clang-19}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

go build -o "$work/bpfgen" ./cmd/bpfgen
go build -o "$work/bpf2go" github.com/cilium/ebpf/cmd/bpf2go
go build -o "$work/bench" ./.ci/bench
go build -o "$work/compile" ./.ci/bench/compile
export GOPACKAGE=bench

# copier <object>: a compiler that copies it to where -o says.
copier() {
	cat >"$work/copier-$1" <<END
#!/bin/sh
while [ "\$1" != -o ]; do shift; done
exec cp "$PWD/golden/$1/$2" "\$2"
END
	chmod 755 "$work/copier-$1"
}

from_object() {
	local case=$1 object=$2
	copier "$case" "$object"
	mkdir -p "$work/$case-a" "$work/$case-b"
	"$work/bench" -n "$runs" -name "\`$object\`" \
		-a "$work/bpfgen -output-dir $work/$case-a bench golden/$case/$object" \
		-b "$work/bpf2go -cc $work/copier-$case -no-strip -target bpfel -output-dir $work/$case-b bench golden/$case/$case.c"
}

from_c() {
	local case=$1
	mkdir -p "$work/$case-c" "$work/$case-d"
	"$work/bench" -n "$runs" -name "\`$case.c\`, two targets" \
		-a "$work/bpfgen -cc $clang -output-dir $work/$case-c bench golden/$case/$case.c" \
		-b "$work/bpf2go -cc $clang -output-dir $work/$case-d bench golden/$case/$case.c"
}

echo '| input | bpfgen wall ms | bpf2go wall ms | ratio | bpfgen CPU ms | bpf2go CPU ms | ratio |'
echo '|---|---|---|---|---|---|---|'
from_object counter counter_bpfel.o
from_object scalars scalars_bpfel.o
from_object sections-all sectionsall_bpfel.o
from_c counter
from_c scalars

echo
"$work/compile" -n 5 -bpfgen "$work/bpfgen" -bpf2go "$work/bpf2go" -cc "$clang"
