//go:build ignore

/* Enums of which the BTF has no sign, though C does: a typedef stands behind the colon. And such as look the same and are
   unsigned; of flags and of masks with zeroes nothing is said. */
#include "../include/bpf.h"

enum typedefed : __s32 { TYPEDEFED_MINUS = -1, TYPEDEFED_PLUS = 1 };
enum narrow : __s8 { NARROW_MINUS = -100 };
enum spelled : int { SPELLED_MINUS = -1 };
enum sentinel { SENTINEL_NONE = 0xffffffff, SENTINEL_ONE = 1 };
enum flags { FLAGS_TOP = 1u << 31, FLAGS_MASK = 0xf0000000, FLAGS_LOW = 1 };
enum byte_flags : __u8 { BYTE_FLAGS_LOW = 1, BYTE_FLAGS_HIGH = 64 };

struct record {
	enum typedefed typedefed;
	enum narrow narrow;
	enum spelled spelled;
	enum sentinel sentinel;
	enum flags flags;
	enum byte_flags byte_flags;
} record;

SEC("socket")
int use(void *ctx)
{
	return record.narrow;
}

char _license[] SEC("license") = "Dual MIT/GPL";
