#!/usr/bin/env bash
# Installs from Debian's packages what the tests need. Asks nothing, changes
# nothing when all is there, and then takes a second.
set -euo pipefail

packages=(
	clang-19 llvm-19       # the objects of golden/ and examples/, bit for bit
	gcc libc6-dev          # go test -race
	make                   # the Makefile of docs/cookbook.md
	libbpf-dev             # headers (with linux-libc-dev) for C that includes <bpf/…>
	libbpf-tools           # 52 objects of other people, inside executables
	qemu-system-x86        # virtual machines with Debian's kernels
	qemu-user-static       # test binaries for other byte orders and word sizes
	busybox-static         # the guests' shell and ip
	iproute2               # tests of tc and network namespaces
	util-linux             # unshare
	xz-utils               # compressed kernel modules
	chromium               # pages of bpfgen inspect -html
	zsh fish               # completion; bash is there
)

missing=()
for p in "${packages[@]}"; do
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$p" 2>/dev/null)" = installed ] || missing+=("$p")
done
if [ ${#missing[@]} -eq 0 ]; then
	exit 0
fi
if [ "$(id -u)" != 0 ]; then
	echo "setup.sh: not root; missing packages: ${missing[*]}" >&2
	exit 1
fi
export DEBIAN_FRONTEND=noninteractive
apt=(apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
"${apt[@]}" update </dev/null
"${apt[@]}" install --no-install-recommends "${missing[@]}" </dev/null
