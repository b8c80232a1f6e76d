//go:build ignore

/* Go types of the user that stand for C types: -bind. */
#include "../include/bpf.h"

struct flow {
	__be32 saddr, daddr;
	__u16 port;
	struct {
		__u8 proto;
		__u8 ttl : 4, tos : 4;
	};
	union {
		__u32 mark;
		__u8 octets[4];
	};
};

enum verdict { VERDICT_PASS, VERDICT_DROP };

struct stats {
	__u64 packets;
	enum verdict last[2];
	_Bool seen;
	__u8 pad[7];
	void *sock;
	char comm[16];
};

/* Holds some of them, one where Go has no place for it. */
struct __attribute__((packed)) entry {
	__u8 kind;
	struct stats stats;
	struct flow flow;
	enum verdict verdict : 2;
};

typedef __u64 cookie_t;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, struct flow);
	__type(value, struct stats);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, struct entry);
} entries SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
	__type(value, struct stats);
} events SEC(".maps");

cookie_t cookie;
enum verdict initial;
struct flow last_flow;
__be32 gateway;

char _license[] SEC("license") = "Dual MIT/GPL";
