//go:build ignore

// Counts packets on XDP, by the version of the program that saw them.
#include "net.h"

char _license[] SEC("license") = "MIT";

// The next version takes this map over.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u32); // the version
	__type(value, __u64);
	__uint(max_entries, 1024);
} packets SEC(".maps");

const volatile __u32 version = 1;

SEC("xdp")
int count_packets(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	struct ethhdr *eth = data;
	__u32 key = version;
	__u64 *n, none = 0;

	if ((void *)(eth + 1) > end || eth->proto != bpf_htons(ETH_P_IP))
		return XDP_PASS;
	n = bpf_map_lookup_elem(&packets, &key);
	if (!n) {
		bpf_map_update_elem(&packets, &key, &none, BPF_NOEXIST);
		n = bpf_map_lookup_elem(&packets, &key);
		if (!n)
			return XDP_PASS;
	}
	__sync_fetch_and_add(n, 1);
	return XDP_PASS;
}
