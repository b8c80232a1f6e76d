//go:build ignore

/*
 * Maps that no kernel creates: TestFailuresAreTheKernels of btfparse tries. Each
 * has one thing wrong; "fine" has nothing.
 */
#include "../include/bpf.h"

#define MAP(name, t, ...)                 \
	struct {                          \
		__uint(type, BPF_MAP_TYPE_##t); \
		__VA_ARGS__               \
	} name SEC(".maps")
#define BPF_F_RDONLY_PROG (1 << 7)
#define BPF_F_WRONLY_PROG (1 << 8)
#define N(n) __uint(max_entries, n);
#define FLAGS(f) __uint(map_flags, f);
#define KEY(t) __type(key, t);
#define VALUE(t) __type(value, t);
#define KEY_SIZE(n) __uint(key_size, n);
#define VALUE_SIZE(n) __uint(value_size, n);

struct large { __u8 bytes[40000]; };
struct lpm { __u32 prefixlen; __u8 addr[4]; };
struct odd { __u8 bytes[6]; };

MAP(fine, HASH, N(8) KEY(__u32) VALUE(__u32));

struct {
	__uint(max_entries, 8);
	__type(key, __u32);
	__type(value, __u32);
} no_type SEC(".maps");
MAP(no_entries, HASH, KEY(__u32) VALUE(__u32));
MAP(no_entries_ring, RINGBUF, );
MAP(entries_of_storage, TASK_STORAGE, N(8) FLAGS(BPF_F_NO_PREALLOC) KEY(int) VALUE(__u32));

MAP(key_of_eight, ARRAY, N(8) KEY(__u64) VALUE(__u32));
MAP(no_key, HASH, N(8) VALUE(__u32));
MAP(no_value, HASH, N(8) KEY(__u32));
MAP(key_of_queue, QUEUE, N(8) KEY(__u32) VALUE(__u32));
MAP(value_of_six, DEVMAP, N(8) KEY(__u32) VALUE(struct odd));
MAP(short_prefix, LPM_TRIE, N(8) FLAGS(BPF_F_NO_PREALLOC) KEY(__u32) VALUE(__u32));
MAP(odd_stack, STACK_TRACE, N(8) KEY(__u32) VALUE_SIZE(60));
MAP(large_per_cpu, PERCPU_ARRAY, N(1) KEY(__u32) VALUE(struct large));
MAP(value_of_ring, RINGBUF, N(4096) VALUE_SIZE(8)); /* taken away at load */

MAP(preallocated_trie, LPM_TRIE, N(8) KEY(struct lpm) VALUE(__u32));
MAP(mapped_hash, HASH, N(8) FLAGS(BPF_F_MMAPABLE) KEY(__u32) VALUE(__u32));
MAP(lru_without_prealloc, LRU_HASH, N(8) FLAGS(BPF_F_NO_PREALLOC) KEY(__u32) VALUE(__u32));
MAP(neither_reads, ARRAY, N(8) FLAGS(BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG) KEY(__u32) VALUE(__u32));
MAP(untyped_storage, SK_STORAGE, FLAGS(BPF_F_NO_PREALLOC) KEY_SIZE(4) VALUE_SIZE(8));
MAP(extra, HASH, N(8) __uint(map_extra, 3); KEY(__u32) VALUE(__u32));
MAP(hashes, BLOOM_FILTER, N(8) __uint(map_extra, 16); VALUE(__u32));
MAP(pinned_elsewhere, HASH, N(8) __uint(pinning, 7); KEY(__u32) VALUE(__u32));

/* These are variables, in a section of their own. */
struct tcp_congestion_ops { int (*init)(void *sk); };
MAP(ops, STRUCT_OPS, N(1) KEY_SIZE(4) VALUE(struct tcp_congestion_ops));

MAP(nothing_inside, ARRAY_OF_MAPS, N(8) KEY(__u32) VALUE(__u32));
MAP(impossible_inside, ARRAY_OF_MAPS, N(8) KEY(__u32) __array(values, struct {
	__uint(type, BPF_MAP_TYPE_HASH); KEY(__u32) VALUE(__u32)
}););
MAP(programs_inside, ARRAY_OF_MAPS, N(8) KEY(__u32) __array(values, struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY); N(2) KEY(__u32) VALUE(__u32)
}););

struct inner {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	N(4) KEY(__u32) VALUE(__u32)
} right SEC(".maps");
MAP(wider, ARRAY, N(4) KEY(__u32) VALUE(__u64));
MAP(longer, ARRAY, N(5) KEY(__u32) VALUE(__u32));
MAP(another, HASH, N(4) KEY(__u32) VALUE(__u32));
MAP(slots, ARRAY_OF_MAPS, N(4) KEY(__u32) __array(values, struct inner);) = {
	.values = { [0] = &right, [1] = (void *)&wider, [2] = (void *)&longer, [3] = (void *)&another, [4] = &right },
};
MAP(slots_by_name, HASH_OF_MAPS, N(4) KEY(__u64) __array(values, struct inner);) = {
	.values = { [0] = &right },
};

char _license[] SEC("license") = "Dual MIT/GPL";
