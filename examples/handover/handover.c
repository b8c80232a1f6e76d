//go:build ignore

// Counts executed programs by name, at a tracepoint, and which version of this
// program has counted them.
#include "helpers.h"

char _license[] SEC("license") = "Dual MIT/GPL";

struct exec_key {
	__u32 version;
	char comm[16];
};

// The next version takes this map over.
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, struct exec_key);
	__type(value, __u64);
	__uint(max_entries, 8192);
} execs SEC(".maps");

const volatile __u32 version = 1;

SEC("tracepoint/sched/sched_process_exec")
int on_exec(void *ctx)
{
	struct exec_key key = {.version = version};
	__u64 *n, none = 0;

	bpf_get_current_comm(key.comm, sizeof(key.comm));
	n = bpf_map_lookup_elem(&execs, &key);
	if (!n) {
		bpf_map_update_elem(&execs, &key, &none, 1 /* BPF_NOEXIST */);
		n = bpf_map_lookup_elem(&execs, &key);
		if (!n)
			return 0;
	}
	__sync_fetch_and_add(n, 1);
	return 0;
}
