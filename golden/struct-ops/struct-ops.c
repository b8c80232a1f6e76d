//go:build ignore

/* struct_ops of .struct_ops.link: operations, data members and programs. */
#include "../include/bpf.h"

struct sock;

struct tcp_congestion_ops {
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	void (*set_state)(struct sock *sk, __u8 new_state);
	__u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
	__u32 flags;
	void *owner;
};

SEC("struct_ops/ssthresh")
int ssthresh(__u64 *ctx)
{
	return 10;
}

SEC("struct_ops")
int cong_avoid(__u64 *ctx)
{
	return 0;
}

SEC("struct_ops.s/undo_cwnd")
int undo_cwnd(__u64 *ctx)
{
	return 10;
}

SEC(".struct_ops.link")
struct tcp_congestion_ops golden = {
	.ssthresh = (void *)ssthresh,
	.cong_avoid = (void *)cong_avoid,
	.undo_cwnd = (void *)undo_cwnd,
	.name = "bpf_golden",
};

char _license[] SEC("license") = "Dual MIT/GPL";
