//go:build ignore

// Drops packets from the networks of a list, on XDP, and counts the drops.
#include "net.h"

char _license[] SEC("license") = "Dual MIT/GPL";

// IPv4 addresses are IPv4-mapped: ::ffff:a.b.c.d.
struct source {
	__u32 prefixlen;
	__u8 address[16];
};

struct rule {
	__u64 drops;
	__u64 expires; // bpf_ktime_get_boot_ns
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct source);
	__type(value, struct rule);
	__uint(max_entries, 65536);
} blocked SEC(".maps");

SEC("xdp")
int drop_blocked(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip4 = (void *)(eth + 1);
	struct ipv6hdr *ip6 = (void *)(eth + 1);
	struct source source = { .prefixlen = 128 };
	struct rule *rule;

	if ((void *)(eth + 1) > end)
		return XDP_PASS;
	if (eth->proto == bpf_htons(ETH_P_IP) && (void *)(ip4 + 1) <= end) {
		source.address[10] = source.address[11] = 0xff;
		__builtin_memcpy(&source.address[12], &ip4->saddr, 4);
	} else if (eth->proto == bpf_htons(ETH_P_IPV6) && (void *)(ip6 + 1) <= end) {
		__builtin_memcpy(source.address, ip6->saddr, 16);
	} else {
		return XDP_PASS;
	}
	rule = bpf_map_lookup_elem(&blocked, &source);
	if (!rule)
		return XDP_PASS;
	__sync_fetch_and_add(&rule->drops, 1);
	return XDP_DROP;
}
