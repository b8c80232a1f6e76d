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

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32) __decl_tag("bpfgen:name=Inside");
} __decl_tag("bpfgen:name=Ahead") numbers SEC(".maps") __decl_tag("bpfgen:event=struct event");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} records SEC(".maps") __decl_tag("bpfgen:event=struct event");

extern void symbol __ksym __decl_tag("bpfgen:name=Symbol");
struct event *unused __decl_tag("bpfgen:name=Unused") __attribute__((unused));

static __attribute__((noinline)) int __decl_tag("bpfgen:name=Helper") helper(int n __decl_tag("bpfgen:name=N"))
{
	return n + (int)(long)&symbol;
}

SEC("tc")
int prog(void *ctx __decl_tag("bpfgen:type=__be32"))
{
	return helper((int)(long)ctx);
}

const volatile __u32 address __decl_tag("bpfgen:type=__be32") = 1;

char _license[] SEC("license") = "Dual MIT/GPL";
