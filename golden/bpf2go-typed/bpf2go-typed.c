//go:build ignore

/* -bpf2go -typed: the typed API over bpf2go's types; functions for what has no field there:
   unions, bitfields, flexible arrays, what -packed fix makes bytes of; types of events and of
   what has no name in C beside them. Of each target by itself. */
#include "../include/bpf.h"

struct __sk_buff;
static void *(*const reserve)(void *ringbuf, __u64 size, __u64 flags) = (void *)131;  /* bpf_ringbuf_reserve */
static void (*const submit)(void *data, __u64 flags) = (void *)132;                   /* bpf_ringbuf_submit */

enum verdict { VERDICT_PASS, VERDICT_DROP = 5 };

union address {
	__be32 v4;
	__u8 v6[16];
	struct {
		__u32 low : 20;
		__u32 high : 12;
		__u16 port;
	} parts;
};

struct flow_key {
	union address from; /* written out in flow_key */
	union address to;
	enum verdict verdict;
	_Bool seen;
};

struct hop {
	__s32 delta : 7;
	enum verdict verdict : 3;
	_Bool last : 1;
	__u16 ttl;
};

struct flow_stats {
	__u64 packets;
	union {
		__u32 mark;
		__u8 raw[8];
		struct {
			__u16 class;
			__u16 queue;
		};
	};
	struct hop hops[2];
#ifdef __TARGET_ARCH_x86
	__u32 only_here;
#endif
};

struct record { /* packed: bytes and functions */
	__u8 kind;
	__u32 pid;
	__u64 when;
} __packed;

struct event { /* no map but a ring buffer has it */
	__u32 pid;
	__u16 count;
	char comm[];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct flow_key);
	__type(value, struct flow_stats);
	__uint(max_entries, 16);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct record);
	__uint(max_entries, 4);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct { __u32 a; __u32 b; });
	__type(value, struct flow_stats);
	__uint(max_entries, 4);
} unnamed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_HASH);
		__type(key, struct flow_key);
		__type(value, struct hop);
		__uint(max_entries, 4);
	});
} shards SEC(".maps");

const struct event *unused __attribute__((unused));
__u64 dropped;
const volatile __u32 sample_rate = 1;
static int hidden;

SEC("socket") int count_packets(struct __sk_buff *ctx)
{
	struct event *e = reserve(&events, sizeof(*e), 0);

	if (!e)
		return 0;
	e->pid = 7;
	e->count = sample_rate;
	submit(e, 0);
	__sync_fetch_and_add(&dropped, 1);
	hidden++;
	return 0;
}

char _license[] SEC("license") = "GPL";
