//go:build ignore

/* A struct that its author wrote differently for each byte order. */
#include "../include/bpf.h"

struct iphdr {
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	__u8 ihl : 4;
	__u8 version : 4;
#else
	__u8 version : 4;
	__u8 ihl : 4;
#endif
	__u8 tos;
	__be16 tot_len;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct iphdr);
} headers SEC(".maps");

char _license[] SEC("license") = "Dual MIT/GPL";
