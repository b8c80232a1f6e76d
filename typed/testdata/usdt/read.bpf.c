// Reads the arguments of a static probe by libbpf's usdt.bpf.h, whose weak maps,
// hidden functions and variable of .kconfig cilium/ebpf does not take as they are.
#include <linux/bpf.h>
#include <linux/errno.h>
#include <linux/ptrace.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

typedef _Bool bool;
#define true 1
#define false 0

#pragma push_macro("__weak")
#pragma push_macro("__hidden")
#pragma push_macro("__kconfig")
#undef __weak
#undef __hidden
#undef __kconfig
#define __weak
#define __hidden static __attribute__((noinline))
#define __kconfig
#define LINUX_HAS_BPF_COOKIE usdt_cookies
__attribute__((weak)) const _Bool usdt_cookies = 1;
#include <bpf/usdt.bpf.h>
#pragma pop_macro("__kconfig")
#pragma pop_macro("__hidden")
#pragma pop_macro("__weak")

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} hits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 14);
	__type(key, __u32);
	__type(value, __u64);
} read SEC(".maps");

static __attribute__((noinline)) int keep(__u32 i, __u64 value)
{
	bpf_map_update_elem(&read, &i, &value, 0);
	return 0;
}

static __attribute__((noinline)) int argument(struct pt_regs *ctx, __u32 i)
{
	long value = 0x5a5a;
	bpf_usdt_arg(ctx, i, &value);
	return keep(i, value);
}

SEC("usdt")
int hook_prog(struct pt_regs *ctx)
{
	__u32 zero = 0;
	__u64 *n = bpf_map_lookup_elem(&hits, &zero);
	if (n)
		__sync_fetch_and_add(n, 1);
	argument(ctx, 0);
	argument(ctx, 1);
	argument(ctx, 2);
	argument(ctx, 3);
	argument(ctx, 4);
	argument(ctx, 5);
	argument(ctx, 6);
	argument(ctx, 7);
	argument(ctx, 8);
	argument(ctx, 9);
	argument(ctx, 10);
	argument(ctx, 11);
	keep(12, bpf_usdt_arg_cnt(ctx));
	keep(13, bpf_usdt_cookie(ctx));
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
