//go:build ignore

/* Members and structs aligned beyond their nature, and a packed struct with an alignment of its own. */
#include "../include/bpf.h"

struct cache_line {
	__u32 counter;
} __aligned(64);

struct four {
	__u8 a;
	__u32 b;
	__u8 c;
} __attribute__((packed, aligned(4)));

struct record {
	__u8 first;
	__u16 second __aligned(8);
	struct four four;
	struct cache_line lines[2];
	__u8 last;
};

#define RECORDS 1
#define MEMBERS(X)                       \
	X(0, first, 1)                   \
	X(0, second, 0x0202)             \
	X(0, four.a, 3)                  \
	X(0, four.b, 0x04040404)         \
	X(0, four.c, 5)                  \
	X(0, lines[0].counter, 0x06060606) \
	X(0, lines[1].counter, 0x07070707) \
	X(0, last, 8)

#include "../include/layout.h"
