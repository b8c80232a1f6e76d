//go:build ignore

/* Types that are only declared: behind a pointer, and as an extern. */
#include "../include/bpf.h"

struct unknown;
union unknown_union;

struct value {
	struct unknown *pointer;
	union unknown_union *other;
	__u32 count;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct value);
} values SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__uint(key_size, 4);
	__type(value, struct unknown *);
} pointers SEC(".maps");

char _license[] SEC("license") = "Dual MIT/GPL";
