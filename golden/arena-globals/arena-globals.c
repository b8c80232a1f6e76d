//go:build ignore

/* Globals inside an arena, which the library refuses. */
#include "../include/bpf.h"

#define __arena __attribute__((address_space(1)))

struct node { __u64 key; struct node __arena *next; };

struct {
	__uint(type, BPF_MAP_TYPE_ARENA);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 4);
} arena SEC(".maps");

int __arena in_arena SEC(".addr_space.1");
struct node __arena head SEC(".addr_space.1");

SEC("syscall")
int use(void *ctx)
{
	in_arena++;
	head.key = 1;
	/* Names the map, so that the program gets the arena. */
	return bpf_map_lookup_elem(&arena, &(__u32){ 0 }) != NULL;
}

char _license[] SEC("license") = "Dual MIT/GPL";
