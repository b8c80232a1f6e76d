//go:build ignore

/* A program of every family of hooks, for the Examples of package typed: each counts how often it ran. */
#include "../include/bpf.h"

static void *(*const bpf_get_local_storage)(void *map, __u64 flags) = (void *)81;
static long (*const bpf_get_stackid)(void *ctx, void *map, __u64 flags) = (void *)27;
static long (*const bpf_seq_write)(void *seq, const void *data, __u32 len) = (void *)127;

struct event {
	__u32 length; /* of the packet */
};

struct value {
	__u64 count;
};

struct cgroup_storage_key {
	__u64 cgroup_inode_id;
	__u32 attach_type;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
	__type(value, struct event);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, __u32);
	__type(value, struct event);
} samples SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 64);
	__uint(key_size, 4);
	__uint(value_size, 127 * 8);
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, struct cgroup_storage_key);
	__type(value, struct value);
} by_cgroup SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_CGROUP_STORAGE);
	__type(key, __u64);
	__type(value, struct value);
} by_cgroup_and_cpu SEC(".maps");

/* How often programs ran, all of them together. */
__u64 runs;

/* The last stack in stacks, or a negative error. */
__s64 stack_id = -1;

#define COUNT() __sync_fetch_and_add(&runs, 1)

#define PROGRAM(name, section, verdict) \
	SEC(section)                    \
	int name(void *ctx)             \
	{                               \
		COUNT();                \
		return verdict;         \
	}

PROGRAM(count_packets, "xdp", XDP_PASS)
PROGRAM(on_port, "xdp/devmap", XDP_PASS)
PROGRAM(on_cpu, "xdp/cpumap", XDP_PASS)
PROGRAM(filter, "netfilter", 1 /* NF_ACCEPT */)
PROGRAM(meter, "cgroup/skb", 1)
PROGRAM(on_connect, "kprobe/tcp_v4_connect", 0)
PROGRAM(on_tcp, "kprobe.multi", 0)
PROGRAM(on_call, "uprobe", 0)
PROGRAM(on_calls, "uprobe.multi", 0)
PROGRAM(on_query, "usdt", 0)
PROGRAM(on_switch, "raw_tracepoint", 0)
PROGRAM(on_open, "fentry/vfs_open", 0)
PROGRAM(on_vfs, "fentry.multi/vfs_ope?", 0)
PROGRAM(on_file_open, "lsm/file_open", 0)
PROGRAM(on_bind, "lsm_cgroup/socket_bind", 1)
PROGRAM(count, "tc", -1 /* TCX_NEXT: the next one decides */)
PROGRAM(on_pair, "netkit/primary", 0)
PROGRAM(mirror, "action", 0)
PROGRAM(snoop, "socket", 0xffff)
PROGRAM(on_message, "sk_msg", 1)
PROGRAM(redirect, "sk_lookup", 1)
PROGRAM(sample, "perf_event", 0)
PROGRAM(encapsulate, "lwt_xmit", 0)
PROGRAM(decode, "lirc_mode2", 0)
PROGRAM(custom, "?custom", XDP_PASS)

struct __sk_buff {
	__u32 len;
};

/* What a parser returns is the length of the message. */
SEC("sk_skb")
int split(struct __sk_buff *skb)
{
	COUNT();
	return skb->len;
}

/* What new_verdict replaces. */
__noinline int verdict(struct __sk_buff *skb)
{
	return skb->len > 65535 ? 2 /* TC_ACT_SHOT */ : 0 /* TC_ACT_OK */;
}

SEC("?freplace")
int new_verdict(struct __sk_buff *skb)
{
	COUNT();
	return 1;
}

SEC("tc")
int classify(struct __sk_buff *skb)
{
	COUNT();
	return verdict(skb);
}

/* Is run, not attached. */
SEC("xdp")
int announce(struct xdp_md *ctx)
{
	struct event event = { .length = ctx->data_end - ctx->data };

	bpf_ringbuf_output(&events, &event, sizeof(event), 0);
	bpf_perf_event_output(ctx, &samples, 0xffffffff /* BPF_F_CURRENT_CPU */, &event, sizeof(event));
	return XDP_PASS;
}

SEC("cgroup_skb/egress")
int police(struct __sk_buff *skb)
{
	struct value *value = bpf_get_local_storage(&by_cgroup, 0);
	struct value *on_cpu = bpf_get_local_storage(&by_cgroup_and_cpu, 0);

	COUNT();
	value->count++;
	on_cpu->count++;
	return 1;
}

SEC("tracepoint")
int on_exec(void *ctx)
{
	COUNT();
	stack_id = bpf_get_stackid(ctx, &stacks, 0);
	return 0;
}

struct args {
	__u32 a, b;
};

SEC("syscall")
int compute(struct args *args)
{
	return args->a + args->b;
}

struct bpf_iter_meta {
	void *seq;
};

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	void *task;
};

SEC("iter/task")
int list_tasks(struct bpf_iter__task *ctx)
{
	const char line[] = "a thread\n";

	if (ctx->task)
		bpf_seq_write(ctx->meta->seq, line, sizeof(line) - 1);
	return 0;
}

struct sock;

struct tcp_congestion_ops {
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
};

SEC("struct_ops")
int slow_ssthresh(void *ctx)
{
	return 2;
}

SEC("struct_ops")
int slow_cong_avoid(void *ctx)
{
	return 0;
}

SEC("struct_ops")
int slow_undo_cwnd(void *ctx)
{
	return 2;
}

SEC(".struct_ops.link")
struct tcp_congestion_ops slow = {
	.ssthresh = (void *)slow_ssthresh,
	.cong_avoid = (void *)slow_cong_avoid,
	.undo_cwnd = (void *)slow_undo_cwnd,
	.name = "bpf_slow",
};

char _license[] SEC("license") = "GPL";
