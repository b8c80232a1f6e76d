#!/usr/bin/env bash
# Runs the go:generate lines of the examples with the one compiler that their
# objects are committed from, so that the bytes can be compared.
#
#   examples/build.sh          go generate
#   examples/build.sh -check   generates into a temporary directory and fails if
#                              a committed file differs, is missing or is left over
#
# CLANG names another clang of the same version.
set -euo pipefail
cd "$(dirname "$0")"

clang=${CLANG:-clang-19}
# Debian's 1:19.1.7: other releases of LLVM 19 may draw other instructions.
want=19.1.7

say() { printf '%s\n' "examples/build.sh: $*" >&2; }

version=$("$clang" --version | sed -n '1s/.*clang version \([0-9.]*\).*/\1/p')
if [ "$version" != "$want" ]; then
	say "clang $want is needed, $clang is ${version:-something else}; objects of another version differ"
	exit 2
fi

if [ "${1-}" != -check ]; then
	go generate ./...
	exit
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
bpfgen=${BPFGEN:-$work/bpfgen}
[ -n "${BPFGEN-}" ] || go build -o "$bpfgen" ../cmd/bpfgen

# The line that makes the files of an example, but for the program to run.
line='//go:generate go run github.com/bpfgen/bpfgen/cmd/bpfgen '

# generated <directory> lists what bpfgen writes, by its names.
generated() {
	(cd "$1" && ls) | grep -E '_(types|maps|bpfgen|bpfel|bpfeb)\.(go|o)$' || true
}

differ=0 examples=0
for main in */main.go start/*/main.go; do
	example=${main%/main.go}
	arguments=$(sed -n "s|^$line||p" "$main")
	[ -n "$arguments" ] || { say "$main has no line $line…" && differ=1 && continue; }
	mkdir -p "$work/$example"
	(
		cd "$example"
		eval "set -- $arguments"
		GOPACKAGE=main GOFILE=main.go "$bpfgen" -output-dir "$work/$example" "$@"
	)
	for file in $( (generated "$example" && generated "$work/$example") | sort -u); do
		cmp -s "$example/$file" "$work/$example/$file" ||
			{ say "examples/$example/$file is not what its source gives" && differ=1; }
	done
	examples=$((examples + 1))
done
[ $examples -gt 0 ] || { say "no examples" && differ=1; }
say "$examples examples compared"
exit $differ
