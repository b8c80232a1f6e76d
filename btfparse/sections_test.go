package btfparse

import (
	"os"
	"strings"
	"testing"
)

// testdata/sec_prefixes.txt are the prefixes of libbpf's section_defs.
func TestSectionTableIsLibbpfs(t *testing.T) {
	text, err := os.ReadFile("testdata/sec_prefixes.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Fields(string(text))
	defs := SectionDefs()
	if len(defs) != len(want) || len(want) < 116 {
		t.Fatalf("%d rows, libbpf has %d", len(defs), len(want))
	}
	for i, def := range defs {
		if def.Prefix != want[i] {
			t.Errorf("row %d is %q, libbpf has %q", i, def.Prefix, want[i])
		}
		if def.Type == ProgUnspec {
			t.Errorf("%q has no program type", def.Prefix)
		}
		if sleepable := strings.Contains(def.Prefix, ".s+") || def.Prefix == "syscall"; def.Sleepable != sleepable {
			t.Errorf("%q: sleepable is %v", def.Prefix, def.Sleepable)
		}
		if frags := strings.HasPrefix(def.Prefix, "xdp.frags"); def.Frags != frags {
			t.Errorf("%q: frags is %v", def.Prefix, def.Frags)
		}
	}
}

func TestSectionMatching(t *testing.T) {
	for _, c := range []struct {
		section, libbpf, cilium, target string
	}{
		{"xdp", "xdp", "xdp", ""},
		{"xdp_prog1", "", "xdp", ""},
		{"xdp/devmap", "xdp/devmap", "xdp/devmap", ""},
		{"xdp.frags", "xdp.frags", "xdp.frags", ""},
		{"kprobe", "kprobe+", "kprobe+", ""},
		{"kprobe/tcp_connect", "kprobe+", "kprobe+", "tcp_connect"},
		{"kprobe.multi/tcp_*", "kprobe.multi+", "kprobe.multi+", "tcp_*"},
		{"kprobe_tcp", "", "", ""},
		{"uprobe//lib/libc.so.6:malloc", "uprobe+", "uprobe+", "/lib/libc.so.6:malloc"},
		{"tp/sched/sched_switch", "tp+", "tp+", "sched/sched_switch"},
		{"tp.s/sched/sched_switch", "tp.s+", "", "sched/sched_switch"},
		{"fentry.multi.s/x", "fentry.multi.s+", "", "x"},
		{"tc", "tc", "tc", ""},
		{"tcx/ingress", "tcx/ingress", "tcx/ingress", ""},
		{"classifier/garbage", "", "classifier", ""},
		{"socket/2", "", "socket", ""},
		{"cgroup/sock", "cgroup/sock", "cgroup/sock", ""},
		{"cgroup/sock_release", "cgroup/sock_release", "cgroup/sock_release", ""},
		{"cgroup_skb/egress/x", "", "cgroup_skb/egress", ""},
		{"sk_skb/verdict", "sk_skb/verdict", "sk_skb/verdict", ""},
		{"struct_ops/init", "struct_ops+", "struct_ops+", ""},
		{"struct_ops.s/init", "struct_ops.s+", "struct_ops.s+", ""},
		{"other", "", "", ""},
		{"", "", "", ""},
	} {
		libbpf, _ := libbpfSection(c.section)
		cilium, _ := ciliumSection(c.section)
		if libbpf.Prefix != c.libbpf || cilium.Prefix != c.cilium {
			t.Errorf("SEC(%q): libbpf takes %q, cilium/ebpf %q; want %q and %q", c.section, libbpf.Prefix, cilium.Prefix, c.libbpf, c.cilium)
		}
		if got := libbpf.target(c.section); got != c.target {
			t.Errorf("SEC(%q): target %q, want %q", c.section, got, c.target)
		}
	}
}

// Every row must find itself, by both rules, and not an earlier row.
func TestEveryPrefixFindsItsRow(t *testing.T) {
	for _, def := range SectionDefs() {
		for _, section := range []string{strings.TrimSuffix(def.Prefix, "+"), strings.Replace(def.Prefix, "+", "/x", 1)} {
			if got, ok := libbpfSection(section); !ok || got != def {
				t.Errorf("SEC(%q): libbpf's rule gives %q", section, got.Prefix)
			}
			if got, ok := ciliumSection(section); ok == def.NotInCilium || ok && got != def {
				t.Errorf("SEC(%q): cilium/ebpf's rule gives %q", section, got.Prefix)
			}
		}
	}
}
