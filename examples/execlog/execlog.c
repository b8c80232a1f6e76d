//go:build ignore

// Logs the beginning and the end of processes: two types of events on one perf
// event array, by raw tracepoints, which exist where tracefs is not mounted.
#include "helpers.h"

char _license[] SEC("license") = "Dual MIT/GPL";

enum event_kind {
	EVENT_KIND_EXEC = 1,
	EVENT_KIND_EXIT = 2,
};

// Every event starts with it.
struct event_header {
	__u64 time; // bpf_ktime_get_boot_ns
	enum event_kind kind;
	__u32 pid;
};

struct exec_event {
	struct event_header header;
	char filename[512];
};

struct exit_event {
	struct event_header header;
	char comm[16];
	__u32 code : 8, signal : 7, dumped : 1; // as wait(2) has them, the other way round
};

struct {
	__uint(type, BPF_MAP_TYPE_PERF_EVENT_ARRAY);
	__type(key, __u32);
	__type(value, struct event_header);
} events SEC(".maps");

// Events are too large for the stack of a program.
union event {
	struct exec_event exec;
	struct exit_event exit;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__type(key, __u32);
	__type(value, union event);
	__uint(max_entries, 1);
} scratch SEC(".maps");

struct linux_binprm {
	const char *filename;
} __core;

struct task_struct {
	int exit_code;
} __core;

static __always_inline union event *new_event(enum event_kind kind)
{
	__u32 zero = 0;
	union event *event = bpf_map_lookup_elem(&scratch, &zero);

	if (event) {
		event->exec.header.time = bpf_ktime_get_boot_ns();
		event->exec.header.kind = kind;
		event->exec.header.pid = bpf_get_current_pid_tgid() >> 32;
	}
	return event;
}

// sched_process_exec(task, old pid, binary)
SEC("raw_tp/sched_process_exec")
int log_exec(struct bpf_raw_tracepoint_args *ctx)
{
	struct linux_binprm *binary = (void *)ctx->args[2];
	union event *event = new_event(EVENT_KIND_EXEC);
	const char *filename = NULL;

	if (!event)
		return 0;
	bpf_probe_read_kernel(&filename, sizeof(filename), &binary->filename);
	bpf_probe_read_kernel_str(event->exec.filename, sizeof(event->exec.filename), filename);
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, event, sizeof(event->exec));
	return 0;
}

// sched_process_exit(task, …)
SEC("raw_tp/sched_process_exit")
int log_exit(struct bpf_raw_tracepoint_args *ctx)
{
	struct task_struct *task = (void *)ctx->args[0];
	__u64 id = bpf_get_current_pid_tgid();
	union event *event = new_event(EVENT_KIND_EXIT);
	int code = 0;

	if (!event || (__u32)id != id >> 32) // threads end, too
		return 0;
	bpf_probe_read_kernel(&code, sizeof(code), &task->exit_code);
	event->exit.code = code >> 8;
	event->exit.signal = code;
	event->exit.dumped = code >> 7;
	bpf_get_current_comm(event->exit.comm, sizeof(event->exit.comm));
	bpf_perf_event_output(ctx, &events, BPF_F_CURRENT_CPU, event, sizeof(event->exit));
	return 0;
}
