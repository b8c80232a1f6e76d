//go:build ignore

/* Packed structs: misaligned members, nested, in arrays, and an aligned one inside. */
#include "../include/bpf.h"

struct point {
	__u16 x;
	__s32 y;
};

struct inner {
	__u8 tag;
	__u32 value;
} __packed;

struct record {
	__u8 kind;
	__u16 port;
	__u64 when;
	__s32 numbers[3];
	struct point point;
	struct inner inner;
	struct inner row[2];
	struct {
		__u8 a;
		__u64 b;
	} __packed named;
	union {
		__u64 either;
		__u8 other;
	};
	void *pointer;
	__be32 address;
	__u8 end;
} __packed;

#define RECORDS 2
#define MEMBERS(X)                          \
	X(0, kind, 1)                       \
	X(0, port, 0x2233)                  \
	X(0, when, 0x445566778899aabbULL)   \
	X(0, numbers[0], -1)                \
	X(0, numbers[1], 0x01020304)        \
	X(0, numbers[2], -70000)            \
	X(0, point.x, 0x0506)               \
	X(0, point.y, -505)                 \
	X(0, inner.tag, 7)                  \
	X(0, inner.value, 0x0708090a)       \
	X(0, row[0].tag, 8)                 \
	X(0, row[0].value, 0x0b0c0d0e)      \
	X(0, row[1].tag, 9)                 \
	X(0, row[1].value, 0x0f101112)      \
	X(0, named.a, 10)                   \
	X(0, named.b, 0x1314151617181920ULL) \
	X(0, either, 0x2122232425262728ULL) \
	X(0, pointer, (void *)0x1122334455) \
	X(0, address, 0x7f000001)           \
	X(0, end, 0xff)                     \
	X(1, other, 0x99)

#include "../include/layout.h"
