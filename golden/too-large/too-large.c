//go:build ignore

/* What is larger than functions of Go can take: keys, values, records. The package compiles on all GOARCHes. */
#include "../include/bpf.h"

/* Go has the type, as a field: a function cannot take it. */
struct record { __u8 data[0x1fffffff]; };

/* clang's BTF has sizes in 32 bits of bits. */
struct cut { __u64 first; __u8 rest[0x20000000]; };

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__uint(key_size, 0x80000000);
	__uint(value_size, 0x7fffffff);
} by_size SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64[0x6000000]);
} by_type SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct record);
} records SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 0x40000000);
	__type(value, struct record);
} events SEC(".maps");

/* The largest that fits. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u8[511 << 20]);
} fits SEC(".maps");

struct cut *unused_cut;

SEC("socket")
int read(void *ctx)
{
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";
