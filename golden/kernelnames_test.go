package golden

// Names never move from kernel to kernel: what two of them have has one Go name,
// but for what ranks lower than something that only one of them has.
//
// testdata/kernels has types out of the BTF of Debian's cloud kernels, each with
// what it holds and without what it points to:
//
//	go test ./golden -run TestKernelNames -kernels DIR    makes them of DIR/*.btf

import (
	"bytes"
	"compress/gzip"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/emit"
	"github.com/bpfgen/bpfgen/internal/kernelbtf"
)

var kernelsFrom = flag.String("kernels", "", "rewrite testdata/kernels from the BTF files of this directory")

// askedTypes are what programs ask for most.
var askedTypes = []string{
	"task_struct", "sk_buff", "sock", "sock_common", "tcp_sock", "inet_sock", "net_device", "file", "inode", "dentry", "path", "mm_struct",
	"cred", "nsproxy", "pid", "cgroup", "css_set", "request", "bio", "page", "pt_regs", "iovec", "msghdr", "linux_binprm", "super_block",
	"trace_entry", "trace_event_raw_*", "bpf_attr", "bpf_map_info", "bpf_prog_info", "bpf_sock", "bpf_sock_ops", "bpf_iter__*", "__sk_buff",
	"xdp_md", "xdp_buff", "ethhdr", "iphdr", "ipv6hdr", "tcphdr", "udphdr", "in6_addr", "sockaddr_in", "sockaddr_in6", "timespec64",
	"perf_event_attr", "nlmsghdr", "user_namespace", "bpf_map_type", "bpf_prog_type",
}

// rivalTypes are those that clash on some kernels, and enumerators of enums
// without a name that do.
var rivalTypes = []string{
	"bpf_iter_task*", "devlink_port_type*", "Opt_uid", "Opt_err", "Opt_error", "Opt_dax", "RES_USAGE", "BRANCH", "REASON_TYPE", "res_*", "PT_GRANULE_LG2SZ", "attr_feature",
}

// kernelNames is the least that each two of the kernels share.
const kernelNames = 5000

// TestKernelNamesNeverMove compares each two kernels, alone and side by side, with
// all types and with those that are asked for.
func TestKernelNamesNeverMove(t *testing.T) {
	if *kernelsFrom != "" {
		writeKernels(t, *kernelsFrom)
	}
	kernels := readKernels(t)
	n := nameTest{T: t, name: "kernels", moved: make(map[string]bool)}
	for _, types := range [][]string{{"*"}, askedTypes} {
		n.opts = emit.Options{Package: "kernel", Ident: "Kernel", Types: types, TypesOnly: true}
		var names []map[string]string
		for i, k := range kernels {
			plan := n.plan([]emit.Target{k})
			if plan == nil {
				t.Fatalf("no plan for %s", k.Name)
			}
			names = append(names, plan.Names())
			for j, older := range kernels[:i] {
				if shared := n.same(older.Name+" and "+k.Name, names[j], names[i]); shared < kernelNames {
					t.Errorf("%s and %s share %d names, want at least %d", older.Name, k.Name, shared, kernelNames)
				}
			}
		}
		n.compare(kernels)
	}
	n.allMoved()
}

func readKernels(t *testing.T) []emit.Target {
	t.Helper()
	paths, err := filepath.Glob("testdata/kernels/*.btf.gz")
	if err != nil || len(paths) != 4 {
		t.Fatalf("%d kernels in testdata/kernels, want 4: %v", len(paths), err)
	}
	var kernels []emit.Target
	for _, path := range paths {
		packed, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(path), ".btf.gz")
		kernels = append(kernels, emit.Target{Name: name, Object: parseKernel(t, name, packed)})
	}
	return kernels
}

func parseKernel(t *testing.T, name string, packed []byte) *btfparse.Object {
	t.Helper()
	raw, err := kernelbtf.Unpack(packed)
	if err != nil {
		t.Fatal(err)
	}
	object, err := btfparse.Parse(name, bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// writeKernels minimises the BTF of kernels.
func writeKernels(t *testing.T, dir string) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.btf"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s has no BTF: %v", dir, err)
	}
	for _, path := range paths {
		spec, err := btf.LoadSpec(path)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := minimised(spec)
		if err != nil {
			t.Fatal(err)
		}
		var packed bytes.Buffer
		z, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression)
		if _, err := z.Write(raw); err != nil {
			t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join("testdata/kernels", filepath.Base(path)+".gz"), packed.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// minimised has what is asked for and what clashes.
func minimised(spec *btf.Spec) ([]byte, error) {
	var types []btf.Type
	copies := make(map[btf.Type]btf.Type)
	for typ, err := range spec.All() {
		if err != nil {
			return nil, err
		}
		if isAsked(typ) {
			types = append(types, withoutTargets(typ, copies))
		}
	}
	b, err := btf.NewBuilder(types, nil)
	if err != nil {
		return nil, err
	}
	return b.Marshal(nil, nil)
}

func isAsked(typ btf.Type) bool {
	names := []string{typ.TypeName()}
	switch typ := typ.(type) {
	case *btf.Struct, *btf.Union:
	case *btf.Enum:
		if typ.Name == "" {
			for _, v := range typ.Values {
				names = append(names, v.Name)
			}
		}
	default:
		return false
	}
	return slices.ContainsFunc(slices.Concat(askedTypes, rivalTypes), func(pattern string) bool {
		return slices.ContainsFunc(names, func(name string) bool {
			ok, err := filepath.Match(pattern, name)
			return ok && err == nil && name != ""
		})
	})
}

// withoutTargets is a copy in which all pointers are to void.
func withoutTargets(typ btf.Type, copies map[btf.Type]btf.Type) btf.Type {
	if c, ok := copies[typ]; ok {
		return c
	}
	inner := func(t btf.Type) btf.Type { return withoutTargets(t, copies) }
	var c btf.Type
	switch typ := typ.(type) {
	case *btf.Pointer:
		c = &btf.Pointer{Target: &btf.Void{}}
	case *btf.Struct:
		s := *typ
		s.Members, s.Tags = slices.Clone(typ.Members), nil
		for i := range s.Members {
			s.Members[i].Type = inner(s.Members[i].Type)
		}
		c = &s
	case *btf.Union:
		u := *typ
		u.Members, u.Tags = slices.Clone(typ.Members), nil
		for i := range u.Members {
			u.Members[i].Type = inner(u.Members[i].Type)
		}
		c = &u
	case *btf.Array:
		c = &btf.Array{Index: inner(typ.Index), Type: inner(typ.Type), Nelems: typ.Nelems}
	case *btf.Typedef:
		c = &btf.Typedef{Name: typ.Name, Type: inner(typ.Type)}
	case *btf.Const:
		c = &btf.Const{Type: inner(typ.Type)}
	case *btf.Volatile:
		c = &btf.Volatile{Type: inner(typ.Type)}
	case *btf.TypeTag:
		c = inner(typ.Type)
	default:
		c = typ
	}
	copies[typ] = c
	return c
}
