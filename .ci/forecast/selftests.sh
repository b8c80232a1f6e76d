#!/usr/bin/env bash
# Builds the BPF programs of the kernel's selftests, of Debian's package
# linux-source-6.12, as their Makefile does, into DIR/objects. They are split into
# two sets by a checksum of their names: the rules of package forecast were made
# with selftests-a in view, selftests-b shows how good they are on others.
#
# Left out are those that take a verifier minutes (pyperf*, strobemeta*, loop*, …)
# and what clang cannot compile.
#
#   .ci/forecast/selftests.sh DIR
set -euo pipefail
dir=$(realpath "$1")
package=linux-source-6.12
source=$dir/$package
btf=$dir/vmlinux.btf
headers=$dir/headers

# unpack has the sources from APT, without installing them.
unpack() {
	[ ! -d "$source/tools/testing/selftests/bpf" ] || return 0
	local tmp
	tmp=$(mktemp -d "$dir/unpack-XXXXXX")
	(cd "$tmp" && apt-get -q -o APT::Sandbox::User=root download "$package" bpftool >/dev/null)
	for deb in "$tmp"/*.deb; do dpkg-deb -x "$deb" "$tmp"; done
	tar -xJf "$tmp/usr/src/$package.tar.xz" -C "$dir" --wildcards \
		'*/tools/testing/selftests/bpf/*' '*/tools/lib/bpf/*' '*/tools/include/*' '*/include/uapi/*' '*/scripts/bpf_doc.py'
	install -m 755 "$tmp/usr/sbin/bpftool" "$dir/bpftool"
	rm -rf "$tmp"
}

# prepare makes what the kernel's build makes: vmlinux.h, here of the kernel that
# the harness boots, and bpf_helper_defs.h.
prepare() {
	mkdir -p "$headers/bpf"
	cp "$source"/tools/lib/bpf/*.h "$headers/bpf"
	python3 "$source/scripts/bpf_doc.py" --header --file "$source/tools/include/uapi/linux/bpf.h" >"$headers/bpf/bpf_helper_defs.h"
	go run ./.ci/forecast -btf 6.12 >"$btf"
	"$dir/bpftool" btf dump file "$btf" format c >"$headers/vmlinux.h"
}

compile() {
	clang-19 -target bpfel -g -O2 -mcpu=v3 -std=gnu11 -fno-strict-aliasing -w -D__TARGET_ARCH_x86 -DENABLE_ATOMICS_TESTS \
		-I"$headers" -I. -I"$source/tools/include/uapi" -I"$source/tools/include" \
		-idirafter "$(clang-19 -print-resource-dir)/include" -idirafter "/usr/include/$(gcc -dumpmachine)" -idirafter /usr/include \
		-c "$1" -o "$2" 2>/dev/null && llvm-strip-19 -g "$2"
}

setOf() { (($(printf %s "$1" | cksum | cut -d' ' -f1) % 2)) && echo selftests-b || echo selftests-a; }

unpack
prepare
cd "$source/tools/testing/selftests/bpf"
for file in progs/*.c; do
	name=$(basename "$file" .c)
	case $name in
	pyperf* | strobemeta* | core_kern* | loop[0-9]* | test_verif_scale* | netif_receive_skb | *_scale* | profiler* | test_sysctl_loop*) continue ;;
	esac
	compile "$file" "$dir/objects/$(setOf "$name"):$name.o" || echo "not compiled: $name"
done
