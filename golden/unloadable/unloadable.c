//go:build ignore

/* What keeps an object from being loaded, with the remedy for each. */
#include "../include/bpf.h"

#define MAP(name, ...)                            \
	struct {                                  \
		__uint(type, BPF_MAP_TYPE_ARRAY); \
		__uint(max_entries, 1);           \
		__type(key, __u32);               \
		__type(value, __u32);             \
	} name SEC(".maps") __VA_ARGS__

enum tristate { NO, YES, MODULE };
struct nothing {};
struct atomic { __u32 before; _Atomic int count; };
struct packed { char before; float rate; } __packed;

extern const bool LINUX_HAS_BPF_COOKIE __kconfig;
extern __u32 LINUX_KERNEL_VERSION __kconfig;
extern const bool LINUX_HAS_SYSCALL_WRAPPER __kconfig;
extern bool MY_OPTION __kconfig;
extern enum tristate CONFIG_MODULE __kconfig;
extern bool CONFIG_MAY_BE_MISSING __kconfig __weak;
extern bool LINUX_HAS_SOMETHING __kconfig __weak;
extern const void bpf_prog_active __ksym;
extern const void bpf_may_be_missing __ksym __weak;
extern int bpf_may_be_missing_too __ksym __weak;
extern int bpf_stats_enabled __ksym;
extern int elsewhere(void);
extern __u32 counter_elsewhere;

MAP(shared, __weak);
static MAP(hidden);
MAP(fine);

struct nothing empty;
struct atomic atomics;
struct packed packed;
volatile __u64 out;

SEC("socket")
int touch(void *ctx)
{
	__u32 zero = 0;

	out = (__u64)&bpf_prog_active + (__u64)&bpf_stats_enabled + counter_elsewhere;
	out += LINUX_HAS_BPF_COOKIE + LINUX_KERNEL_VERSION + LINUX_HAS_SYSCALL_WRAPPER + MY_OPTION + CONFIG_MODULE + CONFIG_MAY_BE_MISSING;
	out += LINUX_HAS_SOMETHING + (__u64)&bpf_may_be_missing + (__u64)&bpf_may_be_missing_too;
	bpf_map_lookup_elem(&fine, &zero);
	return !bpf_map_lookup_elem(&shared, &zero) + !bpf_map_lookup_elem(&hidden, &zero) + elsewhere();
}

char _license[] SEC("license") = "Dual MIT/GPL";
