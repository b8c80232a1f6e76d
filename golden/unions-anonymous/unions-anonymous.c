//go:build ignore

/* Unions without a name, as C programs mostly have them, inside each other too. */
#include "../include/bpf.h"

struct record {
	__u16 family;
	union {
		__be32 ipv4;
		__u8 ipv6[16];
		struct {
			__u32 low;
			__u64 high;
		};
	};
	union {
		struct {
			__u16 sport;
			__u16 dport;
		};
		__u32 ports;
		union {
			__s8 kind;
			__u16 code;
		};
	};
	union {
		__u8 only;
	};
};

#define RECORDS 4
#define MEMBERS(X)                     \
	X(0, family, 2)                \
	X(0, ipv4, 0x0a0b0c0d)         \
	X(0, sport, 0x1111)            \
	X(0, dport, 0x2222)            \
	X(0, only, 0x33)               \
	X(1, family, 10)               \
	X(1, ipv6[0], 0x20)            \
	X(1, ipv6[15], 0x15)           \
	X(1, ports, 0xa1b2c3d4)        \
	X(2, low, 0x01020304)          \
	X(2, high, 0x1112131415161718) \
	X(2, kind, -7)                 \
	X(3, code, 0xc0de)

#include "../include/layout.h"
