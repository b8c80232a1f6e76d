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

/* Structs with a tail at the end of others that have bytes behind them: these are the first of the tail. */
struct header {
	__u32 length;
	__u8 data[];
};

struct padded {
	__u64 when;
	struct header header;
};

struct twice_padded {
	__u64 when;
	__u32 cpu;
	struct {
		__u8 kind;
		struct header header;
	} inner;
};

struct in_union {
	__u8 kind;
	union {
		struct header header;
		__u64 number;
	} either;
};

struct in_anonymous_union {
	__u64 when;
	union {
		struct header header;
		__u32 number;
	};
};

/* Structs and unions that are nothing but a tail. */
struct only_tail {
	struct {} nothing;
	__u16 data[];
};

struct tail_behind {
	__u32 count;
	struct only_tail only;
};

struct tail_in_padding {
	__u64 when;
	__u32 count;
	struct only_tail only;
};

struct tails_behind {
	__u32 count;
	union {
		struct only_tail numbers;
		struct header header[0];
		__u8 bytes[0];
	} either;
};

#define TAIL 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'
struct padded in_padding;
struct twice_padded in_padding_twice;
struct in_union in_a_union;
struct in_anonymous_union in_an_anonymous_union;
struct tail_behind behind;
struct tail_in_padding behind_in_padding;
struct tails_behind behind_either;

/* Records with eight bytes of data, as programs send them that reserve offsetof(data) + 8. */
#define AT(type, member) __builtin_offsetof(struct type, member)
__u8 padded_record[] = { [8] = 8, [AT(padded, header.data)] = TAIL };
__u8 twice_padded_record[] = { [AT(twice_padded, inner.header)] = 8, [AT(twice_padded, inner.header.data)] = TAIL };
__u8 in_union_record[] = { [AT(in_union, either)] = 8, [AT(in_union, either.header.data)] = TAIL };
__u8 in_anonymous_union_record[] = { [AT(in_anonymous_union, header)] = 8, [AT(in_anonymous_union, header.data)] = TAIL };
__u8 tail_behind_record[] = { [AT(tail_behind, only.data)] = TAIL };
__u8 tail_in_padding_record[] = { [AT(tail_in_padding, only.data)] = TAIL };
__u8 tails_behind_record[] = { [AT(tails_behind, either.numbers.data)] = TAIL };

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
