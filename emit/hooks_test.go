package emit

import (
	"go/ast"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/cilium/ebpf"
)

// Every row of libbpf's table has a kind, every kind is a Go type of package
// typed, a golden case has a program of every row, and nothing is in the table
// that is not in libbpf's.
func TestEverySectionHasAHook(t *testing.T) {
	types := typedTypes(t)
	source := readFile(t, "../golden/sections-all/sections-all.c")
	seen := make(map[string]bool)
	for _, def := range btfparse.SectionDefs() {
		if section := strings.TrimSuffix(def.Prefix, "+"); !strings.Contains(source, `"`+section+`"`) {
			t.Errorf("SEC(%q): golden/sections-all has no such program", section)
		}
		kind, ok := hookKinds[def.Prefix]
		if !ok {
			t.Errorf("SEC(%q) has no hook", def.Prefix)
			continue
		}
		seen[def.Prefix] = true
		if !types[kind] {
			t.Errorf("package typed has no type %s", kind)
		}
	}
	for prefix := range hookKinds {
		if !seen[prefix] {
			t.Errorf("SEC(%q) is none of libbpf's", prefix)
		}
	}
}

// Every kind that attaches by netlink is that of a section.
func TestEveryNetlinkKindHasASection(t *testing.T) {
	used := make(map[string]bool)
	for _, kind := range hookKinds {
		used[kind] = true
	}
	for _, kind := range slices.Sorted(maps.Keys(netlinkKinds)) {
		if !used[kind] {
			t.Errorf("kind %s is that of no section", kind)
		}
	}
}

// typedTypes are the exported types of package typed.
func typedTypes(t *testing.T) map[string]bool {
	t.Helper()
	types := make(map[string]bool)
	eachTyped(t, func(spec *ast.TypeSpec) { types[spec.Name.Name] = true })
	return types
}

// attachTypesWithoutSection are those that no SEC() stands for, and why.
var attachTypesWithoutSection = map[btfparse.AttachType]string{
	btfparse.AttachPerfEvent: "only links of perf events have it, the programs are loaded without one",
	btfparse.AttachStructOps: "only links of struct_ops maps have it",
}

// Every program type and every attach type of the kernel, and of the library,
// is that of a section or has a reason.
func TestEveryTypeHasAHook(t *testing.T) {
	progs := map[btfparse.ProgType]bool{}
	attach := map[btfparse.AttachType]bool{}
	for _, def := range btfparse.SectionDefs() {
		progs[def.Type], attach[def.AttachType] = true, true
	}
	for _, p := range append(btfparse.ProgTypes(), libraryProgTypes()...) {
		if !progs[p] {
			t.Errorf("program type %s is that of no section", p)
		}
	}
	for _, a := range append(btfparse.AttachTypes(), libraryAttachTypes()...) {
		reason := attachTypesWithoutSection[a]
		if attach[a] == (reason != "") {
			t.Errorf("attach type %s: of a section: %v, reason for none: %q", a, attach[a], reason)
		}
	}
}

// libraryProgTypes are those of cilium/ebpf.
func libraryProgTypes() []btfparse.ProgType {
	var types []btfparse.ProgType
	for p := ebpf.SocketFilter; !strings.Contains(p.String(), "("); p++ {
		types = append(types, btfparse.ProgType(p))
	}
	return types
}

// libraryAttachTypes are those of cilium/ebpf.
func libraryAttachTypes() []btfparse.AttachType {
	var types []btfparse.AttachType
	for a := ebpf.AttachNone; !strings.Contains(a.String(), "("); a++ {
		types = append(types, btfparse.AttachType(a))
	}
	return types
}

func TestHookOf(t *testing.T) {
	for _, test := range []struct {
		prefix, kind string
		known        bool
	}{
		{"xdp", "XDP", true},
		{"kprobe+", "Kprobe", true},
		{"cgroup/skb", "CgroupSKBAny", true},
		{"", "Generic", false},
	} {
		h, known := HookOf(&btfparse.Program{Prefix: test.prefix})
		if h.Kind != test.kind || known != test.known {
			t.Errorf("HookOf(%q) = %s, %v; want %s, %v", test.prefix, h.Kind, known, test.kind, test.known)
		}
	}
}
