/* One object with everything that can change: the tests plant changes in it. */
#include "../../golden/include/bpf.h"

static void *(*const bpf_get_current_task)(void) = (void *)35;
static long (*const bpf_get_current_comm)(void *buf, __u32 size) = (void *)16;
static long (*const bpf_probe_read_kernel)(void *dst, __u32 size, const void *src) = (void *)113;
static void *(*const bpf_ringbuf_reserve)(void *ring, __u64 size, __u64 flags) = (void *)131;
static void (*const bpf_ringbuf_submit)(void *data, __u64 flags) = (void *)132;

enum verdict { VERDICT_PASS, VERDICT_DROP };

struct flow_key {
	__be32 saddr;
	__be32 daddr;
	__u16 port;
	__u16 pad;
};

struct flow_stats {
	__u64 packets;
	__u32 bytes;
	enum verdict verdict;
};

struct event {
	__u32 pid;
	__u32 kind;
	char comm[16];
};

struct config {
	__u32 level;
	__s32 limit;
	__u32 flags : 4, mode : 4;
};

struct task_struct {
	int pid;
	int tgid;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(pinning, 1);
	__type(key, struct flow_key);
	__type(value, struct flow_stats);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 262144);
	__type(value, struct event);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u64);
} counters SEC(".maps");

const volatile __u32 sample_rate = 16;
struct config config = { .level = 1 };
__u64 dropped;

static __noinline int account(struct flow_stats *stats, __u32 bytes)
{
	stats->packets += sample_rate;
	stats->bytes += bytes;
	return stats->verdict == VERDICT_DROP;
}

SEC("xdp")
int count_packets(struct xdp_md *ctx)
{
	struct flow_key key = { .port = 80 };
	struct flow_stats *stats = bpf_map_lookup_elem(&flows, &key);
	__u32 slot = 2;
	__u64 *counter = bpf_map_lookup_elem(&counters, &slot);

	if (counter)
		*counter += 1;
	if (stats && account(stats, 60)) {
		dropped++;
		return XDP_DROP;
	}
	return XDP_PASS;
}

SEC("kprobe/do_exit")
int on_exit(void *ctx)
{
	struct event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);
	struct task_struct *task = bpf_get_current_task();

	if (!event)
		return 0;
	event->pid = 0;
	event->kind = config.level;
	bpf_probe_read_kernel(&event->pid, sizeof(event->pid), &task->pid);
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_ringbuf_submit(event, 0);
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
