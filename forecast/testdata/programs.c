// Programs that ask something of the kernel, each in a way of its own. The tests
// forecast them for kernels that they make up.
typedef unsigned char __u8;
typedef unsigned int __u32;
typedef unsigned long long __u64;

#define SEC(name) __attribute__((section(name), used))
#define __ksym __attribute__((section(".ksyms")))
#define __kconfig __attribute__((section(".kconfig")))
#define __weak __attribute__((weak))
#define __noinline __attribute__((noinline))
#define __uint(name, val) int(*name)[val]
#define __type(name, val) typeof(val) *name
#define STRUCT(name) struct __attribute__((preserve_access_index)) name

#define field_exists(field) __builtin_preserve_field_info(field, 2)
#define type_exists(type) __builtin_preserve_type_info(*(typeof(type) *)0, 0)
#define enum_value_exists(type, value) __builtin_preserve_enum_value(*(typeof(type) *)value, 0)
#define enum_value(type, value) __builtin_preserve_enum_value(*(typeof(type) *)value, 1)

static void *(*map_lookup_elem)(void *map, const void *key) = (void *)1;
static long (*loop)(__u32 n, void *callback, void *ctx, __u64 flags) = (void *)181;

STRUCT(task) {
	int pid;
	long state;
};

STRUCT(task___new) {
	unsigned int __state;
	struct { int inner; } deep[4];
};

STRUCT(gone) { int x; };

enum helper { FUNC_old = 1, FUNC_new = 2 };

struct {
	__uint(type, 1);
	__uint(max_entries, 16);
	__type(key, __u32);
	__type(value, __u64);
} counts SEC(".maps");

struct {
	__uint(type, 1);
	__type(key, __u32);
	__type(value, __u64);
} sized_in_go SEC(".maps");

struct {
	__uint(type, 30);
	__uint(max_entries, 16);
	__type(value, __u64);
} bloom SEC(".maps");

const volatile __u8 asked_for = 0;
const volatile __u8 wanted = 1;
__u64 result;

extern unsigned int LINUX_KERNEL_VERSION __kconfig;

extern int kernel_function(struct task *t, int n) __ksym;
extern int maybe_function(struct task *t) __weak __ksym;
extern void kernel_symbol __ksym;

// Reads a member that may be missing, without asking.
SEC("tp_btf/event")
int reads_field(__u64 *ctx)
{
	struct task *t = (void *)ctx[0];

	result = t->state;
	return 0;
}

// Asks first, one way or the other.
SEC("tp_btf/event")
int asks_field(__u64 *ctx)
{
	struct task *t = (void *)ctx[0];
	struct task___new *n = (void *)t;

	if (field_exists(n->__state))
		result = n->__state;
	else if (field_exists(t->state))
		result = t->state;
	return 0;
}

SEC("tp_btf/event")
int reads_deep(__u64 *ctx)
{
	struct task___new *n = (void *)ctx[0];

	result = n->deep[2].inner;
	return 0;
}

SEC("socket")
int uses_type(void *ctx)
{
	struct gone *g = ctx;

	return type_exists(struct gone) ? __builtin_preserve_field_info(g->x, 1) : 0;
}

SEC("socket")
int uses_enumerator(void *ctx)
{
	return enum_value(enum helper, FUNC_new);
}

SEC("socket")
int asks_enumerator(void *ctx)
{
	return enum_value_exists(enum helper, FUNC_new) ? enum_value(enum helper, FUNC_new) : 0;
}

static int step(__u32 i, void *ctx)
{
	return 0;
}

SEC("socket")
int calls_helper(void *ctx)
{
	return loop(10, step, 0, 0);
}

// What a read-only variable turns off is not reached.
SEC("socket")
int turned_off(void *ctx)
{
	if (asked_for)
		return loop(10, step, 0, 0);
	return 0;
}

SEC("socket")
int turned_on(void *ctx)
{
	if (wanted)
		return loop(10, step, 0, 0);
	return 0;
}

SEC("socket")
int by_version(void *ctx)
{
	if (LINUX_KERNEL_VERSION >= (6 << 16))
		return loop(10, step, 0, 0);
	return 0;
}

// A constant that is an argument of a static function, and one that it returns.
static __noinline int chosen(int which)
{
	if (which == 2)
		return loop(10, step, 0, 0);
	return 7;
}

SEC("socket")
int by_argument(void *ctx)
{
	return chosen(field_exists(((struct gone *)ctx)->x) ? 2 : 1);
}

static __noinline int has_it(void *ctx)
{
	return field_exists(((struct gone *)ctx)->x);
}

SEC("socket")
int by_result(void *ctx)
{
	return has_it(ctx) ? loop(10, step, 0, 0) : 0;
}

// A global function is verified for any argument.
__noinline int global_choice(int which)
{
	if (which == 2)
		return loop(10, step, 0, 0);
	return 7;
}

SEC("socket")
int by_global(void *ctx)
{
	return global_choice(1);
}

SEC("tc")
int calls_kernel(void *ctx)
{
	return kernel_function(ctx, 1);
}

SEC("tc")
int may_call_kernel(void *ctx)
{
	return maybe_function ? maybe_function(ctx) : 0;
}

SEC("socket")
int reads_symbol(void *ctx)
{
	return (__u64)&kernel_symbol >> 32;
}

SEC("socket")
int uses_sized_in_go(void *ctx)
{
	__u32 key = 0;

	return (long)map_lookup_elem(&sized_in_go, &key);
}

SEC("socket")
int uses_counts(void *ctx)
{
	__u32 key = 0;

	return (long)map_lookup_elem(&counts, &key);
}

SEC("fentry/kernel_function")
int enters_function(void *ctx) { return 0; }

SEC("fentry/no_such_function")
int enters_nothing(void *ctx) { return 0; }

SEC("fentry")
int enters_unnamed(void *ctx) { return 0; }

SEC("lsm/no_such_hook")
int guards_nothing(void *ctx) { return 0; }

SEC("kprobe/no_such_function")
int probes_nothing(void *ctx) { return 0; }

SEC("raw_tp/no_such_event")
int watches_nothing(void *ctx) { return 0; }

SEC("tcx/ingress")
int new_attach_type(void *ctx) { return 0; }

SEC("cgroup/connect_unix")
int new_attach_type_at_load(void *ctx) { return 1; }

SEC("xdp.frags")
int uses_frags(void *ctx) { return 2; }

SEC("netfilter")
int new_program_type(void *ctx) { return 1; }

SEC("freplace/other")
int replaces(void *ctx) { return 0; }

SEC("nonsense")
int nameless(void *ctx) { return 0; }

SEC("?fentry/no_such_function")
int not_by_itself(void *ctx) { return 0; }

char LICENSE[] SEC("license") = "Dual MIT/GPL";
