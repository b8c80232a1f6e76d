//go:build ignore

/* Bitfields: signed, unsigned and bool, across bytes, full width, zero width, beside plain members. */
#include "../include/bpf.h"

struct header {
	__u8 version : 4;
	__u8 length : 4;
	__u8 service;
	__u16 flags : 3;
	__u16 offset : 13;
};

struct record {
	__u32 one : 1;
	__u32 three : 3;
	__s32 minus : 5;
	__u32 across : 13;
	__u32 : 2;
	__u32 rest : 8;
	__u8 plain;
	__u8 after_plain : 7;
	__u64 wide : 40;
	__s64 wide_signed : 23;
	__u64 last_bit : 1;
	__u64 full : 64;
	bool yes : 1;
	bool no : 1;
	__u8 : 0;
	__u8 fresh : 2;
	__s8 whole_byte : 8;
	struct header header;
	struct {
		__u32 inner : 9;
		__u32 outer : 23;
	};
};

#define RECORDS 2
#define MEMBERS(X)                          \
	X(0, one, 1)                        \
	X(0, three, 5)                      \
	X(0, minus, -11)                    \
	X(0, across, 0x1abc)                \
	X(0, rest, 0xa5)                    \
	X(0, plain, 0x5a)                   \
	X(0, after_plain, 0x55)             \
	X(0, wide, 0xfedcba9876ULL)         \
	X(0, wide_signed, -1234567)         \
	X(0, last_bit, 1)                   \
	X(0, full, 0x8000000000000001ULL)   \
	X(0, yes, 1)                        \
	X(0, no, 0)                         \
	X(0, fresh, 2)                      \
	X(0, whole_byte, -100)              \
	X(0, header.version, 6)             \
	X(0, header.length, 9)              \
	X(0, header.service, 0x42)          \
	X(0, header.flags, 5)               \
	X(0, header.offset, 0x1234)         \
	X(0, inner, 0x155)                  \
	X(0, outer, 0x7abcde)               \
	X(1, three, 7)                      \
	X(1, minus, 15)                     \
	X(1, wide_signed, 0x3fffff)         \
	X(1, no, 1)                         \
	X(1, header.offset, 0x1fff)         \
	X(1, inner, 0x1ff)

#include "../include/layout.h"
