package main

// This file makes small kernels out of large ones, for tests that are to meet real
// BTF and not what their authors think of it: of a kernel's BTF what forecasts ask
// for, some types that programs read, and nothing that is only pointed to.

import (
	"bytes"
	"compress/gzip"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/internal/kernelbtf"
)

// reducedTypes are kept with all that they hold.
var reducedTypes = regexp.MustCompile(`^(task_struct|linux_binprm|sock_common|inet_sock|sk_buff|__sk_buff|xdp_md|iphdr|tcphdr|ethhdr|file|path|dentry|cred|pt_regs|` +
	`bpf_prog_aux|bpf_func_info_aux|bpf_sock_addr|bpf_sock_ops|trace_event_raw_sched_\w*|trace_event_raw_sys_\w*)$`)

// reducedFunctions are kept with their prototypes.
var reducedFunctions = regexp.MustCompile(`^(bpf_lsm_\w+|bpf_iter_\w+|\w+_func_proto|\w+_map_alloc|within_error_injection_list|btf_float_check_meta|` +
	`vfs_(open|read|write|unlink)|do_unlinkat|tcp_(v4_connect|sendmsg|close)|inet_csk_accept|security_\w*exec\w*|bpf_fentry_test1)$`)

// reducedTypedefs are tracepoints and others.
var reducedTypedefs = regexp.MustCompile(`^(btf_trace_(sched|sys|inet|tcp|block_rq|task)_\w+|pid_t|size_t|u8|u16|u32|u64|__u\w+|__be16|__be32)$`)

// reduce writes the BTF of a kernel, as small as tests need it.
func reduce(kernel, out string) error {
	sources, err := kernelbtf.Find([]string{kernel}, "", nil)
	if err != nil {
		return err
	}
	image, err := sources[0].Open()
	if err != nil {
		return err
	}
	spec, err := image.Types()
	if err != nil {
		return err
	}
	r := reducer{kept: make(map[btf.Type]btf.Type), names: make(map[string]bool)}
	if r.kfuncs, err = kfuncs(); err != nil {
		return err
	}
	for t, err := range spec.All() {
		if err != nil {
			return err
		}
		if r.wanted(t) {
			r.roots = append(r.roots, t)
			r.names[t.TypeName()] = true
		}
	}
	var types []btf.Type
	for _, t := range r.roots {
		types = append(types, r.copy(t))
	}
	b, err := btf.NewBuilder(types, &btf.BuilderOptions{Deduplicate: true})
	if err != nil {
		return err
	}
	raw, err := b.Marshal(nil, &btf.MarshalOptions{Order: image.ByteOrder()})
	if err != nil {
		return err
	}
	var packed bytes.Buffer
	w, _ := gzip.NewWriterLevel(&packed, gzip.BestCompression) // the level is valid
	if _, err := w.Write(raw); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	return os.WriteFile(out, packed.Bytes(), 0o644)
}

type reducer struct {
	roots []btf.Type
	// names of the roots; kept are the copies.
	names  map[string]bool
	kept   map[btf.Type]btf.Type
	kfuncs map[string]bool
}

func (r *reducer) wanted(t btf.Type) bool {
	switch t := t.(type) {
	case *btf.Enum:
		return slices.ContainsFunc(t.Values, func(v btf.EnumValue) bool {
			return strings.HasPrefix(v.Name, "BPF_") || strings.HasPrefix(v.Name, "__BPF_") || strings.HasPrefix(v.Name, "TCP_")
		})
	case *btf.Struct:
		return reducedTypes.MatchString(t.Name)
	case *btf.Typedef:
		return reducedTypedefs.MatchString(t.Name)
	case *btf.Func:
		return reducedFunctions.MatchString(t.Name) || r.kfuncs[t.Name]
	}
	return false
}

// kfuncs are the kernel functions that forecast/allowed.txt has: kernels before 6.10,
// and later ones that an old pahole made the BTF of, do not mark theirs.
func kfuncs() (map[string]bool, error) {
	text, err := os.ReadFile("forecast/allowed.txt")
	names := make(map[string]bool)
	for line := range strings.Lines(string(text)) {
		if words := strings.Fields(line); len(words) > 1 && words[0] == "kfunc" {
			names[words[1]] = true
		}
	}
	return names, err
}

// copy copies a type. Structs that a pointer leads to are declared only, but for roots.
func (r *reducer) copy(t btf.Type) btf.Type {
	if done := r.kept[t]; done != nil {
		return done
	}
	switch t := t.(type) {
	case *btf.Struct:
		c := *t
		r.kept[t] = &c
		c.Members = r.members(t.Members)
		return &c
	case *btf.Union:
		c := *t
		r.kept[t] = &c
		c.Members = r.members(t.Members)
		return &c
	case *btf.Array:
		c := *t
		r.kept[t] = &c
		c.Index, c.Type = r.copy(t.Index), r.copy(t.Type)
		return &c
	case *btf.Typedef:
		c := *t
		r.kept[t] = &c
		c.Type = r.copy(t.Type)
		return &c
	case *btf.Pointer:
		c := *t
		r.kept[t] = &c
		c.Target = r.target(t.Target)
		return &c
	case *btf.Func:
		c := *t
		r.kept[t] = &c
		c.Type = r.copy(t.Type)
		return &c
	case *btf.FuncProto:
		c := &btf.FuncProto{Return: r.copy(t.Return)}
		for _, p := range t.Params {
			c.Params = append(c.Params, btf.FuncParam{Name: p.Name, Type: r.copy(p.Type)})
		}
		r.kept[t] = c
		return c
	case *btf.Const:
		return &btf.Const{Type: r.copy(t.Type)}
	case *btf.Volatile:
		return &btf.Volatile{Type: r.copy(t.Type)}
	case *btf.Restrict:
		return &btf.Restrict{Type: r.copy(t.Type)}
	case *btf.TypeTag:
		return &btf.TypeTag{Type: r.copy(t.Type), Value: t.Value}
	}
	return t // without others in it
}

func (r *reducer) members(members []btf.Member) (copies []btf.Member) {
	for _, m := range members {
		m.Type = r.copy(m.Type)
		copies = append(copies, m)
	}
	return copies
}

// target is what a pointer leads to.
func (r *reducer) target(t btf.Type) btf.Type {
	switch t := t.(type) {
	case *btf.Const:
		return &btf.Const{Type: r.target(t.Type)}
	case *btf.Volatile:
		return &btf.Volatile{Type: r.target(t.Type)}
	case *btf.TypeTag:
		return &btf.TypeTag{Type: r.target(t.Type), Value: t.Value}
	case *btf.Struct:
		if t.Name != "" && !r.names[t.Name] {
			return &btf.Fwd{Name: t.Name, Kind: btf.FwdStruct}
		}
	case *btf.Union:
		if t.Name != "" {
			return &btf.Fwd{Name: t.Name, Kind: btf.FwdUnion}
		}
	}
	return r.copy(t)
}
