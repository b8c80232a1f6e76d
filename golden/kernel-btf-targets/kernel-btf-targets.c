//go:build ignore

/*
 * Programs for functions of the kernel's BTF that cilium/ebpf v0.22 does not
 * find: lsm_cgroup and fsession. With what a loader has to resolve in them.
 */
#include "../include/bpf.h"

/* type is at another offset in the kernel. */
struct socket {
	short type;
} __attribute__((preserve_access_index));

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 16);
} binds SEC(".maps");

int count_binds(__u64 *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(key_size, 4);
	__uint(max_entries, 2);
	__array(values, int(void *));
} steps SEC(".maps") = {
	.values = {[1] = (void *)&count_binds},
};

const volatile __u32 most = 16;
__u64 opened;

static __noinline int count(__u32 type)
{
	__u64 *n;

	if (type >= most)
		return 0;
	n = bpf_map_lookup_elem(&binds, &type);
	if (n)
		__sync_fetch_and_add(n, 1);
	return 0;
}

SEC("lsm_cgroup/socket_bind")
int count_binds(__u64 *ctx)
{
	struct socket *sock = (void *)ctx[0];

	count(sock->type);
	return 1;
}

/* At entry and at return: two each time. */
SEC("?fsession/vfs_open")
int count_opens(__u64 *ctx)
{
	__sync_fetch_and_add(&opened, 1);
	return 0;
}

/* What the kernel has, what it lacks and may, and what it lacks and must not. */
extern void bpf_rcu_read_lock(void) __ksym;
extern void bpf_rcu_read_unlock(void) __ksym;
extern void bpf_never_was(void) __ksym __weak;
extern void bpf_must_be(void) __ksym;
extern void vfs_open __ksym;
extern void vfs_never_was __ksym __weak;
extern void vfs_must_be __ksym;
extern unsigned int LINUX_KERNEL_VERSION __kconfig;
extern _Bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;

unsigned int version;
bool wrapper;
__u64 symbol, missing = 1;

static __always_inline void ask_kernel(void)
{
	bpf_rcu_read_lock();
	version = LINUX_KERNEL_VERSION;
	wrapper = LINUX_HAS_SYSCALL_WRAPPER;
	bpf_rcu_read_unlock();
	symbol = (__u64)&vfs_open;
	missing = (__u64)&vfs_never_was;
	if (bpf_never_was)
		bpf_never_was();
}

SEC("?lsm_cgroup/socket_bind")
int calls_kernel(__u64 *ctx)
{
	ask_kernel();
	return 1;
}

SEC("?fsession/vfs_open")
int calls_kernel_twice(__u64 *ctx)
{
	ask_kernel();
	return 0;
}

SEC("?lsm_cgroup/socket_bind")
int calls_what_is_not_there(__u64 *ctx)
{
	bpf_must_be();
	bpf_must_be();
	missing = (__u64)&vfs_must_be;
	return 1;
}

SEC("?lsm_cgroup/no_such_hook")
int no_such_hook(__u64 *ctx)
{
	return 1;
}

SEC("?lsm_cgroup/socket_bind")
int refused(__u64 *ctx)
{
	return *(int *)1;
}

char _license[] SEC("license") = "Dual MIT/GPL";
