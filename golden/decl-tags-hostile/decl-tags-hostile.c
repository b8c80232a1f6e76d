//go:build ignore

/* Decl tags that would mean something to Go, were they copied into a comment as they are. */
#include "../include/bpf.h"

struct event {
	__u32 pid __decl_tag("+build ignore");
	__u32 kind : 3 __decl_tag("+build ignore");
	union {
		__u32 address __decl_tag("+build ignore");
		__u16 port;
	} peer;
	__u32 unsaid __decl_tag("");
} __decl_tag("+build ignore") __decl_tag("//go:build ignore") __decl_tag("\n*/\npackage other") __decl_tag("") __decl_tag("[link]: http://example.com");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct event);
} events SEC(".maps") __decl_tag("+build ignore") __decl_tag("//go:embed secret");

char _license[] SEC("license") = "Dual MIT/GPL";
