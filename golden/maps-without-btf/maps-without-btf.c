//go:build ignore

/* Keys and values of which only the size is known. */
#include "../include/bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__uint(key_size, 6);
	__uint(value_size, 20);
} sizes_only SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__uint(key_size, 4);
	__uint(value_size, 8);
} array_of_eight SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 8);
	__uint(key_size, 4);
	__type(value, __u64);
} key_size_only SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__uint(value_size, 3);
} value_size_only SEC(".maps");

char _license[] SEC("license") = "Dual MIT/GPL";
