//go:build ignore

/* Integers of every size and sign, plain char, and the padding between them. */
#include "../include/bpf.h"

struct record {
	__u8 u8;
	__s8 s8;
	__u16 u16;
	__s16 s16;
	char plain_char;
	__u32 u32;
	__s32 s32;
	__u8 before_gap;
	__u64 u64;
	__s64 s64;
	unsigned long ulong;
	long slong;
	__u8 last;
};

#define RECORDS 1
#define MEMBERS(X)                       \
	X(0, u8, 0xfe)                   \
	X(0, s8, -2)                     \
	X(0, u16, 0xfedc)                \
	X(0, s16, -300)                  \
	X(0, plain_char, 'c')            \
	X(0, u32, 0xfedcba98)            \
	X(0, s32, -70000)                \
	X(0, before_gap, 77)             \
	X(0, u64, 0xfedcba9876543210ULL) \
	X(0, s64, -5000000000LL)         \
	X(0, ulong, 0x0102030405060708)  \
	X(0, slong, -9)                  \
	X(0, last, 1)

#include "../include/layout.h"
