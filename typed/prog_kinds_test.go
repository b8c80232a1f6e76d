package typed

import (
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit"
	"github.com/cilium/ebpf"
)

// allKinds is a program of every kind.
var allKinds = []programHandle{
	new(Kprobe), new(Kretprobe), new(Ksyscall), new(Kretsyscall), new(KprobeMulti), new(KretprobeMulti), new(KprobeSession),
	new(Uprobe), new(Uretprobe), new(UprobeMulti), new(UretprobeMulti), new(UprobeSession), new(USDT),
	new(Tracepoint), new(RawTracepoint), new(RawTracepointWritable),
	new(TPBTF), new(Fentry), new(Fexit), new(FmodRet), new(Fsession), new(FentryMulti), new(FexitMulti), new(FsessionMulti),
	new(Freplace), new(LSM), new(LSMCgroup), new(Iter),
	new(XDP), new(XDPDevMap), new(XDPCPUMap), new(TC), new(TCX), new(Netkit), new(SchedAct), new(Netfilter),
	new(CgroupSKB), new(CgroupSKBAny), new(CgroupSock), new(CgroupSockAddr), new(CgroupSysctl), new(CgroupSockopt), new(CgroupDevice), new(SockOps),
	new(SocketFilter), new(SkReuseport), new(SkMsg), new(SkSKB), new(SkSKBAny), new(SkLookup), new(FlowDissector),
	new(PerfEvent), new(LWTIn), new(LWTOut), new(LWTXmit), new(LWTSeg6Local), new(LircMode2),
	new(StructOpsProgram), new(Syscall), new(Generic),
}

// A program of every section is of the kind that the generator takes for it,
// and of no other.
func TestKindsOfSections(t *testing.T) {
	seen := make(map[string]bool)
	for _, h := range allKinds {
		if seen[h.kind().name] {
			t.Errorf("two kinds are called %s", h.kind().name)
		}
		seen[h.kind().name] = true
	}
	for _, def := range btfparse.SectionDefs() {
		hook, _ := emit.HookOf(&btfparse.Program{Prefix: def.Prefix})
		if !seen[hook.Kind] {
			t.Errorf("SEC(%q) is a %s, which there is not", def.Prefix, hook.Kind)
		}
		for _, section := range sectionsOf(def) {
			spec := sectionSpec(t, section, nil)
			fixSection(spec)
			for _, h := range allKinds {
				k := h.kind()
				if k == &kindGeneric {
					continue
				}
				if err := k.check(spec); (err == nil) != (k.name == hook.Kind) {
					t.Errorf("SEC(%q) as a %s: %v", section, k.name, err)
				}
			}
		}
	}
}

// sectionsOf are the ways to write a section.
func sectionsOf(def btfparse.SectionDef) []string {
	name, more := strings.CutSuffix(def.Prefix, "+")
	if !more {
		return []string{name, "?" + name}
	}
	return []string{name, name + "/a/b:c", "?" + name + "/a"}
}

// What the library does not know is set right, and nothing else is touched.
func TestFixSection(t *testing.T) {
	for _, def := range btfparse.SectionDefs() {
		name := strings.TrimSuffix(def.Prefix, "+")
		spec := &ebpf.ProgramSpec{SectionName: "?" + name + "/sched/sched_switch"}
		fixSection(spec)
		if !def.NotInCilium {
			if spec.Type != ebpf.UnspecifiedProgram {
				t.Errorf("SEC(%q), which the library knows, was changed", name)
			}
			continue
		}
		if uint32(spec.Type) != uint32(def.Type) || uint32(spec.AttachType) != uint32(def.AttachType) {
			t.Errorf("SEC(%q): type %d, attach type %d", name, spec.Type, spec.AttachType)
		}
		if (spec.Flags&progSleepable != 0) != def.Sleepable {
			t.Errorf("SEC(%q): flags %#x", name, spec.Flags)
		}
		if spec.AttachTo != "sched/sched_switch" {
			t.Errorf("SEC(%q): target %q", name, spec.AttachTo)
		}
	}
}

func TestSetTarget(t *testing.T) {
	load := func(section string, set func(*CollectionSpec)) error {
		spec := sectionSpec(t, section, countHit(0))
		cs := testSpec(map[string]*ebpf.ProgramSpec{progName: spec})
		set(cs)
		done, err := (*specCore)(cs).enterTargets(cs.Spec)
		if err != nil {
			return err
		}
		defer done()
		_, err = (*specCore)(cs).unloadable(cs.Spec)
		return err
	}
	var fentry *ProgramSpec[Fentry]
	var freplace *ProgramSpec[Freplace]
	var lsmCgroup *ProgramSpec[LSMCgroup]
	var xdp *ProgramSpec[XDP]
	for _, test := range []struct {
		name, section string
		set           func(*CollectionSpec)
		want          string // part of the error, empty for none
	}{
		{"bare fentry", "fentry", func(*CollectionSpec) {}, "SetTarget"},
		{"fentry with a target", "fentry", func(c *CollectionSpec) {
			bindProgramSpec(c, &fentry, progName)
			fentry.SetTarget("vfs_open")
		}, ""},
		{"freplace without a program", "freplace/f", func(*CollectionSpec) {}, "SetTarget"},
		{"freplace with half a target", "freplace", func(c *CollectionSpec) {
			bindProgramSpec(c, &freplace, progName)
			freplace.SetTarget("f")
		}, "SetTargetProgram"},
		{"XDP with a target", "xdp", func(c *CollectionSpec) {
			bindProgramSpec(c, &xdp, progName)
			xdp.SetTarget("eth0")
		}, "it needs an interface"},
		{"XDP in another program", "xdp", func(c *CollectionSpec) {
			bindProgramSpec(c, &xdp, progName)
			xdp.SetTargetProgram(nil, "f")
		}, "cannot go to another BPF program"},
		{"freplace in a program that is not loaded", "freplace", func(c *CollectionSpec) {
			bindProgramSpec(c, &freplace, progName)
			freplace.SetTargetProgram(new(XDP), "f")
		}, "not loaded"},
		{"freplace in no program", "freplace", func(c *CollectionSpec) {
			bindProgramSpec(c, &freplace, progName)
			freplace.SetTargetProgram(nil, "f")
		}, "not loaded"},
		{"bare fsession", "fsession", func(*CollectionSpec) {}, "SetTarget"},
		{"bare lsm_cgroup", "lsm_cgroup", func(*CollectionSpec) {}, "SetTarget"},
		{"lsm_cgroup with a target", "lsm_cgroup", func(c *CollectionSpec) {
			bindProgramSpec(c, &lsmCgroup, progName)
			lsmCgroup.SetTarget("socket_bind")
		}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := load(test.section, test.set)
			if (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// KindNames are the Go types of allKinds, for the tests outside of the package.
func KindNames() (names []string) {
	for _, h := range allKinds {
		names = append(names, h.kind().name)
	}
	return names
}
