//go:build ignore

/* Gives the connections to many ports to one socket, and counts them by port. */
#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_helpers.h>

char _license[] SEC("license") = "Dual MIT/GPL";

/* The ports, of IPv4. */
const volatile __u16 first_port = 7000, last_port = 7009;

/* The socket that gets the connections, at 0. */
struct {
	__uint(type, BPF_MAP_TYPE_SOCKMAP);
	__type(key, __u32);
	__type(value, __u64);
	__uint(max_entries, 1);
} sockets SEC(".maps");

/* How many connections, by port. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__type(key, __u16);
	__type(value, __u64);
	__uint(max_entries, 1024);
} counts SEC(".maps");

static __always_inline void count(__u16 port)
{
	__u64 one = 1, *n = bpf_map_lookup_elem(&counts, &port);

	if (n)
		__sync_fetch_and_add(n, 1);
	else
		bpf_map_update_elem(&counts, &port, &one, BPF_NOEXIST);
}

SEC("sk_lookup")
int hello(struct bpf_sk_lookup *ctx)
{
	__u32 zero = 0, port = ctx->local_port;
	struct bpf_sock *sk;

	if (ctx->family != 2 /* AF_INET */ || ctx->protocol != IPPROTO_TCP || port < first_port || port > last_port)
		return SK_PASS; /* as without this program */
	sk = bpf_map_lookup_elem(&sockets, &zero);
	if (!sk)
		return SK_PASS;
	if (bpf_sk_assign(ctx, sk, 0) == 0)
		count(port);
	bpf_sk_release(sk);
	return SK_PASS;
}
