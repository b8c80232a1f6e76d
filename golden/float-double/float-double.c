//go:build ignore

/* float and double: BPF cannot calculate with them, but carries them. */
#include "../include/bpf.h"

struct record {
	float f;
	double d;
	float row[3];
	union {
		float arm;
		__u32 bits;
	};
};

#define RECORDS 2
#define MEMBERS(X)                     \
	X(0, f, 1.5f)                  \
	X(0, d, -2.25)                 \
	X(0, row[0], 0.5f)             \
	X(0, row[2], 3e10f)            \
	X(0, arm, -0.125f)             \
	X(1, bits, 0x7f800000)

/* BPF has no comparison of floats: the bytes are compared. */
#define DIFFERS(member, value) differs(&(member), &(typeof(member)){ value }, sizeof(member))

static __always_inline int differs(const void *a, const void *b, __u32 size)
{
	const volatile __u8 *x = a, *y = b;

#pragma clang loop unroll(full)
	for (__u32 i = 0; i < size; i++)
		if (x[i] != y[i])
			return 1;
	return 0;
}

#include "../include/layout.h"
