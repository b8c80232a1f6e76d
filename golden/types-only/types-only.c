//go:build ignore

/* Types without a loader, as from the BTF of a kernel: everything that has a name. */
#include "../include/bpf.h"

struct outer {
	struct { __u32 a; } inner;
	union { __u64 wide; __u8 narrow[8]; };
	__u8 tail[];
};

typedef struct { __u16 x; } by_typedef;
typedef enum { ONE = 1 } enum_by_typedef;
enum named { NAMED_TWO = 2 };
struct nothing {};

struct outer *unused_outer;
by_typedef *unused_typedef;
enum_by_typedef *unused_enum;
enum named *unused_named;
struct nothing *unused_nothing;

char _license[] SEC("license") = "Dual MIT/GPL";
