//go:build ignore

/* Externs of another object that was never linked in: the library refuses, libbpf too. */
#include "../include/bpf.h"

struct shared { __u32 a; __u32 b; };

extern struct shared elsewhere;
extern int helper(int x);

__u32 here;

SEC("socket")
int use(void *ctx)
{
	return elsewhere.a + here;
}

char _license[] SEC("license") = "Dual MIT/GPL";
