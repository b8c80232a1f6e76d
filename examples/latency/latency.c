//go:build ignore

// Measures how long the kernel's vfs_read takes. There are two pairs of
// programs for the same two places: fentry and fexit cost less, kprobes work
// without trampolines.
#include "helpers.h"

char _license[] SEC("license") = "Dual MIT/GPL";

// When each thread entered the function.
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, __u64); // bpf_get_current_pid_tgid
	__type(value, __u64); // bpf_ktime_get_ns
	__uint(max_entries, 16384);
} entered SEC(".maps");

// How many calls took from 2^i up to 2^(i+1) nanoseconds.
__u64 histogram[40];

// The process that is measured; 0 for all.
const volatile __u32 only_pid = 0;

static __always_inline int enter(void)
{
	__u64 thread = bpf_get_current_pid_tgid(), now = bpf_ktime_get_ns();

	if (only_pid && thread >> 32 != only_pid)
		return 0;
	bpf_map_update_elem(&entered, &thread, &now, 0);
	return 0;
}

static __always_inline __u32 log2(__u64 v)
{
	__u32 n = 0;

	for (__u32 shift = 32; shift; shift /= 2) {
		if (v >> shift) {
			v >>= shift;
			n += shift;
		}
	}
	return n;
}

static __always_inline int leave(void)
{
	__u64 thread = bpf_get_current_pid_tgid();
	__u64 *since = bpf_map_lookup_elem(&entered, &thread);
	__u32 slot;

	if (!since)
		return 0;
	slot = log2(bpf_ktime_get_ns() - *since);
	if (slot < sizeof(histogram) / sizeof(histogram[0]))
		__sync_fetch_and_add(&histogram[slot], 1);
	bpf_map_delete_elem(&entered, &thread);
	return 0;
}

SEC("fentry/vfs_read")
int fentry_read(void *ctx)
{
	return enter();
}

SEC("fexit/vfs_read")
int fexit_read(void *ctx)
{
	return leave();
}

SEC("?kprobe/vfs_read")
int kprobe_read(void *ctx)
{
	return enter();
}

SEC("?kretprobe/vfs_read")
int kretprobe_read(void *ctx)
{
	return leave();
}
