//go:build ignore

/* Variables of every section, linkage and kind of type. */
#include "../include/bpf.h"

enum mode { MODE_OFF, MODE_ON, MODE_AUTO };

struct config {
	__u32 limit;
	__u8 flags : 3;
	__u8 mode : 5;
	union {
		__u32 v4;
		__u8 v6[16];
	};
};

const volatile __u32 rate = 10;
const volatile enum mode mode = MODE_AUTO;
const volatile struct config config = { .limit = 7, .flags = 5, .mode = 9, .v4 = 0x01020304 };
const volatile char name[16] = "golden";
const volatile bool verbose = true;
static const volatile __u64 static_constant = 0x1122334455667788ULL;

__u64 counter;
__u64 start = 42;
struct config current;
struct config table[3] = { { .limit = 1 }, { .limit = 2 }, { .limit = 3 } };
__u16 grid[2][3] = { { 1, 2, 3 }, { 4, 5, 6 } };
void *pointer;
double ratio = 0.5;
static __u32 static_data = 3;
static __u64 static_zero;

__u32 in_custom_data SEC(".data.custom") = 4;
static __u32 static_in_custom_data SEC(".data.custom") = 6;
const volatile __u32 in_custom_rodata SEC(".rodata.custom") = 5;

struct { __u32 x; __u32 y; } anonymous = { 1, 2 };
enum { ANON_A = 1, ANON_B } anonymous_enum = ANON_B;
__hidden __u32 hidden = 8;
__weak __u32 weak = 9;

SEC("socket")
int touch(void *ctx)
{
	static __u32 local_static;

	static_data += static_constant;
	static_in_custom_data++;
	local_static++;
	return static_data + static_zero++ + local_static;
}

char _license[] SEC("license") = "Dual MIT/GPL";
