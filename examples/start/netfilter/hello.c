//go:build ignore

/* Counts the IPv4 packets that are for this machine, by protocol, where iptables' rules run. */
#include <linux/bpf.h>
#include <linux/ip.h>
#include <linux/netfilter.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "Dual MIT/GPL";

/* What it needs of the kernel's structs; the loader finds their members by name. */
struct sk_buff {
	unsigned char *head;
	__u16 network_header;
} __attribute__((preserve_access_index));

struct bpf_nf_ctx {
	const struct nf_hook_state *state;
	struct sk_buff *skb;
};

/* How many packets, by the protocol of the IPv4 header (IPPROTO_…). */
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

SEC("netfilter")
int hello(struct bpf_nf_ctx *ctx)
{
	struct iphdr *ip = (void *)(ctx->skb->head + ctx->skb->network_header);
	__u8 protocol = 0;

	bpf_probe_read_kernel(&protocol, sizeof(protocol), &ip->protocol);
	count(protocol);
	return NF_ACCEPT;
}
