//go:build ignore

/* Kernel variables with their types, and kfuncs. */
#include "../include/bpf.h"

struct rq;
struct task_struct;

extern const int bpf_prog_active __ksym;
extern const struct rq runqueues __ksym;
extern void *bpf_per_cpu_ptr_of(const void *) __ksym __weak;

__u64 seen;

SEC("tc")
int read_externs(void *ctx)
{
	seen = (__u64)&bpf_prog_active + (__u64)&runqueues;
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
