//go:build ignore

/* One map, program and variable of different kinds on two targets: each target's file says which. */
#include "../include/bpf.h"

struct {
#if defined(__TARGET_ARCH_x86)
	__uint(type, BPF_MAP_TYPE_HASH);
#else
	__uint(type, BPF_MAP_TYPE_ARRAY);
#endif
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} values SEC(".maps");

#if defined(__TARGET_ARCH_x86)
__u32 counter;

SEC("xdp")
#else
__u64 counter;

SEC("tc")
#endif
int run(void *ctx)
{
	return counter++;
}

char _license[] SEC("license") = "Dual MIT/GPL";
