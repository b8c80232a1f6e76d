//go:build ignore

/* Keys of LPM tries whose functions and parameters would have names that others have. */
#include "../include/bpf.h"

/* The function uses bits and key itself. */
struct key {
	__u32 prefixlen;
	__u16 bits;
	__u16 bits_;
	__u16 key;
	__u16 key_;
	__u8 address[16];
};

/* NewLpmNamesKeyMapped would be the function of IPv4 in struct key, too. */
struct key_mapped {
	__u32 prefixlen;
	__u8 address[4];
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 8);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key);
	__type(value, __u32);
} routes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 8);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct key_mapped);
	__type(value, __u32);
} routes4 SEC(".maps");

char _license[] SEC("license") = "Dual MIT/GPL";
