//go:build ignore

/* What the command line can say of an object: events, other names, build tags, types beside those used. */
#include "../include/bpf.h"

struct event {
	__u64 when;
	__u32 pid;
	__u8 extra[8];
};

struct beside {
	__u32 a;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__uint(key_size, 4);
	__uint(value_size, 4);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} records SEC(".maps");

struct value {
	struct event last;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct value);
} values SEC(".maps");

struct beside *unused;

char _license[] SEC("license") = "Dual MIT/GPL";
