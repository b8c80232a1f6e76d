//go:build ignore

/* bpf2go's API and types: what it emits by its names, what it refuses done
   right. */
#include "../include/bpf.h"

enum verdict { VERDICT_PASS, VERDICT_DROP = 5 };

typedef enum { MODE_A, MODE_B } mode_t2;

struct address {
	__be32 v4;
	__u16 port;
};

struct flow_key {
	struct address from; /* written out in flow_key: nothing names it */
	struct address to;
	enum verdict verdict;
	_Bool seen;
};

typedef struct {
	__u64 packets;
	union {
		__u32 mark;
		__u8 raw[8];
	};
	__u32 low : 4, high : 28;
	void *pointer;          /* refused by bpf2go */
	double ratio;           /* refused by bpf2go */
	struct {                /* refused by bpf2go */
		__u32 inside;
		__u32 beside;
	};
	union {} nothing;       /* refused by bpf2go */
	__u64 last;
} flow_stats_t;

struct event {
	mode_t2 mode;
	char comm[16];
	struct flow_key keys[2];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct flow_key);
	__type(value, flow_stats_t);
	__uint(max_entries, 16);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64[4]);
	__uint(max_entries, 1);
} plain SEC(".maps");

struct event last_event;
enum verdict table[4];
const volatile __u32 sample_rate = 1;
static int hidden;

SEC("xdp") int count_packets(struct xdp_md *ctx)
{
	hidden++;
	last_event.mode = MODE_B;
	table[hidden & 3] = sample_rate;
	return 0;
}
