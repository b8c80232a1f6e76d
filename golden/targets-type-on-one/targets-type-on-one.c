//go:build ignore

/* Types that one target alone has: one holds a type that differs, one would have a name of the API of another target. */
#include "../include/bpf.h"

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
struct address {
	__u32 low, high, scope;
};

/* targetsTypeOnOneFlowsMap is the type of the map flows of the other target. */
struct flows_map {
	__u32 count;
};

struct flows_map counted = { 1 };
#else
struct address {
	__u32 low, high;
};

struct peers {
	struct address peers[2];
	__u32 count;
};

/* On big-endian, where C has no such struct, two peers are larger. */
struct flow {
	struct peers peers;
	__u32 packets;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct flow);
} flows SEC(".maps");
#endif

struct address local = { 1, 2 };

char _license[] SEC("license") = "Dual MIT/GPL";
