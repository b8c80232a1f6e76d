//go:build ignore

/* btf_decl_tag: comments for the Go side, and those that tell bpfgen something. */
#include "../include/bpf.h"

struct event {
	__u64 when __decl_tag("nanoseconds since boot");
	__u32 type __decl_tag("bpfgen:name=Kind");
	__u32 address __decl_tag("bpfgen:type=__be32") __decl_tag("of the peer");
	__u8 comm[8] __decl_tag("bpfgen:type=char");
	__u32 source __decl_tag("bpfgen:type=ipv4");
	__be32 resolvers[2] __decl_tag("bpfgen:type=ipv4");
	__u8 target[16] __decl_tag("bpfgen:type=ipv6");
	__be32 gateways[2][4] __decl_tag("bpfgen:type=ipv6");
	struct { __u8 bytes[16]; } nested __decl_tag("bpfgen:type=ipv6");
	union {
		__u32 id;
		__u16 port __decl_tag("in host order");
	} __decl_tag("who it is");
} __decl_tag("one connection");

enum verdict { PASS, DROP };

typedef __u64 nanoseconds __decl_tag("a typedef with a tag");

struct stats {
	nanoseconds total;
	enum verdict last;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps") __decl_tag("bpfgen:event=struct event") __decl_tag("connections, one record each");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct stats);
} stats SEC(".maps") __decl_tag("bpfgen:name=Counters");

const volatile __u32 rate __decl_tag("one in how many packets is sampled") = 1;

/* Keeps struct event in BTF. */
struct event *unused;

__decl_tag("lets everything pass")
SEC("xdp")
int pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual MIT/GPL";
