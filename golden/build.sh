#!/usr/bin/env bash
# Builds the objects of the golden cases with the one compiler that they are
# committed from, so that the bytes can be compared.
#
#   golden/build.sh            rebuilds every object in place
#   golden/build.sh -check     rebuilds into a temporary directory and fails if
#                              a committed object differs, is missing or is left over
#   golden/build.sh case…      the named cases only
#
# A case is a directory with <case>/<case>.c. Its case.txt may have the lines
#   cflags: …     more flags for clang, after the defaults
#   targets: …    instead of "bpfel bpfeb"; a GOARCH stands for its own target
#   ident: …      instead of the case's name in CamelCase
# (the other lines are for the test). names.txt renames what C cannot name.
set -euo pipefail
cd "$(dirname "$0")"

clang=${CLANG:-clang-19}
strip=${LLVM_STRIP:-llvm-strip-19}
# Debian's 1:19.1.7: other releases of LLVM 19 may draw other instructions.
want=19.1.7

# bpf2go's flags (cilium/ebpf v0.22.0, cmd/bpf2go/gen/compile.go): no compiler
# version, no directory of this machine in the object.
flags=(-O2 -mcpu=v1 -g -fno-ident -fdebug-compilation-dir . -Wall -Werror
	-Wno-unused-variable -Wno-unused-function -Wno-unused-const-variable -Wno-compare-distinct-pointer-types)

say() { printf '%s\n' "golden/build.sh: $*" >&2; }

version=$("$clang" --version | sed -n '1s/.*clang version \([0-9.]*\).*/\1/p')
say "clang $version"
if [ "$version" != "$want" ]; then
	say "clang $want is needed; objects of another version differ"
	exit 2
fi

# option <case> <key>: the value of a line of case.txt, or nothing.
option() {
	[ ! -f "$1/case.txt" ] || sed -n "s/^$2: *//p" "$1/case.txt"
}

# stem <case>: what the file names begin with: the ident in lower case.
stem() {
	local ident
	ident=$(option "$1" ident)
	printf '%s' "${ident:-${1//-/}}" | tr '[:upper:]' '[:lower:]'
}

# The suffix, clang's target and libbpf's __TARGET_ARCH_ of a target (bpf2go's table).
target() {
	case $1 in
	bpfel | bpfeb) echo "$1 $1" ;;
	amd64 | 386) echo "x86_bpfel bpfel x86" ;;
	arm64) echo "arm64_bpfel bpfel arm64" ;;
	s390x) echo "s390_bpfeb bpfeb s390" ;;
	*) say "no target $1" && return 1 ;;
	esac
}

# build <case> <directory for the objects>
build() {
	local case=$1 out=$2 target suffix machine arch object
	local -a more
	read -ra more <<<"$(option "$case" cflags)"
	for target in $(t=$(option "$case" targets) && echo "${t:-bpfel bpfeb}"); do
		read -r suffix machine arch <<<"$(target "$target")"
		object=$out/$(stem "$case")_$suffix.o
		(cd "$case" && "$clang" "${flags[@]}" ${more[@]+"${more[@]}"} ${arch:+-D__TARGET_ARCH_$arch} \
			-target "$machine" -c "$case.c" -o "$object")
		"$strip" -g "$object"
		[ ! -f "$case/names.txt" ] || "$renamer" "$case/names.txt" "$object"
	done
}

check=
[ "${1-}" != -check ] || { check=1 && shift; }
cases=("$@")
if [ ${#cases[@]} -eq 0 ]; then
	for c in */; do
		c=${c%/}
		[ ! -f "$c/$c.c" ] || cases+=("$c")
	done
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
renamer=$work/rename
go build -o "$renamer" ./internal/rename

differ=0
for c in "${cases[@]}"; do
	mkdir "$work/$c"
	build "$c" "$work/$c"
	if [ -z "$check" ]; then
		rm -f "$c"/*.o
		cp "$work/$c"/*.o "$c"
		continue
	fi
	for o in $( (ls "$c" && ls "$work/$c") | grep '\.o$' | sort -u); do
		cmp -s "$c/$o" "$work/$c/$o" || { say "golden/$c/$o is not what its source gives" && differ=1; }
	done
done
say "${#cases[@]} cases$([ -z "$check" ] || echo ' compared')"
exit $differ
