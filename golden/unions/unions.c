//go:build ignore

/* Named unions: as a member, inside each other, in an array, and as a whole value. */
#include "../include/bpf.h"

union number {
	__u64 whole;
	__s32 half;
	__u16 quarters[4];
	__u8 bytes[8];
};

struct pair {
	__u16 first;
	__u32 second;
};

union nested {
	struct pair pair;
	union number number;
	__u8 one;
};

struct record {
	__u8 tag;
	union number number;
	union nested deep;
	union number row[2];
};

#define RECORDS 3
#define MEMBERS(X)                                 \
	X(0, tag, 1)                               \
	X(0, number.whole, 0x1122334455667788ULL)  \
	X(0, deep.pair.first, 0x1234)              \
	X(0, deep.pair.second, 0x56789abc)         \
	X(0, row[0].half, -4)                      \
	X(0, row[1].quarters[3], 0x4321)           \
	X(1, tag, 2)                               \
	X(1, number.half, -123456)                 \
	X(1, deep.number.quarters[1], 0x1020)      \
	X(1, row[0].bytes[7], 0x70)                \
	X(1, row[1].whole, 0x8877665544332211ULL)  \
	X(2, tag, 3)                               \
	X(2, number.bytes[1], 0xb1)                \
	X(2, number.bytes[6], 0xb6)                \
	X(2, deep.one, 0xee)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, union number);
	__type(value, union nested);
} whole_unions SEC(".maps");

#include "../include/layout.h"
