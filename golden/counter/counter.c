//go:build ignore

/* The example of the README: packets per flow, counted in XDP. */
#include "../include/bpf.h"

enum verdict { VERDICT_PASS, VERDICT_DROP };

struct flow_key {
	__be32 saddr;
	__be32 daddr;
	__be16 sport;
	__be16 dport;
	__u8 protocol;
};

struct flow_stats {
	__u64 packets;
	__u64 bytes;
	enum verdict verdict;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, struct flow_key);
	__type(value, struct flow_stats);
} flows SEC(".maps");

const volatile __u32 sample_rate = 1;
__u64 dropped;

SEC("xdp")
int count_packets(struct xdp_md *ctx)
{
	struct flow_key key = {};
	struct flow_stats *stats = bpf_map_lookup_elem(&flows, &key);

	if (!stats) {
		struct flow_stats first = { .packets = sample_rate };

		bpf_map_update_elem(&flows, &key, &first, 0);
		return XDP_PASS;
	}
	stats->packets += sample_rate;
	if (stats->verdict == VERDICT_DROP) {
		dropped++;
		return XDP_DROP;
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
