//go:build ignore

/* Floats in a packed struct: C has them, the object has them, the kernel refuses the BTF. */
#include "../include/bpf.h"

struct record {
	__u8 tag;
	double misaligned;
	float too;
} __packed;

#define RECORDS 1
#define MEMBERS(X)              \
	X(0, tag, 4)            \
	X(0, misaligned, 1e300) \
	X(0, too, -1.5f)

struct record filled[RECORDS] = {
#define FILLED_MEMBER(slot, member, value) [slot].member = value,
	MEMBERS(FILLED_MEMBER)
};

char _license[] SEC("license") = "Dual MIT/GPL";
