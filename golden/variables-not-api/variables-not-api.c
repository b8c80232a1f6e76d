//go:build ignore

/*
 * Variables that are no API: those that are static in functions, the formats of
 * bpf_printk among them, and pointers that are only there to keep a type in the
 * BTF. And variables with addresses in them, which no loader fills in.
 */
#include "../include/bpf.h"

#define bpf_printk(fmt, ...)                                           \
	({                                                             \
		static const char ____fmt[] = fmt;                     \
		bpf_trace_printk(____fmt, sizeof(____fmt), ##__VA_ARGS__); \
	})

struct event { __u32 a; };
enum kind { KIND_A, KIND_B };
union either { __u32 number; __u8 bytes[4]; };
typedef struct { __u64 since; } session_t;
struct listed { __u16 b; };
typedef struct named { __u32 g; } named_t;
typedef named_t *named_p;
struct indirect { __u8 c; };
struct constant { __u16 d; };
struct hidden { __u32 e; };
struct used { __u32 f; };
struct undefined;

struct event *unused;
const enum kind *unused_kind __attribute__((unused));
volatile union either *unused_union = NULL;
session_t *unused_session;
struct listed *unused_list[2];
named_t *unused_named __weak;
named_p unused_pointer;
struct indirect **unused_indirect;
const struct constant *const unused_constant = NULL;
static struct hidden *unused_hidden __attribute__((used));

/* Nothing is kept by these: they are variables like others. */
void *opaque;
int *number;
void (*call)(void);
struct undefined *undefined;

/* A program uses it. */
struct used *volatile used;

const char *const volatile names[] = { "alpha", "beta", "gamma" };
int target = 3;
int *volatile where = &target;
struct { __u32 plain; int *last; } volatile mixed = { 1, &target };
static int *volatile elsewhere = &target;
__u64 plain[2] = { 1, 2 };
volatile int n;

static __noinline int printer(int x)
{
	if (x == 1)
		bpf_printk("one %d", x);
	if (x == 2)
		bpf_printk("two %d", x);
	if (x == 3)
		bpf_printk("three");
	return x;
}

static __noinline int count(void)
{
	static __u32 calls;

	return ++calls;
}

SEC("socket")
int first(void *ctx)
{
	static const char *volatile message = "first";

	bpf_printk("one %d", n);
	return printer(n) + count() + (used ? 1 : 0) + (names[n & 1] == message);
}

SEC("socket")
int second(void *ctx)
{
	static __u32 calls;

	bpf_printk("one %d", n);
	return ++calls + (where == mixed.last) + (elsewhere == where);
}

char _license[] SEC("license") = "Dual MIT/GPL";
