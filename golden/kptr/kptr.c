//go:build ignore

/* Pointers with type tags: kptrs of the kernel and user pointers. */
#include "../include/bpf.h"

struct task_struct;
struct prog_test_ref_kfunc;

struct held {
	__u64 when;
	struct task_struct __kptr *task;
	struct prog_test_ref_kfunc __kptr_untrusted *seen;
	struct task_struct __percpu_kptr *each;
	char __type_tag("user") *buffer;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct held);
} held SEC(".maps");

char _license[] SEC("license") = "Dual MIT/GPL";
