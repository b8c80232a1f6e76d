//go:build ignore

/* Externs that the loader resolves: the kernel's configuration and symbols. */
#include "../include/bpf.h"

extern unsigned int LINUX_KERNEL_VERSION __kconfig;
extern bool CONFIG_BPF __kconfig;
extern enum libbpf_tristate { TRI_NO, TRI_YES, TRI_MODULE } CONFIG_IPV6 __kconfig;
extern int CONFIG_HZ __kconfig;
extern char CONFIG_DEFAULT_HOSTNAME[32] __kconfig;

extern void bpf_prog_active __ksym;
extern void bpf_may_be_missing __ksym __weak;

__u64 seen;

SEC("tc")
int read_externs(void *ctx)
{
	seen = LINUX_KERNEL_VERSION + CONFIG_BPF + CONFIG_IPV6 + CONFIG_HZ + CONFIG_DEFAULT_HOSTNAME[0];
	seen += (__u64)&bpf_prog_active + (__u64)&bpf_may_be_missing;
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
