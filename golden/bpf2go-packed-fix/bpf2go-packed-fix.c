//go:build ignore

/* -packed fix: a packed struct that Go would lay out otherwise, with the fields that bpf2go
   gives it. */
#include "../include/bpf.h"

struct inner {
	__u8 tag;
	__u32 value;
} __packed;

struct record {
	__u8 kind;
	__u16 port;
	__u64 when;
	struct inner inner[2];
	__u8 end;
} __packed;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__type(key, __u32);
	__type(value, struct record);
	__uint(max_entries, 1);
} records SEC(".maps");
