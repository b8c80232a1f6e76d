//go:build ignore

/* A map, a program and a variable that only one target has. */
#include "../include/bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} everywhere SEC(".maps");

#if defined(__TARGET_ARCH_x86)
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u16);
} only_x86 SEC(".maps");

__u32 only_here;

SEC("socket")
int on_x86(void *ctx)
{
	return only_here++;
}
#endif

SEC("socket")
int on_all(void *ctx)
{
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
