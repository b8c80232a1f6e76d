//go:build ignore

/* Weak externs of .kconfig, which libbpf sets to zero where the kernel lacks them and the library refuses. */
#include "../include/bpf.h"

extern bool CONFIG_MAY_BE_MISSING __kconfig __weak;
extern __u64 CONFIG_NUMBER __kconfig __weak;

__u64 seen;

SEC("tc")
int read_externs(void *ctx)
{
	if (CONFIG_MAY_BE_MISSING)
		seen = CONFIG_NUMBER;
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
