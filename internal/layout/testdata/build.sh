#!/usr/bin/env bash
# Compiles types.c with all compilers that Debian 12 has, in the ways in which
# what they write differs, and links it. The objects are committed: tests need
# none of these compilers.
#
# Needs clang-14, clang-15, clang-16, clang-19, llvm-19 and bpftool.
set -euo pipefail
cd "$(dirname "$0")"

rm -f ./*.o
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# compile <object> <compiler> <flags…>
compile() {
	local object=$1 compiler=$2
	shift 2
	"$compiler" -O2 -mcpu=v1 -g -fno-ident -fdebug-compilation-dir=. -Wall -Wno-visibility "$@" -c types.c -o "$object"
	llvm-strip-19 -g "$object"
}

for version in 14 15 16 19; do
	compile "clang$version.o" "clang-$version" -target bpfel
done
compile clang14-unsigned-char.o clang-14 -target bpfel -funsigned-char
compile clang19-unsigned-char.o clang-19 -target bpfel -funsigned-char
compile clang16-c2x.o clang-16 -target bpfel -std=c2x
compile clang19-c23.o clang-19 -target bpfel -std=c23
compile clang19-bpfeb.o clang-19 -target bpfeb

# Linking makes one of types that several objects have, in another order, and
# completes forward declarations.
for version in 14 19; do
	compile "$work/first.o" "clang-$version" -target bpfel
	compile "$work/second.o" "clang-$version" -target bpfel -DSECOND
	bpftool gen object "clang$version-linked.o" "$work/second.o" "$work/first.o"
done
