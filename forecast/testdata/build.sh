#!/usr/bin/env bash
# Builds the objects of the tests. They are committed; a test compares them with
# what this gives.
#
#   forecast/testdata/build.sh DIR
set -euo pipefail
out=$(realpath "${1:-$(dirname "$0")}")
cd "$(dirname "$0")"
for target in bpfel bpfeb; do
	"${CLANG:-clang-19}" -target $target -O2 -mcpu=v3 -g -fno-ident -fdebug-compilation-dir . -Wall -Werror -Wno-unused-function \
		-Wno-gnu-variable-sized-type-not-at-end -c programs.c -o "$out/programs_$target.o"
	"${LLVM_STRIP:-llvm-strip-19}" -g "$out/programs_$target.o"
done
