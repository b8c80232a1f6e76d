//go:build ignore

/* Enums of 8 bytes with a typedef behind the colon, of whose values clang writes the lower 4 bytes. */
#include "../include/bpf.h"

enum typedefed : __u64 { TYPEDEFED_BIG = 1ULL << 40, TYPEDEFED_SMALL = 2 };
enum typedefed_signed : __s64 { TYPEDEFED_MINUS = -2 };
enum narrow : __u32 { NARROW_MAX = 0xffffffff };
enum spelled : unsigned long long { SPELLED_BIG = 1ULL << 40, SPELLED_SMALL = 2 };
enum spelled_signed : long long { SPELLED_MINUS = -2 };
enum none { NONE_BIG = 1ULL << 40 };

struct record {
	enum typedefed typedefed;
	enum typedefed_signed typedefed_signed;
	enum narrow narrow;
	enum spelled spelled;
	enum spelled_signed spelled_signed;
	enum none none;
} record;

SEC("socket")
int use(void *ctx)
{
	return record.narrow;
}

char _license[] SEC("license") = "Dual MIT/GPL";
