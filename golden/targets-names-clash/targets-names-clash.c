//go:build ignore

/* One Go name for a type of one target and an enumerator of the other, which share a package. */
#include "../include/bpf.h"

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
enum packet {
	PACKET_COUNT = 1,
};

enum packet what = PACKET_COUNT;
#else
struct packet_count {
	__u32 packets;
};

struct packet_count counted = { 1 };
#endif

char _license[] SEC("license") = "Dual MIT/GPL";
