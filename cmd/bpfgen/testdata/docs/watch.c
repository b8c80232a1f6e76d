//go:build ignore

/* What the guide's pipeline checks for several kernels: a program that reads a
 * struct of the kernel, whose member has another name since some release. */
#include "bpf.h"

#define FIELD_EXISTS 2 /* enum bpf_field_info_kind of libbpf's bpf_core_read.h */

struct task_struct {
	int pid;
	long state;
} __attribute__((preserve_access_index));

struct task_struct___new { /* since Linux 5.14 */
	unsigned int __state;
} __attribute__((preserve_access_index));

struct change {
	__u64 time;
	__u32 pid;
	__u32 state;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__uint(pinning, 1); /* LIBBPF_PIN_BY_NAME */
	__type(key, __u32);
	__type(value, struct change);
} changes SEC(".maps");

static long (*const read)(void *dst, __u32 size, const void *from) = (void *)113; /* bpf_probe_read_kernel */
static long (*const update)(void *map, const void *key, const void *value, __u64 flags) = (void *)2;

SEC("raw_tp/sched_switch") /* (bool preempt, struct task_struct *prev, struct task_struct *next, …) */
int watch(__u64 *ctx)
{
	struct task_struct *task = (void *)ctx[1];
	struct task_struct___new *now = (void *)ctx[1];
	struct change change = { .time = bpf_ktime_get_ns() };

	read(&change.pid, sizeof(change.pid), &task->pid);
	if (__builtin_preserve_field_info(now->__state, FIELD_EXISTS))
		read(&change.state, sizeof(change.state), &now->__state);
	else
		read(&change.state, sizeof(change.state), &task->state);
	update(&changes, &change.pid, &change, 0);
	return 0;
}

char _license[] SEC("license") = "GPL";
