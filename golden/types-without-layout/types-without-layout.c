//go:build ignore

/*
 * Types of which BTF has no size: clang writes void for _Atomic and _Complex.
 * Their bytes have a name all the same, and each is a warning.
 */
#include "../include/bpf.h"

struct undefined;

struct counters {
	__u32 before;
	_Atomic int one;
	_Atomic long many[2];
	union {
		_Atomic int arm;
		struct {
			__u16 low;
			_Atomic short high;
		};
		char text[8];
	};
	_Complex float last;
};

struct packed_counter {
	char before;
	_Atomic int one;
	char after;
} __packed;

struct counters counters;
struct packed_counter packed_counters[2];
_Atomic int alone;

/* Maps that the kernel cannot create; the rest of the object does not suffer. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, _Atomic int);
} atomics SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct undefined);
	__type(value, __u32);
} undefineds SEC(".maps");

char _license[] SEC("license") = "Dual MIT/GPL";
