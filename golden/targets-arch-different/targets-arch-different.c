//go:build ignore

/* Types that differ between architectures; what is the same must be written once. */
#include "../include/bpf.h"

struct same { __u32 a; __u64 b; };

#if defined(__TARGET_ARCH_x86)
struct pt_regs { __u64 ax; __u64 bx; __u64 cx; };
struct mode { __u16 st_mode; };
#elif defined(__TARGET_ARCH_arm64)
struct pt_regs { __u64 regs[31]; __u64 sp; __u64 pc; };
struct mode { __u32 st_mode; };
#else
struct pt_regs { __u64 psw[2]; __u64 gprs[16]; };
struct mode { __u32 st_mode; };
#endif

struct event {
	__u32 pid;
	struct pt_regs regs;
	struct mode mode;
};

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
	__type(value, struct event);
} events SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct same);
} same SEC(".maps");

SEC("kprobe/tcp_connect")
int on_connect(struct pt_regs *ctx)
{
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
