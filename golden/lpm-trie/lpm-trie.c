//go:build ignore

/* LPM tries with typed keys: bytes, a scalar, leading exact-match fields, the kernel's own struct. */
#include "../include/bpf.h"

struct bpf_lpm_trie_key {
	__u32 prefixlen;
	__u8 data[0];
};

struct key4 {
	__u32 prefixlen;
	__u8 address[4];
};

struct key4_scalar {
	__u32 prefixlen;
	__be32 address;
};

struct key6 {
	__u32 prefixlen;
	__u8 address[16];
};

struct key_scoped {
	__u32 prefixlen;
	__u32 vrf;
	__u8 protocol;
	__u8 address[4];
} __packed;

struct key_kernel {
	struct bpf_lpm_trie_key trie;
	__u8 address[16];
};

#define TRIE(name, k)                                \
	struct {                                     \
		__uint(type, BPF_MAP_TYPE_LPM_TRIE); \
		__uint(map_flags, BPF_F_NO_PREALLOC); \
		__uint(max_entries, 8);              \
		__type(key, k);                      \
		__type(value, __u64);                \
	} name SEC(".maps")

TRIE(by_bytes, struct key4);
TRIE(by_scalar, struct key4_scalar);
TRIE(by_ipv6, struct key6);
TRIE(by_scope, struct key_scoped);
TRIE(by_kernel, struct key_kernel);

char _license[] SEC("license") = "Dual MIT/GPL";
