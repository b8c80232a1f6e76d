//go:build ignore

/* Lists the threads of the machine as text that user space reads. */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "Dual MIT/GPL";

/* What it reads of the kernel's structs; the loader finds their offsets by name (CO-RE). */
struct task_struct {
	int pid, tgid;
	char comm[16];
} __attribute__((preserve_access_index));

struct seq_file;

struct bpf_iter_meta {
	struct seq_file *seq;
} __attribute__((preserve_access_index));

struct bpf_iter__task {
	struct bpf_iter_meta *meta;
	struct task_struct *task;
} __attribute__((preserve_access_index));

/* How many there were, all reads together. */
__u64 threads;

SEC("iter/task")
int hello(struct bpf_iter__task *ctx)
{
	struct seq_file *seq = ctx->meta->seq;
	struct task_struct *task = ctx->task;

	if (!task) /* after the last one */
		return 0;
	__sync_fetch_and_add(&threads, 1);
	BPF_SEQ_PRINTF(seq, "%d %d %s\n", task->tgid, task->pid, task->comm);
	return 0;
}
