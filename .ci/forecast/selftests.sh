#!/usr/bin/env bash
# Builds the BPF programs of the kernel's selftests as their Makefile does, into
# DIR/objects, in three sets:
#
#   selftests-a, -b   of Debian's package linux-source-6.12, split by a checksum of
#                     their names: the rules of package forecast were made with a in
#                     view, and mended once after b was measured
#   selftests-c       of those that came after 6.12, out of the sources of the newest
#                     kernel that .ci/kernels boots: measured when the rules were done
#
# Each has a hundred, in the order of the checksum. With ALL=1 a and b are whole.
#
# Left out are those that take a verifier minutes (pyperf*, strobemeta*, loop*, …)
# and what clang cannot compile.
#
#   .ci/forecast/selftests.sh DIR
set -euo pipefail
dir=$(realpath "$1")
cache=$(dirname "$dir")
old=6.12
new=$(sed -n 's/.*"Series": "\(.*\)".*/\1/p' "$cache/newest.json")
suite=$(sed -n 's/.*"Suite": "\(.*\)".*/\1/p' "$cache/newest.json")
sample=100
[ -z "${ALL:-}" ] || sample=1000

source_of() { echo "$dir/linux-source-$1"; }
progs_of() { echo "$(source_of "$1")/tools/testing/selftests/bpf/progs"; }

# apt_options are those with which .ci/kernels found the newest kernel.
apt_options() {
	local at=$cache/apt/$suite
	printf '%s\n' -q -o APT::Sandbox::User=root
	[ "$1" != "$new" ] || printf '%s\n' -o "Dir::State=$at/state" -o "Dir::Cache=$at/cache" -o "Dir::Etc::sourcelist=$at/suite.sources" -o Dir::Etc::sourceparts=/dev/null
}

# unpack SERIES has the sources from APT, without installing them.
unpack() {
	[ ! -d "$(progs_of "$1")" ] || return 0
	local tmp options
	mapfile -t options < <(apt_options "$1")
	tmp=$(mktemp -d "$dir/unpack-XXXXXX")
	(cd "$tmp" && apt-get "${options[@]}" download "linux-source-$1" >/dev/null)
	dpkg-deb -x "$tmp"/*.deb "$tmp"
	tar -xJf "$tmp/usr/src/linux-source-$1.tar.xz" -C "$dir" --wildcards \
		'*/tools/testing/selftests/bpf/*' '*/tools/lib/bpf/*' '*/tools/include/*' '*/include/uapi/*' '*/scripts/bpf_doc.py'
	rm -rf "$tmp"
}

# tool unpacks bpftool, which need not be installed.
tool() {
	[ ! -x "$dir/bpftool" ] || return 0
	local tmp
	tmp=$(mktemp -d "$dir/unpack-XXXXXX")
	(cd "$tmp" && apt-get -q -o APT::Sandbox::User=root download bpftool >/dev/null)
	dpkg-deb -x "$tmp"/*.deb "$tmp"
	install -m 755 "$tmp/usr/sbin/bpftool" "$dir/bpftool"
	rm -rf "$tmp"
}

headers_of() { echo "$dir/headers-$1"; }

# prepare SERIES makes what the kernel's build makes: vmlinux.h, here of the kernel
# that the harness boots, and bpf_helper_defs.h.
prepare() {
	local source headers
	source=$(source_of "$1") headers=$(headers_of "$1")
	mkdir -p "$headers/bpf"
	cp "$source"/tools/lib/bpf/*.h "$headers/bpf"
	python3 "$source/scripts/bpf_doc.py" --header --file "$source/tools/include/uapi/linux/bpf.h" >"$headers/bpf/bpf_helper_defs.h"
	go run ./.ci/forecast -btf "$1" >"$dir/vmlinux.btf"
	"$dir/bpftool" btf dump file "$dir/vmlinux.btf" format c >"$headers/vmlinux.h"
}

# compile SERIES FILE OBJECT
compile() {
	local source headers
	source=$(source_of "$1") headers=$(headers_of "$1")
	clang-19 -target bpfel -g -O2 -mcpu=v3 -std=gnu11 -fno-strict-aliasing -fms-extensions -w -D__TARGET_ARCH_x86 -DENABLE_ATOMICS_TESTS \
		-I"$headers" -I. -I"$source/tools/include/uapi" -I"$source/tools/include" \
		-idirafter "$(clang-19 -print-resource-dir)/include" -idirafter "/usr/include/$(gcc -dumpmachine)" -idirafter /usr/include \
		-c "$2" -o "$3" 2>/dev/null && llvm-strip-19 -g "$3"
}

checksum() { printf %s "$1" | cksum | cut -d' ' -f1; }

names_of() {
	local file
	for file in "$(progs_of "$1")"/*.c; do
		case $(basename "$file" .c) in
		pyperf* | strobemeta* | core_kern* | loop[0-9]* | test_verif_scale* | netif_receive_skb | *_scale* | profiler* | test_sysctl_loop* | verifier_loops* | verifier_liveness_exp) ;;
		*) basename "$file" .c ;;
		esac
	done | sort
}

# build SET SERIES builds of the names on standard input, in the order of their
# checksums, those that compile, until there are enough.
build() {
	local name built=0
	cd "$(progs_of "$2")/.."
	while read -r name; do
		((built < sample)) || break
		if [ -e "$dir/objects/$1:$name.o" ] || compile "$2" "progs/$name.c" "$dir/objects/$1:$name.o"; then
			built=$((built + 1))
		else
			echo "not compiled: $name of $2"
		fi
	done < <(while read -r name; do echo "$(checksum "$name") $name"; done | sort -n | cut -d' ' -f2)
	echo "$1: $built objects"
}

# half SET gives the names of a set of the old series.
half() {
	local name set
	for name in $(names_of $old); do
		if (($(checksum "$name") % 2)); then set=selftests-b; else set=selftests-a; fi
		if [ "$set" = "$1" ]; then echo "$name"; fi
	done
}

tool
for series in $old "$new"; do
	unpack "$series"
	prepare "$series"
done
for set in selftests-a selftests-b; do
	half $set | (build $set $old)
done
comm -13 <(names_of $old) <(names_of "$new") | (build selftests-c "$new")
