//go:build ignore

// Reports every program that is executed, over a ring buffer.
#include "helpers.h"

char _license[] SEC("license") = "Dual MIT/GPL";

struct exec_event {
	__u64 time; // bpf_ktime_get_boot_ns
	__u32 pid;
	__u32 uid;
	char comm[16];
	char filename[128];
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
	__type(value, struct exec_event);
} events SEC(".maps");

// Events for which the ring buffer had no room.
__u64 lost;

// As /sys/kernel/tracing/events/sched/sched_process_exec/format has it.
struct sched_process_exec {
	__u64 common;
	__u32 filename; // where it is, from the start: offset in the lower half, size in the upper
	__s32 pid;
	__s32 old_pid;
};

SEC("tracepoint/sched/sched_process_exec")
int on_exec(struct sched_process_exec *ctx)
{
	struct exec_event *event = bpf_ringbuf_reserve(&events, sizeof(*event), 0);

	if (!event) {
		__sync_fetch_and_add(&lost, 1);
		return 0;
	}
	event->time = bpf_ktime_get_boot_ns();
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->uid = bpf_get_current_uid_gid();
	bpf_get_current_comm(event->comm, sizeof(event->comm));
	bpf_probe_read_kernel_str(event->filename, sizeof(event->filename), (void *)ctx + (ctx->filename & 0xffff));
	bpf_ringbuf_submit(event, 0);
	return 0;
}
