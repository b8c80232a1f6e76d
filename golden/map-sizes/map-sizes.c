//go:build ignore

/* Maps that C declares by sizes alone, whose types -map gives. */
#include "../include/bpf.h"

struct conn {
	__be32 saddr;
	__be32 daddr;
	__be16 sport;
	__be16 dport;
};

struct stats {
	__u64 packets;
	__u64 bytes;
};

struct prefix {
	__u32 length;
	__u8 addr[4];
};

enum verdict { VERDICT_PASS, VERDICT_DROP };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__uint(key_size, sizeof(struct conn));
	__uint(value_size, sizeof(struct stats));
} conns SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 8);
	__uint(key_size, 4);
	__uint(value_size, sizeof(struct stats));
} totals SEC(".maps");

/* Scalars and arrays need not be in the object. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 8);
	__uint(key_size, 16);
	__uint(value_size, 8);
} names SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__uint(key_size, 4);
	__type(value, enum verdict);
} verdicts SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8);
	__uint(key_size, sizeof(struct prefix));
	__uint(value_size, 2 * sizeof(struct stats));
} routes SEC(".maps");


struct conn *conn_unused;
struct stats *stats_unused;
struct prefix *prefix_unused;

char _license[] SEC("license") = "Dual MIT/GPL";
