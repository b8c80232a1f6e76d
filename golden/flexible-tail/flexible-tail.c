//go:build ignore

/* Flexible arrays and other zero-size members at the end: not in the Go struct, read from the bytes behind it. */
#include "../include/bpf.h"

struct pair {
	__u16 a;
	__u32 b;
};

struct event {
	__u32 pid;
	__u8 count;
	__u16 numbers[];
};

struct pairs {
	__u64 when;
	__u8 count;
	struct pair pairs[];
};

struct old_style {
	__u32 length;
	char text[0];
};

struct inside {
	__u8 tag;
	struct event event;
};

/* Initialised with a tail, which is no part of the type: the records that the oracle reads. */
struct event sent = { 0x01020304, 3, { 0x1111, 0x2222, 0x3333 } };
struct pairs paired = { 5, 2, { { 1, 2 }, { 3, 4 } } };

/* A tail over which other members lie. */
struct {
	struct event event;
	__u16 behind[3];
} in_the_middle = { { 0x01020304, 3 }, { 0x1111, 0x2222, 0x3333 } };

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
	__type(value, struct event);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, struct old_style);
	__type(value, struct inside);
} heads SEC(".maps");

char _license[] SEC("license") = "Dual MIT/GPL";
