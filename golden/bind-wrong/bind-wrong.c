//go:build ignore

/* Go types that cannot stand for C types. Each difference is named. */
#include "../include/bpf.h"

struct flow {
	__u32 saddr, daddr;
	__u16 port;
	__u8 proto;
	__u8 flags : 3, : 5;
	union {
		__u32 mark;
		__u16 halves[2];
	};
	__u64 when;
};

struct smaller { __u32 a, b; };
struct signs { __s32 a; __u32 b; float f; _Bool on; void *p; __u32 n; };
struct gap { __u32 a; __u64 b; };
struct swapped { __u32 saddr, daddr; };
struct words { __u64 n; };
enum big { BIG = 0xffffffffu, SMALL = 0 };

struct flow flow;
struct smaller smaller;
struct signs signs;
struct gap gap;
struct swapped swapped;
struct words words;
enum big big;

char _license[] SEC("license") = "Dual MIT/GPL";
