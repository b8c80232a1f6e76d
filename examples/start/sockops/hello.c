//go:build ignore

/* Counts the TCP connections that the processes of a cgroup make, by the port they are to. */
#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "Dual MIT/GPL";

/* How many connections, by port. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, __u16);
	__type(value, __u64);
	__uint(max_entries, 1024);
} counts SEC(".maps");

static __always_inline void count(__u16 port)
{
	__u64 one = 1, *n = bpf_map_lookup_elem(&counts, &port);

	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&counts, &port, &one, BPF_NOEXIST);
}

SEC("sockops")
int hello(struct bpf_sock_ops *skops)
{
	if (skops->op == BPF_SOCK_OPS_ACTIVE_ESTABLISHED_CB) /* by connect(2) */
		count(bpf_ntohl(skops->remote_port));
	return 1;
}
