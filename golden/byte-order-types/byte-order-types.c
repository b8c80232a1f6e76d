//go:build ignore

/* __be16 … __le64: bytes in the order of the network, not of the machine. */
#include "../include/bpf.h"

typedef __be32 ipv4_address;

struct record {
	__be16 port;
	__be32 address;
	__be64 wide;
	__le16 l16;
	__le32 l32;
	__le64 l64;
	ipv4_address chained;
	__be16 row[2];
	union {
		__be32 v4;
		__be32 v6[4];
	};
	__u32 marked __decl_tag("bpfgen:type=__be32");
	struct {
		__u8 tag;
		__be32 misaligned;
	} __packed packed;
};

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define BE16(x) __builtin_bswap16(x)
#define BE32(x) __builtin_bswap32(x)
#define BE64(x) __builtin_bswap64(x)
#define LE16(x) (x)
#define LE32(x) (x)
#define LE64(x) (x)
#else
#define BE16(x) (x)
#define BE32(x) (x)
#define BE64(x) (x)
#define LE16(x) __builtin_bswap16(x)
#define LE32(x) __builtin_bswap32(x)
#define LE64(x) __builtin_bswap64(x)
#endif

#define RECORDS 2
#define MEMBERS(X)                              \
	X(0, port, BE16(443))                   \
	X(0, address, BE32(0x7f000001))         \
	X(0, wide, BE64(0x0102030405060708ULL)) \
	X(0, l16, LE16(0x1234))                 \
	X(0, l32, LE32(0x12345678))             \
	X(0, l64, LE64(0x123456789abcdef0ULL))  \
	X(0, chained, BE32(0x0a000001))         \
	X(0, row[1], BE16(53))                  \
	X(0, v4, BE32(0xc0a80001))              \
	X(0, marked, BE32(0x08080808))          \
	X(0, packed.tag, 0x77)                  \
	X(0, packed.misaligned, BE32(0x01010101)) \
	X(1, v6[3], BE32(0x00000001))

#include "../include/layout.h"
