//go:build ignore

/* Decl tags for bpfgen of which nothing comes: each is a warning. */
#include "../include/bpf.h"

struct event {
	__u32 port : 16 __decl_tag("bpfgen:type=__be32");
	float rate __decl_tag("bpfgen:type=__be32");
	__u32 kind __decl_tag("bpfgen:nam=Type");
	__u32 wide __decl_tag("bpfgen:type=char");
	__u16 half __decl_tag("bpfgen:type=ipv4");
	__u8 eight[8] __decl_tag("bpfgen:type=ipv6");
	struct other { __u32 a; } other __decl_tag("bpfgen:type=ipv6");
	float number __decl_tag("bpfgen:type=ipv4");
	__u32 five __decl_tag("bpfgen:type=ipv5");
	struct {
		__u32 inside;
	} __decl_tag("bpfgen:name=Outside");
} __decl_tag("bpfgen:type=__be32");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct event);
} events SEC(".maps") __decl_tag("bpfgen:value=struct other");

const volatile __u32 address __decl_tag("bpfgen:type=__be32") = 1;

char _license[] SEC("license") = "Dual MIT/GPL";
