//go:build ignore

// Counts system calls by their number. Each CPU has counters of its own, so
// that none waits for another.
#include "helpers.h"

char _license[] SEC("license") = "Dual MIT/GPL";

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 512);
} calls SEC(".maps");

// The process whose calls are counted; 0 for all.
const volatile __u32 only_pid = 0;

SEC("raw_tracepoint/sys_enter")
int on_syscall(struct bpf_raw_tracepoint_args *ctx)
{
	__u32 number = ctx->args[1];
	__u64 *count;

	if (only_pid && bpf_get_current_pid_tgid() >> 32 != only_pid)
		return 0;
	count = bpf_map_lookup_elem(&calls, &number);
	if (count)
		(*count)++; // no other CPU writes it
	return 0;
}
