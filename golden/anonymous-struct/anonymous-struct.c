//go:build ignore

/* Structs without a name: as members that C flattens, and as the type of a named member. */
#include "../include/bpf.h"

struct record {
	__u8 before;
	struct {
		__u32 flat;
		struct {
			__u16 flatter;
			__u8 flattest;
		};
	};
	struct {
		__u64 inside;
		struct {
			__u8 deep;
		} deeper;
	} named;
	struct {
		__u16 x;
		__u32 y;
	} row[2];
	__u8 after;
};

#define RECORDS 1
#define MEMBERS(X)                             \
	X(0, before, 1)                        \
	X(0, flat, 0x02030405)                 \
	X(0, flatter, 0x0607)                  \
	X(0, flattest, 8)                      \
	X(0, named.inside, 0x090a0b0c0d0e0f10) \
	X(0, named.deeper.deep, 0x11)          \
	X(0, row[0].x, 0x1213)                 \
	X(0, row[0].y, 0x14151617)             \
	X(0, row[1].x, 0x1819)                 \
	X(0, row[1].y, 0x1a1b1c1d)             \
	X(0, after, 0x1e)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, struct { __u32 id; __u32 cpu; });
	__type(value, struct { __u64 count; union { __u32 last; __u8 bytes[4]; }; });
} anonymous_key_and_value SEC(".maps");

#include "../include/layout.h"
