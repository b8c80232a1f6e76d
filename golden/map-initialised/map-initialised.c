//go:build ignore

/* A definition of types that was given values: nobody knows what the map should be. */
#include "../include/bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} values SEC(".maps") = { .max_entries = (void *)8 };

char _license[] SEC("license") = "Dual MIT/GPL";
