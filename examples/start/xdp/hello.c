//go:build ignore

/* Counts the packets that arrive at an interface, by protocol. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "Dual MIT/GPL";

/* How many packets, by the protocol of the IPv4 header (IPPROTO_…); 0 for all others. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u8);
	__type(value, __u64);
	__uint(max_entries, 256);
} counts SEC(".maps");

static __always_inline void count(__u8 protocol)
{
	__u64 one = 1, *n = bpf_map_lookup_elem(&counts, &protocol);

	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&counts, &protocol, &one, BPF_NOEXIST);
}

SEC("xdp")
int hello(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	struct iphdr *ip = data + sizeof(*eth);

	if ((void *)(ip + 1) <= end && eth->h_proto == bpf_htons(ETH_P_IP))
		count(ip->protocol);
	else
		count(0);
	return XDP_PASS;
}
