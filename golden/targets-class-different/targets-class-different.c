//go:build ignore

/* Maps, programs and variables that are not the same on two targets. Of different kinds, each target's file says which;
   where Go has one type for both, the comments name both. */
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

/* Both are typed.Hash. */
struct {
#if defined(__TARGET_ARCH_x86)
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
#else
	__uint(type, BPF_MAP_TYPE_HASH);
#endif
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u64);
} recent SEC(".maps");

/* In .data on one, in .bss on the other; of two C types that are one in Go. */
#if defined(__TARGET_ARCH_x86)
unsigned long limit = 5;
static __u32 burst = 1;
#else
unsigned long long limit;
static __u32 burst;
#endif

#if defined(__TARGET_ARCH_x86)
SEC("kprobe/__x64_sys_nanosleep")
#else
SEC("kprobe/__arm64_sys_nanosleep")
#endif
int slept(void *ctx)
{
	__u32 key = 0;
	__u64 *seen = bpf_map_lookup_elem(&recent, &key);

	return seen && *seen > limit + *(volatile __u32 *)&burst;
}

/* Of two layouts; only one target has what holds it, the other has nothing to prove of that. */
struct wide {
#if defined(__TARGET_ARCH_x86)
	__u64 n;
#else
	__u32 n;
#endif
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct wide);
} wides SEC(".maps");

#if defined(__TARGET_ARCH_x86)
struct holder { struct wide wide[2]; __u32 of; };

struct holder holder = { .of = 1 };

SEC("fentry/tcp_connect")
int only_x86(void *ctx)
{
	return 0;
}
#endif

char _license[] SEC("license") = "Dual MIT/GPL";
