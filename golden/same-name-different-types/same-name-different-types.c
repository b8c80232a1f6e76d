//go:build ignore

/* Two structs of one name in two scopes: C can, Go cannot. */
#include "../include/bpf.h"

SEC("socket")
int first(void *ctx)
{
	struct event { __u32 a; };
	static struct event volatile last;

	return last.a++;
}

SEC("socket")
int second(void *ctx)
{
	struct event { __u64 b; };
	static struct event volatile last;

	return last.b++;
}

char _license[] SEC("license") = "Dual MIT/GPL";
