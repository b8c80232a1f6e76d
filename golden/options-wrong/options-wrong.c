//go:build ignore

/* Options that fit nothing in the object: all of them are named. */
#include "../include/bpf.h"

struct value { __u64 a; };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct value);
} values SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

char _license[] SEC("license") = "Dual MIT/GPL";
