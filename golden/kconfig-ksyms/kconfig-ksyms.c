//go:build ignore

/* Externs that the loader resolves: the kernel's configuration, symbols, kfuncs; weak ones may be missing. */
#include "../include/bpf.h"

enum libbpf_tristate { TRI_NO, TRI_YES, TRI_MODULE };

extern __u32 LINUX_KERNEL_VERSION __kconfig;
extern bool CONFIG_BPF __kconfig;
extern enum libbpf_tristate CONFIG_IPV6 __kconfig __weak;
extern __u64 CONFIG_HZ __kconfig __weak;
extern char CONFIG_DEFAULT_HOSTNAME[32] __kconfig __weak;

extern const void bpf_prog_active __ksym __weak;
extern const int runqueues __ksym __weak;
extern void *bpf_cast_to_kern_ctx(void *) __ksym __weak;

__u64 seen;

SEC("tc")
int read_externs(void *ctx)
{
	seen = LINUX_KERNEL_VERSION + CONFIG_BPF + CONFIG_IPV6 + CONFIG_HZ + CONFIG_DEFAULT_HOSTNAME[0];
	seen += (__u64)&bpf_prog_active;
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
