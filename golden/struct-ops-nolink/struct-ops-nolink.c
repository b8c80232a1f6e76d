//go:build ignore

/* struct_ops of .struct_ops, which the library refuses: types, programs and variables come all the same. */
#include "../include/bpf.h"

struct golden_ops {
	int (*run)(void);
	__u32 flags;
};

struct value { __u64 count; };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct value);
} values SEC(".maps");

SEC("struct_ops/run")
int run(void *ctx)
{
	return 0;
}

SEC(".struct_ops")
struct golden_ops golden = { .run = (void *)run, .flags = 3 };

SEC("?.struct_ops")
struct golden_ops optional = { .run = (void *)run };

char _license[] SEC("license") = "Dual MIT/GPL";
