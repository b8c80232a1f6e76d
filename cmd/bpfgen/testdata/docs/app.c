//go:build ignore

/*
 * What the Go code in go.generate.md is compiled against: every class of map,
 * and a program and a variable of each kind that the guide speaks of.
 */
#include "helpers.h"

char _license[] SEC("license") = "Dual MIT/GPL";

struct flow_key {
	__be32 saddr;
	__be32 daddr;
};

struct flow_stats {
	__u64 packets;
	__u64 bytes;
};

struct event {
	__u64 time;
	__u32 pid;
	char comm[16];
};

struct packet {
	__u32 len;
	__u32 ifindex;
	__u8 data[];
};

struct header {
	__u64 time;
	__u32 kind;
	__u32 pid;
};

struct executed {
	struct header header;
	char filename[128];
};

struct exited {
	struct header header;
	__s32 code;
};

struct executed *unused_executed __attribute__((unused));
struct exited *unused_exited __attribute__((unused));
struct packet *unused_packet __attribute__((unused));

struct network {
	__u32 prefixlen;
	__u8 address[16];
};

struct tenant_network {
	__u32 prefixlen;
	__u32 tenant;
	__be32 address;
};

struct cgroup_key {
	__u64 cgroup_inode_id;
	__u32 attach_type;
};

#define MAP(name, kind, k, v)                   \
	struct {                                \
		__uint(type, BPF_MAP_TYPE_##kind); \
		__uint(max_entries, 8);         \
		__type(key, k);                 \
		__type(value, v);               \
	} name SEC(".maps")

#define KEYLESS(name, kind, n, v)               \
	struct {                                \
		__uint(type, BPF_MAP_TYPE_##kind); \
		__uint(max_entries, n);         \
		__type(value, v);               \
	} name SEC(".maps")

#define ONFLAGS(name, kind, k, v)               \
	struct {                                \
		__uint(type, BPF_MAP_TYPE_##kind); \
		__uint(map_flags, BPF_F_NO_PREALLOC); \
		__type(key, k);                 \
		__type(value, v);               \
	} name SEC(".maps")

MAP(flows, LRU_HASH, struct flow_key, struct flow_stats);
MAP(totals, ARRAY, __u32, struct flow_stats);
MAP(flows_by_cpu, PERCPU_HASH, struct flow_key, struct flow_stats);
MAP(packets, PERCPU_ARRAY, __u32, __u64);
MAP(steps, PROG_ARRAY, __u32, __u32);
MAP(cgroups, CGROUP_ARRAY, __u32, __u32);
MAP(ports, DEVMAP, __u32, __u32);
MAP(filtered_ports, DEVMAP_HASH, __u32, __u64);
MAP(cpus, CPUMAP, __u32, __u32);
MAP(filtered_cpus, CPUMAP, __u32, __u64);
MAP(peers, SOCKMAP, __u32, __u64);
MAP(peers_by_flow, SOCKHASH, struct flow_key, __u64);
MAP(xsks, XSKMAP, __u32, __u32);
MAP(listeners, REUSEPORT_SOCKARRAY, __u32, __u64);
KEYLESS(jobs, QUEUE, 8, struct flow_key);
KEYLESS(undo, STACK, 8, struct flow_key);
KEYLESS(known, BLOOM_FILTER, 8, struct flow_key);
ONFLAGS(sock_data, SK_STORAGE, int, struct flow_stats);
ONFLAGS(inode_data, INODE_STORAGE, int, struct flow_stats);
ONFLAGS(task_data, TASK_STORAGE, int, struct flow_stats);
ONFLAGS(cgroup_data, CGRP_STORAGE, int, struct flow_stats);
ONFLAGS(old_cgroup_data, CGROUP_STORAGE, struct cgroup_key, struct flow_stats);
ONFLAGS(old_cgroup_data_by_cpu, PERCPU_CGROUP_STORAGE, __u64, struct flow_stats);

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8);
	__type(key, struct network);
	__type(value, __u32);
} networks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8);
	__type(key, struct tenant_network);
	__type(value, __u32);
} tenants SEC(".maps");

KEYLESS(events, RINGBUF, 4096, struct event);
KEYLESS(journal, RINGBUF, 4096, struct header);
KEYLESS(commands, USER_RINGBUF, 4096, struct event);

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, __u32);
	__type(value, __u32);
} captured SEC(".maps") __decl_tag("bpfgen:event=struct packet");

struct {
	__uint(type, BPF_MAP_TYPE_STACK_TRACE);
	__uint(max_entries, 8);
	__uint(key_size, 4);
	__uint(value_size, 127 * 8);
} stacks SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 4);
} arena SEC(".maps");

struct inner {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, struct flow_key);
	__type(value, struct flow_stats);
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 8);
	__type(key, __u32);
	__array(values, struct inner);
} by_tenant SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, 8);
	__type(key, struct flow_key);
	__array(values, struct inner);
} by_flow SEC(".maps");

struct some_ops {
	int (*run)(void);
	__u32 flags;
};

SEC("struct_ops/run")
int run(void *ctx)
{
	return 0;
}

SEC(".struct_ops.link")
struct some_ops ops = { .run = (void *)run, .flags = 3 };

const volatile __u32 sample_rate = 1;
__u64 dropped;
static __u64 seen;
extern int CONFIG_HZ __kconfig;

SEC("xdp")
int count_packets(struct xdp_md *ctx)
{
	return sample_rate + CONFIG_HZ;
}

SEC("xdp/devmap")
int filter(struct xdp_md *ctx)
{
	return __sync_fetch_and_add(&seen, dropped);
}

SEC("kprobe/tcp_connect")
int on_connect(void *ctx)
{
	return 0;
}

SEC("?kretprobe/tcp_connect")
int on_connected(void *ctx)
{
	return 0;
}

SEC("fentry")
int on_call(void *ctx)
{
	return 0;
}

SEC("fexit/tcp_connect")
int on_return(void *ctx)
{
	return 0;
}

SEC("cgroup_skb/egress")
int police(void *ctx)
{
	return 1;
}

SEC("tc")
int classify(void *ctx)
{
	return 0;
}

SEC("iter/task")
int list_tasks(void *ctx)
{
	return 0;
}
