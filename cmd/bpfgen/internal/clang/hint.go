package clang

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/bpfgen/bpfgen/internal/lazyregexp"
)

// notFound is what clang says of a header that it does not find.
var notFound = lazyregexp.New(`fatal error: '([^']+)' file not found`)

// systemIncludes is where Debian and its kin keep, in a directory for each
// architecture, headers that clang finds by itself only when it compiles for
// this machine.
const systemIncludes = "/usr/include"

// hint is what to do about a header that the compiler did not find, as the end
// of a sentence; empty where nothing is known about it.
func hint(messages, includes string) string {
	m := notFound().FindStringSubmatch(messages)
	if m == nil {
		return ""
	}
	header := m[1]
	dirs, _ := filepath.Glob(filepath.Join(includes, "*-linux-gnu*", header))
	switch {
	case len(dirs) > 0:
		dir := strings.TrimSuffix(dirs[0], "/"+header)
		return fmt.Sprintf("; %s is in %s: add -I%s behind --, or to -cflags or BPF2GO_CFLAGS", header, dir, dir)
	case header == "vmlinux.h":
		return "; make vmlinux.h with: bpftool btf dump file /sys/kernel/btf/vmlinux format c > vmlinux.h"
	case strings.HasPrefix(header, "bpf/"):
		return fmt.Sprintf("; %s belongs to libbpf: install its headers (Debian: libbpf-dev), or add -I and their directory behind --", header)
	}
	return ""
}
