//go:build ignore

// Counts the packets of an interface in both directions, on tc.
#include "helpers.h"

char _license[] SEC("license") = "Dual MIT/GPL";

enum direction {
	INGRESS,
	EGRESS,
};

struct traffic {
	__u64 packets;
	__u64 bytes;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, enum direction);
	__type(value, struct traffic);
	__uint(max_entries, 2);
} counts SEC(".maps");

enum { TC_ACT_UNSPEC = -1 }; // next program

static __always_inline int count(struct __sk_buff *skb, enum direction direction)
{
	struct traffic *traffic = bpf_map_lookup_elem(&counts, &direction);

	if (traffic) {
		traffic->packets++;
		traffic->bytes += skb->len;
	}
	return TC_ACT_UNSPEC;
}

SEC("tc/ingress")
int count_ingress(struct __sk_buff *skb)
{
	return count(skb, INGRESS);
}

SEC("tc/egress")
int count_egress(struct __sk_buff *skb)
{
	return count(skb, EGRESS);
}
