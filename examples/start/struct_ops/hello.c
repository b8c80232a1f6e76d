//go:build ignore

/* A congestion control of TCP that leaves the window alone, and counts its connections. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

char _license[] SEC("license") = "Dual MIT/GPL";

/* What it needs of the kernel's structs; the loader finds their members by name. */
struct sock;

struct tcp_sock {
	__u32 snd_cwnd;
} __attribute__((preserve_access_index));

struct tcp_congestion_ops {
	void (*init)(struct sock *sk);
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
};

/* How many connections used it. */
__u64 connections;

SEC("struct_ops")
int BPF_PROG(hello_init, struct sock *sk)
{
	__sync_fetch_and_add(&connections, 1);
	return 0;
}

SEC("struct_ops")
int BPF_PROG(hello_ssthresh, struct sock *sk)
{
	__u32 cwnd = ((struct tcp_sock *)sk)->snd_cwnd;

	return cwnd > 4 ? cwnd / 2 : 2;
}

SEC("struct_ops")
int BPF_PROG(hello_cong_avoid, struct sock *sk, __u32 ack, __u32 acked)
{
	return 0;
}

SEC("struct_ops")
int BPF_PROG(hello_undo_cwnd, struct sock *sk)
{
	return ((struct tcp_sock *)sk)->snd_cwnd;
}

SEC(".struct_ops.link")
struct tcp_congestion_ops hello = {
	.init = (void *)hello_init,
	.ssthresh = (void *)hello_ssthresh,
	.cong_avoid = (void *)hello_cong_avoid,
	.undo_cwnd = (void *)hello_undo_cwnd,
	.name = "bpf_hello",
};
