//go:build ignore

/* Names that are no Go names, that clash once they are, or that Go's tools know. */
#include "../include/bpf.h"

struct type {
	__u32 func;
	__u32 range;
	__u32 _32_bit;
	__u32 __hidden__;
	__u32 _;
	__u32 __;
	__u32 String;
	__u32 Error;
};

struct clashing {
	__u32 foo_bar;
	__u32 fooBar;
	__u32 FooBar;
	__u32 foo__bar;
};

struct getters {
	union {
		__u32 value;
		__u16 raw_value;
	};
	__u32 set_value;
	__u32 SetValue;
	__u32 RawValue;
	__u8 read_byte : 3;
	__u8 String : 3;
	__u8 error : 2;
	char text[8];
	__u32 text_string;
	char GoString[4];
};

struct flow_key { __u32 a; };
struct FlowKey { __u64 a; };
union flowKey { __u16 a; };

enum colour { red, RED, Red, r_e_d };
enum { String = 7, type_ = 8 };

struct scope {
	struct { __u32 x; } inner;
	struct { __u64 x; } Inner;
};
struct scope_inner { __u8 x; };

#define HASH(name, k, v)                         \
	struct {                                 \
		__uint(type, BPF_MAP_TYPE_HASH); \
		__uint(max_entries, 8);          \
		__type(key, k);                  \
		__type(value, v);                \
	} name SEC(".maps")

HASH(type, struct type, struct clashing);
HASH(Type, struct getters, enum colour);
HASH(flows_map, struct flow_key, struct FlowKey);
HASH(FlowsMap, union flowKey, struct scope);
HASH(verdicts, __u32, __u32);
HASH(verdicts_map, __u32, __u64);
HASH(maps, struct scope_inner, __u32);
HASH(_1st, __u32, __u32);
HASH(Close, __u32, __u32);

const volatile __u32 Variables = 1;
__u32 variables;
__u32 close = 1;
__u32 range = 1;
enum colour *unused;

SEC("xdp")
int load(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int Load(struct xdp_md *ctx)
{
	return XDP_DROP;
}

SEC("xdp")
int select_(struct xdp_md *ctx)
{
	return String + variables;
}

char _license[] SEC("license") = "Dual MIT/GPL";
