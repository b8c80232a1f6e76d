//go:build ignore

// Counts packets and bytes per flow, on XDP.
#include "net.h"

char _license[] SEC("license") = "MIT";

enum proto {
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
};

struct flow_key {
	__be32 saddr;
	__be32 daddr;
	__be16 sport;
	__be16 dport;
	enum proto proto;
};

struct flow_stats {
	__u64 packets;
	__u64 bytes;
	__u64 last_seen; // bpf_ktime_get_ns
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct flow_key);
	__type(value, struct flow_stats);
	__uint(max_entries, 8192);
} flows SEC(".maps");

// Count one packet in so many.
const volatile __u32 sample_rate = 1;

// Packets that are not IPv4, or too short.
__u64 ignored;

static __u64 seen;

SEC("xdp")
int count_packets(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = (void *)(eth + 1);
	struct ports *ports = (void *)(ip + 1);
	struct flow_key key = {};
	struct flow_stats *stats, first = {};

	__sync_fetch_and_add(&seen, 1);
	if (sample_rate > 1 && seen % sample_rate)
		return XDP_PASS;
	if ((void *)(ip + 1) > end || eth->proto != bpf_htons(ETH_P_IP)) {
		__sync_fetch_and_add(&ignored, 1);
		return XDP_PASS;
	}
	key.saddr = ip->saddr;
	key.daddr = ip->daddr;
	key.proto = ip->protocol;
	if ((void *)(ports + 1) <= end && (key.proto == PROTO_TCP || key.proto == PROTO_UDP)) {
		key.sport = ports->source;
		key.dport = ports->dest;
	}
	stats = bpf_map_lookup_elem(&flows, &key);
	if (!stats) {
		bpf_map_update_elem(&flows, &key, &first, BPF_NOEXIST);
		stats = bpf_map_lookup_elem(&flows, &key);
		if (!stats)
			return XDP_PASS;
	}
	__sync_fetch_and_add(&stats->packets, 1);
	__sync_fetch_and_add(&stats->bytes, end - data);
	stats->last_seen = bpf_ktime_get_ns();
	return XDP_PASS;
}
