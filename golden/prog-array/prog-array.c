//go:build ignore

/* Tail calls: a program array whose slots the object fills. */
#include "../include/bpf.h"

int first(struct xdp_md *ctx);
int second(struct xdp_md *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__uint(key_size, 4);
	__array(values, int(struct xdp_md *));
} jumps SEC(".maps") = {
	.values = { [1] = (void *)&first, [3] = (void *)&second },
};

enum slot { SLOT_IPV4, SLOT_IPV6 };

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 4);
	__type(key, enum slot);
	__type(value, __u32);
} by_slot SEC(".maps");

SEC("xdp")
int first(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int second(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp")
int enter(struct xdp_md *ctx)
{
	bpf_tail_call(ctx, &jumps, 1);
	return XDP_ABORTED;
}

char _license[] SEC("license") = "Dual MIT/GPL";
