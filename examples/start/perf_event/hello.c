//go:build ignore

/* Counts which threads run on the CPUs, by samples. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "Dual MIT/GPL";

struct task {
	char comm[16];
};

/* How often, by the name of the thread. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct task);
	__type(value, __u64);
	__uint(max_entries, 1024);
} counts SEC(".maps");

static __always_inline void count(void)
{
	struct task task = {};
	__u64 one = 1, *n;

	bpf_get_current_comm(task.comm, sizeof(task.comm));
	n = bpf_map_lookup_elem(&counts, &task);
	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&counts, &task, &one, BPF_NOEXIST);
}

SEC("perf_event")
int hello(void *ctx)
{
	count();
	return 0;
}
