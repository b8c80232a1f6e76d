#!/usr/bin/env bash
# Compares bpfgen's command line with bpf2go's, whole processes, and what their
# generated packages cost to compile, and prints the tables of docs/benchmarks.md.
#
#   .ci/bench.sh [runs]        the rows of docs/benchmarks.md
#   .ci/bench.sh -repo [runs]  a module with 20 lines, two targets each, from C:
#                              bpfgen gen ./... against go generate ./... of
#                              bpf2go; fails above 0.5 of its wall time, or 0.03
#                              where nothing changed
#   .ci/bench.sh -all [runs]   every golden case that both generate; fails where
#                              bpfgen takes more than 0.9 of bpf2go's wall time
#                              from an object, or 0.6 from C with two targets
#   .ci/bench.sh -kernel [n]   types of this machine's kernel, generated and compiled:
#                              50 that people ask for (bench/kernel-types.txt), which
#                              may take 2 s, and all
#
# bpf2go can only start from C. For "from an object" it gets a compiler that
# copies the object, which leaves its own part: reading, generating, writing.
# Every run finds the files of the one before; bpfgen leaves those alone that
# are the same.
set -euo pipefail
cd "$(dirname "$0")/.."

all= repo= kernel=
[ "${1-}" != -all ] || { all=1 && shift; }
[ "${1-}" != -repo ] || { repo=1 && shift; }
[ "${1-}" != -kernel ] || { kernel=1 && shift; }
runs=${1:-20}
clang=${BPFGEN_CLANG:-clang-19}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# What the linker has just written lies in the page cache in single pages, which makes
# every start slower, of the larger program more. A copy lies there as after a reboot.
mkdir "$work/linked"
go build -o "$work/linked/bpfgen" ./cmd/bpfgen
go build -o "$work/linked/bpf2go" github.com/cilium/ebpf/cmd/bpf2go
cp "$work/linked/"* "$work"
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

# compare <most> <name> <flags of bench>: a row; a ratio over the most counts with -all.
slow=0
compare() {
	local most=$1 name=$2
	shift 2
	"$work/bench" -n "$runs" ${all:+-most $most} -name "$name" "$@" || slow=1
}

# both <case> <object>: whether both generate it. bpf2go refuses some.
both() {
	mkdir -p "$work/try/a" "$work/try/b"
	copier "$1" "$2"
	"$work/bpf2go" -cc "$work/copier-$1" -no-strip -target bpfel -output-dir "$work/try/a" bench "golden/$1/$1.c" >/dev/null 2>&1 &&
		"$work/bpfgen" -no-typecheck -output-dir "$work/try/b" bench "golden/$1/$2" >/dev/null 2>&1
	local status=$?
	rm -rf "$work/try"
	return $status
}

from_object() {
	local case=$1 object=$2
	copier "$case" "$object"
	mkdir -p "$work/$case-a" "$work/$case-b"
	compare 0.9 "\`$object\`" \
		-a "$work/bpfgen -no-typecheck -output-dir $work/$case-a bench golden/$case/$object" \
		-b "$work/bpf2go -cc $work/copier-$case -no-strip -target bpfel -output-dir $work/$case-b bench golden/$case/$case.c"
}

from_c() {
	local case=$1
	mkdir -p "$work/$case-c" "$work/$case-d"
	compare 0.6 "\`$case.c\`, two targets" \
		-a "$work/bpfgen -no-typecheck -cc $clang -output-dir $work/$case-c bench golden/$case/$case.c" \
		-b "$work/bpf2go -cc $clang -output-dir $work/$case-d bench golden/$case/$case.c"
}

# module <tool> [command]: a module with twenty lines that run it, in five packages,
# by the command of its lines, else as it was built.
module() {
	local tool=$1 command=${2-$work/$1} i package
	mkdir -p "$work/$tool-module" && cp -r golden/include "$work/$tool-module"
	(
		cd "$work/$tool-module"
		cp "$OLDPWD/go.mod" "$OLDPWD/go.sum" .
		go mod edit -module example.com/m -require github.com/bpfgen/bpfgen@v0.0.0 -replace "github.com/bpfgen/bpfgen=$OLDPWD"
		go mod edit -tool github.com/cilium/ebpf/cmd/bpf2go
		for i in {1..20}; do
			package=p$((i % 5)) source=counter
			((i % 2)) || source=scalars
			mkdir -p $package
			[ -f $package/lines.go ] || echo "package $package" >$package/lines.go
			echo "//go:generate $command -cc $clang x$i x$i.c" >>$package/lines.go
			{ cat "$OLDPWD/golden/$source/$source.c" && echo "int only_here_$i = $i;"; } >$package/x$i.c
		done
	)
}

# script <name> <line>...: a command that bench can run.
script() {
	local name=$1
	shift
	printf '%s\n' '#!/bin/sh' 'set -e' "$@" >"$work/$name"
	chmod 755 "$work/$name"
}

if [ -n "$repo" ]; then
	module bpfgen
	module bpf2go
	module bpf2go-tool "go tool bpf2go"
	export BPFGEN_CACHE=$work/cache GOFLAGS=-mod=mod GOPROXY=off
	unset GOPACKAGE
	script a-first "rm -rf $work/cache $work/bpfgen-module/*/x*_*" "cd $work/bpfgen-module" "$work/bpfgen gen ./..."
	script a-cold "rm -rf $work/cache" "cd $work/bpfgen-module" "$work/bpfgen gen ./..."
	script a-warm "cd $work/bpfgen-module" "$work/bpfgen gen ./..."
	script a-check "cd $work/bpfgen-module" "$work/bpfgen check ./..."
	script b-first "rm -rf $work/bpf2go-module/*/x*_*" "cd $work/bpf2go-module" "go generate ./..."
	script b-again "cd $work/bpf2go-module" "go generate ./..."
	script c-first "rm -rf $work/bpf2go-tool-module/*/x*_*" "cd $work/bpf2go-tool-module" "go generate ./..."
	echo '| 20 lines, two targets each | bpfgen wall ms | bpf2go wall ms | ratio | bpfgen CPU ms | bpf2go CPU ms | ratio |'
	echo '|---|---|---|---|---|---|---|'
	all=1
	compare 0.5 "no files, no cache, lines with \`go tool\`" -a "$work/a-first" -b "$work/c-first"
	compare 1 "no files, no cache" -a "$work/a-first" -b "$work/b-first"
	compare 0.5 "no cache" -a "$work/a-cold" -b "$work/b-again"
	compare 0.03 "nothing changed" -a "$work/a-warm" -b "$work/b-again"
	compare 0.03 "nothing changed, \`check\`" -a "$work/a-check" -b "$work/b-again"
	exit $slow
fi

# least <n> <command>: the least wall time of n runs, in ms.
least() {
	local n=$1 best=
	shift
	for _ in $(seq "$n"); do
		local start=$(date +%s%N)
		"$@" >/dev/null 2>"$work/stderr" || { cat "$work/stderr" >&2 && return 2; }
		local ms=$((($(date +%s%N) - start) / 1000000))
		[ -n "$best" ] && [ "$best" -le "$ms" ] || best=$ms
	done
	echo "$best"
}

# kernel_types <most> <name> <patterns>: a row; more ms than most count.
kernel_types() {
	local dir=$work/kernel
	mkdir -p "$dir"
	local generate=$(least "$runs" "$work/bpfgen" types -no-typecheck -go-package kernel -ident Kernel -output-dir "$dir" -type "$3" /sys/kernel/btf/vmlinux)
	local compile=$(least "$runs" go tool compile -p kernel -importcfg "$work/importcfg" -o "$work/kernel.a" -c "$(nproc)" "$dir/kernel_types.go")
	echo "| $2 | $generate | $compile | $(wc -l <"$dir/kernel_types.go") | $(wc -c <"$dir/kernel_types.go") |"
	[ $((generate + compile)) -le "$1" ] || { echo "bench: $2: more than $1 ms" >&2 && slow=1; }
}

if [ -n "$kernel" ]; then
	go list -export -deps -f '{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}' ./typed/ctypes structs strconv net/netip >"$work/importcfg"
	echo '| types | generate ms | compile ms | lines | bytes |'
	echo '|---|--:|--:|--:|--:|'
	kernel_types 2000 "50 that people ask for" "$(grep -v '^#' .ci/bench/kernel-types.txt | xargs | tr ' ' ,)"
	kernel_types 1000000 all '*'
	exit $slow
fi

echo '| input | bpfgen wall ms | bpf2go wall ms | ratio | bpfgen CPU ms | bpf2go CPU ms | ratio |'
echo '|---|---|---|---|---|---|---|'
if [ -n "$all" ]; then
	for dir in golden/*/; do
		case=$(basename "$dir")
		object=$(find "$dir" -maxdepth 1 -name "*_bpfel.o" -printf "%f\n" | sort | head -1)
		[ -n "$object" ] && both "$case" "${object#./}" || continue
		from_object "$case" "${object#./}"
		[ -f "golden/$case/case.txt" ] || from_c "$case" # others need flags
	done
	exit $slow
fi
from_object counter counter_bpfel.o
from_object scalars scalars_bpfel.o
from_object sections-all sectionsall_bpfel.o
from_c counter
from_c scalars

echo
"$work/compile" -n 5 -bpfgen "$work/bpfgen" -bpf2go "$work/bpf2go" -cc "$clang"
