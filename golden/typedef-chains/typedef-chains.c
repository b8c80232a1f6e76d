//go:build ignore

/* Typedefs of typedefs, with const and volatile between, of scalars, arrays, structs, unions and pointers. */
#include "../include/bpf.h"

typedef __u32 seconds;
typedef volatile seconds timeout;
typedef timeout idle_timeout;

typedef struct {
	__u16 a;
	__u32 b;
} plain;
typedef plain renamed;
typedef const renamed renamed_again;

typedef union {
	__u64 wide;
	__u8 narrow;
} either;

typedef __u8 mac[6];
typedef mac macs[2];

typedef struct tagged {
	__u32 x;
} tagged_alias;

typedef void *handle;
typedef handle handles[2];

struct record {
	idle_timeout idle;
	plain plain;
	renamed renamed;
	either either;
	macs macs;
	tagged_alias tagged;
	struct tagged same;
	handles handles;
};

#define RECORDS 2
#define MEMBERS(X)                          \
	X(0, idle, 0x01020304)              \
	X(0, plain.a, 0x0506)               \
	X(0, plain.b, 0x0708090a)           \
	X(0, renamed.a, 0x2526)             \
	X(0, renamed.b, 0x0b0c0d0e)         \
	X(0, either.wide, 0x1112131415161718) \
	X(0, macs[0][5], 0x19)              \
	X(0, macs[1][0], 0x1a)              \
	X(0, tagged.x, 0x1b1c1d1e)          \
	X(0, same.x, 0x1f202122)            \
	X(0, handles[1], (void *)0x23)      \
	X(1, either.narrow, 0x24)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, idle_timeout);
	__type(value, renamed_again);
} renamed_map SEC(".maps");

#include "../include/layout.h"
