//go:build ignore

/* Go types of the user for scalars: each stands wherever C has that scalar, also
 * by a typedef that has no binding of its own.
 */
#include "../include/bpf.h"

typedef int verdict_t;
typedef int level_t;

struct inner {
	int count;
	short rest;
};

struct flow {
	int plain, list[3];
	__s32 kernel;
	verdict_t verdict;
	level_t level;
	int low : 3, high : 5;
	union {
		int number;
		char text[4];
	};
	char comm[16];
	_Bool seen[2];
	struct inner inner;
	__be32 address;
};

struct __attribute__((packed)) packed {
	char kind;
	int misplaced;
};

struct prefix {
	__u32 prefixlen;
	__u8 data[4];
};

struct event {
	int kind;
	int values[];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, int);
	__type(value, struct flow);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct packed);
} packeds SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, 8);
	__type(key, struct prefix);
	__type(value, int);
} prefixes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
	__type(value, struct event);
} events SEC(".maps");

int variable = 1;
const volatile int constant = 2;
char letters[8];

char _license[] SEC("license") = "Dual MIT/GPL";
