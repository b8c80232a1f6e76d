//go:build ignore

/* Storage per cgroup: the old maps in both forms of their key, and the new one. */
#include "../include/bpf.h"

struct bpf_cgroup_storage_key {
	__u64 cgroup_inode_id;
	__u32 attach_type;
};

struct usage {
	__u64 packets;
	__u64 bytes;
};

#define STORAGE(name, kind, k)                \
	struct {                              \
		__uint(type, kind);           \
		__type(key, k);               \
		__type(value, struct usage);  \
	} name SEC(".maps")

STORAGE(by_attachment, BPF_MAP_TYPE_CGROUP_STORAGE, struct bpf_cgroup_storage_key);
STORAGE(by_cgroup, BPF_MAP_TYPE_CGROUP_STORAGE, __u64);
STORAGE(each_by_attachment, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, struct bpf_cgroup_storage_key);
STORAGE(each_by_cgroup, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE, __u64);

struct {
	__uint(type, BPF_MAP_TYPE_CGRP_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct usage);
} local SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__uint(key_size, 16);
	__uint(value_size, 8);
} sizes_only SEC(".maps");

char _license[] SEC("license") = "Dual MIT/GPL";
