// Package kprobe is what the harness proves itself with: a program that needs
// a kernel the host need not be.
package kprobe

import (
	"os"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/rlimit"
)

// TestKprobe counts calls of the kernel function behind getpgid(2), which
// nothing else in the guest calls.
func TestKprobe(t *testing.T) {
	if err := rlimit.RemoveMemlock(); err != nil { // 5.10 charges maps to it
		t.Fatal(err)
	}
	counter := newCounter(t)
	prog, err := ebpf.NewProgram(&ebpf.ProgramSpec{
		Type:         ebpf.Kprobe,
		License:      "GPL",
		Instructions: count(counter),
	})
	if err != nil {
		t.Fatal(err)
	}
	defer prog.Close()
	l, err := link.Kprobe("__x64_sys_getpgid", prog, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	const calls = 3
	for range calls {
		getpgid()
	}
	var n uint64
	if err := counter.Lookup(uint32(0), &n); err != nil {
		t.Fatal(err)
	}
	if n != calls {
		t.Errorf("counted %d calls, made %d", n, calls)
	}
	t.Logf("HOOK kprobe loaded=yes attached=yes fired=%d", n)
}

// TestSurroundings is about what the harness promises its tests.
func TestSurroundings(t *testing.T) {
	if os.Getenv("BPFGEN_KERNEL") == "" {
		t.Error("BPFGEN_KERNEL is not set")
	}
	if b, err := os.ReadFile("testdata/greeting"); err != nil || string(b) != "hello\n" {
		t.Errorf("testdata: %q, %v", b, err)
	}
	for _, file := range []string{
		"/sys/kernel/btf/vmlinux", "/sys/kernel/tracing/events", "/sys/kernel/debug/tracing", "/sys/kernel/security/lsm",
		"/sys/fs/cgroup/cgroup.controllers", "/sys/fs/bpf", "/proc/self", "/dev/null", "/bin/ip",
		"/sys/module/sch_ingress", "/sys/module/cls_bpf", "/sys/module/act_bpf", "/sys/module/veth",
		"/sys/module/nf_defrag_ipv4", "/sys/module/nf_defrag_ipv6",
	} {
		if _, err := os.Stat(file); err != nil {
			t.Error(err)
		}
	}
}

func newCounter(t *testing.T) *ebpf.Map {
	t.Helper()
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m
}

// count adds one to the only element of m.
func count(m *ebpf.Map) asm.Instructions {
	return asm.Instructions{
		asm.StoreImm(asm.RFP, -4, 0, asm.Word),
		asm.LoadMapPtr(asm.R1, m.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "out"),
		asm.Mov.Imm(asm.R1, 1),
		asm.AddAtomic.Mem(asm.R0, asm.R1, asm.DWord, 0),
		asm.Mov.Imm(asm.R0, 0).WithSymbol("out"),
		asm.Return(),
	}
}
