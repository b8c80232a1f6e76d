//go:build ignore

/* LPM tries whose key is only a size: a prefix length and bytes. */
#include "../include/bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8);
	__uint(key_size, 8);
	__uint(value_size, 8);
} ipv4 SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8);
	__uint(key_size, 20);
	__type(value, __u32);
} ipv6 SEC(".maps");

char _license[] SEC("license") = "Dual MIT/GPL";
