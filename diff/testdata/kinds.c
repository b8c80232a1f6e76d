/* Kinds of things that app.c does not have. */
#include "../../golden/include/bpf.h"
static void *(*const bpf_ringbuf_reserve)(void *ring, __u64 size, __u64 flags) = (void *)131;
static void (*const bpf_ringbuf_submit)(void *data, __u64 flags) = (void *)132;

typedef __u32 ident_t;
enum mode { MODE_A = 1, MODE_B = 2 };
enum big { BIG_A = 1, BIG_B = 0x100000001ULL };

union addr {
	__u32 v4;
	__u8 v6[16];
};

struct inner_s { __u16 a; __u16 b; };

struct rec {
	ident_t id;
	__u32 w : 5, x : 7;
	enum mode mode;
	__s16 delta;
	__u8 proto;
	__u8 spare;
	union addr addr;
	__u32 grid[2][3];
	struct inner_s in;
	void *owner;
	char name[8];
};

struct al { __u8 c; __u32 n; };

struct trie_key { __u32 prefixlen; __u32 addr; };

struct ev { __u32 pid; __u32 tid; __u64 when; struct { __u16 hi; __u16 lo; } part; };

struct { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 64); __uint(map_flags, 0); __type(key, __u32); __type(value, struct rec); } recs SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_ARRAY); __uint(max_entries, 4); __type(key, __u32); __type(value, struct al); } als SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_LPM_TRIE); __uint(max_entries, 16); __uint(map_flags, 1); __type(key, struct trie_key); __type(value, __u64); } trie SEC(".maps");
struct inner_map { __uint(type, BPF_MAP_TYPE_HASH); __uint(max_entries, 8); __type(key, __u32); __type(value, __u64); };
struct { __uint(type, BPF_MAP_TYPE_HASH_OF_MAPS); __uint(max_entries, 4); __type(key, __u32); __array(values, struct inner_map); } outer SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_RINGBUF); __uint(max_entries, 65536); __type(value, struct ev); } ring SEC(".maps");
struct { __uint(type, BPF_MAP_TYPE_PROG_ARRAY); __uint(max_entries, 4); __uint(key_size, 4); __uint(value_size, 4); } jumps SEC(".maps");

extern int CONFIG_HZ __kconfig;
extern int bpf_dyn(void *p) __attribute__((section(".ksyms"), weak));
extern void runqueues __attribute__((section(".ksyms"), weak));
const volatile __u32 limit = 10;
volatile __u32 seen = 0;
enum big big_mode;
struct al pair SEC(".data.pair") = { 1, 2 };

struct sock;
struct tcp_congestion_ops {
	__u32 (*ssthresh)(struct sock *sk);
	void (*cong_avoid)(struct sock *sk, __u32 ack, __u32 acked);
	__u32 (*undo_cwnd)(struct sock *sk);
	char name[16];
	__u32 flags;
};
SEC("struct_ops/ssthresh") int ssthresh(__u64 *ctx) { return 10; }
SEC("struct_ops/undo_cwnd") int undo_cwnd(__u64 *ctx) { return 10; }
SEC(".struct_ops.link") struct tcp_congestion_ops cc = { .ssthresh = (void *)ssthresh, .undo_cwnd = (void *)undo_cwnd, .name = "bpf_base" };

static __attribute__((noinline)) int helper(struct rec *r) { r->id += CONFIG_HZ; return r->w; }

SEC("tc")
int classify(void *ctx)
{
	__u32 k = 0;
	struct rec *r = bpf_map_lookup_elem(&recs, &k);
	struct al *a = bpf_map_lookup_elem(&als, &k);
	__u64 *t = bpf_map_lookup_elem(&trie, &k);
	if (r && a && t && limit > 3) {
		seen += helper(r) + a->n;
		*t += 1;
		pair.n++;
	}
	return 0;
}

SEC("lsm/file_open")
int guard(void *ctx)
{
	struct ev *e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);
	if (!e)
		return 0;
	e->when = bpf_ktime_get_ns();
	bpf_ringbuf_submit(e, 0);
	return 0;
}

int tailed(void *ctx);
int tailed_too(void *ctx);

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 2);
	__uint(key_size, 4);
	__array(values, int(void *));
} slots SEC(".maps") = { .values = { [0] = (void *)&tailed } };

char greeting[12] = "hello";

__attribute__((noinline)) int shared(int x) { return x * 3 + greeting[x & 3]; }

SEC("xdp")
int tailed(void *ctx)
{
	bpf_tail_call(ctx, &slots, 1);
	return shared(1);
}

SEC("xdp")
int tailed_too(void *ctx) { return 1; }

SEC("tc")
int asks(void *ctx) { return bpf_dyn(ctx) + ((long)&runqueues >> 32); }

char _license[] SEC("license") = "GPL";
