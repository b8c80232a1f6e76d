//go:build ignore

/* Types that -map gives to maps and that cannot be theirs. */
#include "../include/bpf.h"

struct conn {
	__u32 addr;
	__u16 port;
};

/* Of another size on big-endian machines. */
struct stats {
	__u64 packets;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
	__u64 bytes;
#endif
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__uint(key_size, 6);
	__uint(value_size, 8);
} conns SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, struct conn);
	__uint(value_size, 8);
} typed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 8);
	__uint(key_size, 4);
	__uint(value_size, 4);
} tails SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_QUEUE);
	__uint(max_entries, 8);
	__uint(value_size, 8);
} queue SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__uint(key_size, 8);
	__uint(value_size, 8);
} mistyped SEC(".maps");

struct conn *conn_unused;
struct stats *stats_unused;

char _license[] SEC("license") = "Dual MIT/GPL";
