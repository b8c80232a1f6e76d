//go:build ignore

// Copies the kernel's own record of every program that is executed, whole.
#include "helpers.h"

char _license[] SEC("license") = "Dual MIT/GPL";

// As the kernel's BTF has them. BPF overwrites ent, the first 8 bytes, with a pointer.
struct trace_entry {
	unsigned short type;
	unsigned char flags;
	unsigned char preempt_count;
	int pid;
};

struct trace_event_raw_sched_process_exec {
	struct trace_entry ent;
	__u32 __data_loc_filename;
	int pid;
	int old_pid;
	char __data[0];
};

// The bytes that are kept of a record: longer paths are cut off.
#define RECORD (sizeof(struct trace_event_raw_sched_process_exec) + 256)

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 * 1024);
} records SEC(".maps");

// Keeps the type, which no instruction refers to.
struct trace_event_raw_sched_process_exec *unused __attribute__((unused));

SEC("tracepoint/sched/sched_process_exec")
int on_exec(void *ctx)
{
	void *record = bpf_ringbuf_reserve(&records, RECORD, 0);

	if (!record)
		return 0;
	bpf_probe_read_kernel(record, RECORD, ctx);
	bpf_ringbuf_submit(record, 0);
	return 0;
}
