//go:build ignore

/* Named structs inside each other: each its own Go type, one used in several places being one. */
#include "../include/bpf.h"

struct address {
	__u8 bytes[4];
	__u16 port;
};

struct endpoint {
	struct address address;
	__u32 ifindex;
};

struct record {
	struct endpoint source;
	struct endpoint destination;
	struct address via[2];
	struct inside_only {
		__u16 a;
		struct inside_that {
			__u64 b;
		} that;
	} inside;
};

#define RECORDS 1
#define MEMBERS(X)                              \
	X(0, source.address.bytes[0], 192)      \
	X(0, source.address.bytes[3], 1)        \
	X(0, source.address.port, 8080)         \
	X(0, source.ifindex, 2)                 \
	X(0, destination.address.bytes[1], 168) \
	X(0, destination.address.port, 443)     \
	X(0, destination.ifindex, 3)            \
	X(0, via[0].bytes[2], 17)               \
	X(0, via[1].port, 53)                   \
	X(0, inside.a, 0x0102)                  \
	X(0, inside.that.b, 0x030405060708090a)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, struct address);
	__type(value, struct endpoint);
} routes SEC(".maps");

#include "../include/layout.h"
