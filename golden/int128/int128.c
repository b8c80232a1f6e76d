//go:build ignore

/* 128-bit integers: in structs, alone as a value, in arrays. */
#include "../include/bpf.h"

struct record {
	__u8 tag;
	__int128 s;
	unsigned __int128 u;
	unsigned __int128 row[2];
};

#define WIDE(high, low) (((unsigned __int128)(high) << 64) | (low))

#define RECORDS 1
#define MEMBERS(X)                                                      \
	X(0, tag, 1)                                                    \
	X(0, s, -2)                                                     \
	X(0, u, WIDE(0x0102030405060708ULL, 0x090a0b0c0d0e0f10ULL))     \
	X(0, row[1], WIDE(0x1112131415161718ULL, 0x191a1b1c1d1e1f20ULL))

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, unsigned __int128);
	__type(value, __int128);
} wide SEC(".maps");

#include "../include/layout.h"
