//go:build ignore

/* Map types newer than the library: an opaque class and a warning. */
#include "../include/bpf.h"

struct {
	__uint(type, 34); /* BPF_MAP_TYPE_INSN_ARRAY, Linux 6.19 */
	__uint(max_entries, 8);
	__type(key, __u32);
	__uint(value_size, 16);
} insn_array SEC(".maps");

struct {
	__uint(type, 35); /* BPF_MAP_TYPE_RHASH */
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} rhash SEC(".maps");

struct {
	__uint(type, 999);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} of_the_future SEC(".maps");

char _license[] SEC("license") = "Dual MIT/GPL";
