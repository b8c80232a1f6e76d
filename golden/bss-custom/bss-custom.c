//go:build ignore

/* .bss.x, which libbpf takes and the library refuses. */
#include "../include/bpf.h"

struct state { __u32 a; __u8 b : 4; };

struct state state SEC(".bss.state");
__u64 plain;

SEC("socket")
int count(void *ctx)
{
	state.a++;
	return plain++;
}

char _license[] SEC("license") = "Dual MIT/GPL";
