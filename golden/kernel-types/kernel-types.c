//go:build ignore

/* What BTF of kernels has beside structs: enumerators without an enum's name, and records that say where their arrays are. */
#include "../include/bpf.h"

/* clang writes no enum that nothing refers to; what pointers point to is not looked at. */
struct {
	enum {
		FLAG_ANY,
		FLAG_NOEXIST,
		FLAG_EXIST,
		FLAG_SAME = FLAG_EXIST,
	} *flags;
	enum {
		CURRENT_NETNS = -1,
	} *netns;
	enum {
		INDEX_MASK = 0xffffffffULL,
		CTXLEN_MASK = 0xfffffULL << 32,
	} *masks;
} enums;

typedef enum {
	LEVEL_LOW,
	LEVEL_HIGH,
} level_t;

struct trace_entry {
	unsigned short type;
	unsigned char flags;
	unsigned char preempt_count;
	int pid;
};

/* __string(filename, …) and __rel_dynamic_array(…) of include/trace/trace_events.h. */
struct trace_event_raw_exec {
	struct trace_entry ent;
	__u32 __data_loc_filename;
	int __rel_loc_arguments;
	level_t level;
	enum {
		STATE_RUNNING,
		STATE_DEAD,
	} state;
	char __data[];
};

struct trace_event_raw_exec record;
/* A record as the kernel fills it: "/bin/true" behind the struct, "a b" behind that. */
#define PLACE(offset, length) ((length) << 16 | (offset))
struct {
	struct trace_event_raw_exec head;
	char data[14];
} raw = {
	{ .__data_loc_filename = PLACE(24, 10), .__rel_loc_arguments = PLACE(24 + 10 - 16, 4) },
	"/bin/true\0a b",
};

char _license[] SEC("license") = "Dual MIT/GPL";
