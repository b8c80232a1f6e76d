//go:build ignore

/* Fields that the kernel knows by the names of their types: it hides or zeroes them in lookups. */
#include "../include/bpf.h"

struct bpf_spin_lock { __u32 val; };
struct bpf_timer { __u64 __opaque[2]; } __aligned(8);
struct bpf_wq { __u64 __opaque[2]; } __aligned(8);
struct bpf_list_head { __u64 __opaque[2]; } __aligned(8);
struct bpf_list_node { __u64 __opaque[3]; } __aligned(8);
struct bpf_rb_root { __u64 __opaque[2]; } __aligned(8);
struct bpf_rb_node { __u64 __opaque[4]; } __aligned(8);
struct bpf_refcount { __u32 __opaque[1]; } __aligned(4);

struct locked {
	struct bpf_spin_lock lock;
	__u32 count;
	__u64 total;
};

struct timed {
	__u64 started;
	struct bpf_timer timer;
	__u32 rounds;
};

struct worked {
	struct bpf_wq work;
	__u32 done;
};

struct node {
	__u64 key;
	struct bpf_list_node list;
	struct bpf_rb_node tree;
	struct bpf_refcount references;
};

struct owner {
	struct bpf_spin_lock lock;
	struct bpf_list_head list __decl_tag("contains:node:list");
	struct bpf_rb_root tree __decl_tag("contains:node:tree");
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct locked);
} locked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct timed);
} timed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct worked);
} worked SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct owner);
} owners SEC(".maps");

/* Keeps struct node in BTF. */
struct node *unused;

char _license[] SEC("license") = "Dual MIT/GPL";
