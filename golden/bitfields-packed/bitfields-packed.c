//go:build ignore

/* Bitfields of packed structs: no byte is aligned and nothing is padded. */
#include "../include/bpf.h"

struct record {
	__u32 a : 3;
	__u32 b : 17;
	__u32 c : 31;
	__s64 d : 45;
	__u8 plain;
	__u32 e : 7;
	__u64 f : 58;
	__s8 g : 2;
} __packed;

#define RECORDS 1
#define MEMBERS(X)                        \
	X(0, a, 5)                        \
	X(0, b, 0x1a5a5)                  \
	X(0, c, 0x5a5a5a5a)               \
	X(0, d, -9876543210LL)            \
	X(0, plain, 0xcc)                 \
	X(0, e, 0x65)                     \
	X(0, f, 0x2a5a5a5a5a5a5a5ULL)     \
	X(0, g, -2)

#include "../include/layout.h"
