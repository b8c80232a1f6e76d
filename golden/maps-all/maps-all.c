//go:build ignore

/* A map of every type that Linux 6.18 has. */
#include "../include/bpf.h"

struct key { __u32 id; };
struct value { __u64 count; __u32 last; };
struct event { __u32 pid; char comm[16]; };
struct devmap_val { __u32 ifindex; __u32 prog_fd; };
struct cpumap_val { __u32 qsize; __u32 prog_fd; };
struct cgroup_storage_key { __u64 cgroup_inode_id; __u32 attach_type; };

#define MAP(name, kind, k, v)                           \
	struct {                                        \
		__uint(type, BPF_MAP_TYPE_##kind);      \
		__uint(max_entries, 8);                 \
		__type(key, k);                         \
		__type(value, v);                       \
	} name SEC(".maps")

#define STORAGE(name, kind, k, v)                       \
	struct {                                        \
		__uint(type, BPF_MAP_TYPE_##kind);      \
		__uint(map_flags, BPF_F_NO_PREALLOC);   \
		__type(key, k);                         \
		__type(value, v);                       \
	} name SEC(".maps")

#define KEYLESS(name, kind, v)                          \
	struct {                                        \
		__uint(type, BPF_MAP_TYPE_##kind);      \
		__uint(max_entries, 8);                 \
		__type(value, v);                       \
	} name SEC(".maps")

MAP(hash, HASH, struct key, struct value);
MAP(array, ARRAY, __u32, struct value);
MAP(prog_array, PROG_ARRAY, __u32, __u32);
MAP(percpu_hash, PERCPU_HASH, struct key, struct value);
MAP(percpu_array, PERCPU_ARRAY, __u32, struct value);
MAP(cgroup_array, CGROUP_ARRAY, __u32, __u32);
MAP(lru_hash, LRU_HASH, struct key, struct value);
MAP(lru_percpu_hash, LRU_PERCPU_HASH, struct key, struct value);
MAP(devmap, DEVMAP, __u32, __u32);
MAP(devmap_prog, DEVMAP, __u32, struct devmap_val);
MAP(devmap_hash, DEVMAP_HASH, __u32, __u32);
MAP(devmap_hash_prog, DEVMAP_HASH, __u32, struct devmap_val);
MAP(cpumap, CPUMAP, __u32, __u32);
MAP(cpumap_prog, CPUMAP, __u32, struct cpumap_val);
MAP(sockmap, SOCKMAP, __u32, __u64);
MAP(sockhash, SOCKHASH, struct key, __u64);
MAP(xskmap, XSKMAP, __u32, __u32);
MAP(reuseport_sockarray, REUSEPORT_SOCKARRAY, __u32, __u64);
KEYLESS(queue, QUEUE, struct value);
KEYLESS(stack, STACK, struct value);
KEYLESS(bloom_filter, BLOOM_FILTER, struct value);
STORAGE(sk_storage, SK_STORAGE, int, struct value);
STORAGE(inode_storage, INODE_STORAGE, int, struct value);
STORAGE(task_storage, TASK_STORAGE, int, struct value);
STORAGE(cgrp_storage, CGRP_STORAGE, int, struct value);

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, struct cgroup_storage_key);
	__type(value, struct value);
} cgroup_storage SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE);
	__type(key, __u64);
	__type(value, struct value);
} percpu_cgroup_storage SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8);
	__type(key, struct { __u32 prefixlen; __u8 data[4]; });
	__type(value, struct value);
} lpm_trie SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} perf_event_array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, __u32);
	__type(value, struct event);
} perf_event_array_typed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} ringbuf SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
	__type(value, struct event);
} ringbuf_typed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_USER_RINGBUF);
	__uint(max_entries, 4096);
	__type(value, struct event);
} user_ringbuf SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 8);
	__uint(key_size, 4);
	__uint(value_size, 127 * 8);
} stack_trace SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 4);
} arena SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, struct key);
	__type(value, struct value);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 8);
	__type(key, __u32);
	__array(values, struct inner);
} array_of_maps SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 8);
	__type(key, struct key);
	__array(values, struct inner);
} hash_of_maps SEC(".maps");

struct golden_ops {
	int (*run)(void);
	__u32 flags;
};

SEC("struct_ops/run")
int run(void *ctx)
{
	return 0;
}

SEC(".struct_ops.link")
struct golden_ops struct_ops = { .run = (void *)run, .flags = 3 };

char _license[] SEC("license") = "Dual MIT/GPL";
