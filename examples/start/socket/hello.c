//go:build ignore

/* Counts the packets that a socket is to receive, by protocol, and keeps none. */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
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

SEC("socket")
int hello(struct __sk_buff *skb)
{
	__u8 protocol = 0;

	if (skb->pkt_type == PACKET_OUTGOING)
		return 0;
	if (skb->protocol == bpf_htons(ETH_P_IP))
		bpf_skb_load_bytes(skb, ETH_HLEN + __builtin_offsetof(struct iphdr, protocol), &protocol, 1);
	count(protocol);
	return 0; /* so many bytes of it reach the socket */
}
