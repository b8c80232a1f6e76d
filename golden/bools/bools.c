//go:build ignore

/* _Bool: plain, in arrays, as a bitfield, in a packed struct, as a value. */
#include "../include/bpf.h"

struct record {
	bool yes;
	bool no;
	bool row[3];
	bool bit : 1;
	bool other_bit : 1;
	struct {
		__u8 before;
		bool packed;
		__u32 after;
	} __packed packed;
};

#define RECORDS 1
#define MEMBERS(X)              \
	X(0, yes, 1)            \
	X(0, no, 0)             \
	X(0, row[1], 1)         \
	X(0, bit, 0)            \
	X(0, other_bit, 1)      \
	X(0, packed.before, 9)  \
	X(0, packed.packed, 1)  \
	X(0, packed.after, 0x0a0b0c0d)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, bool);
} flags SEC(".maps");

#include "../include/layout.h"
