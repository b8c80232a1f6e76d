//go:build ignore

// Forbids everybody to open the files of a list.
#include "helpers.h"

char _license[] SEC("license") = "Dual MIT/GPL";

struct file_id {
	__u64 device; // as the kernel has it: major << 20 | minor
	__u64 inode;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, struct file_id);
	__type(value, __u64); // how often it was denied
	__uint(max_entries, 1024);
} denied SEC(".maps");

struct super_block {
	__u32 s_dev;
} __core;

struct inode {
	unsigned long i_ino;
	struct super_block *i_sb;
} __core;

struct file {
	struct inode *f_inode;
} __core;

// file_open(file), and what programs before this one have returned.
SEC("lsm/file_open")
int deny_open(__u64 *ctx)
{
	struct file *file = (void *)ctx[0];
	int verdict = ctx[1];
	struct file_id id = {};
	__u64 *count;

	if (verdict)
		return verdict;
	id.device = file->f_inode->i_sb->s_dev;
	id.inode = file->f_inode->i_ino;
	count = bpf_map_lookup_elem(&denied, &id);
	if (!count)
		return 0;
	__sync_fetch_and_add(count, 1);
	return -EPERM;
}
