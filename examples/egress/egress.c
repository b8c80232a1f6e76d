//go:build ignore

// Denies the processes of a cgroup to send to the networks of a list.
#include "net.h"
#include "helpers.h"

char _license[] SEC("license") = "Dual MIT/GPL";

struct destination {
	__u32 prefixlen;
	__be32 address;
};

struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct destination);
	__type(value, __u8);
	__uint(max_entries, 1024);
} denied SEC(".maps");

// Cgroup storage: one value for each cgroup that the program is attached to.
struct bpf_cgroup_storage_key {
	__u64 cgroup_inode_id;
	__u32 attach_type;
};

struct traffic {
	__u64 sent;
	__u64 denied;
};

struct {
	__uint(type, BPF_MAP_TYPE_CGROUP_STORAGE);
	__type(key, struct bpf_cgroup_storage_key);
	__type(value, struct traffic);
} traffic SEC(".maps");

enum { DENY, ALLOW };

SEC("cgroup_skb/egress")
int police(struct __sk_buff *skb)
{
	struct traffic *t = bpf_get_local_storage(&traffic, 0);
	struct destination to = { .prefixlen = 32 };
	struct iphdr ip;

	// There is no Ethernet header here.
	if (skb->protocol != bpf_htons(ETH_P_IP) || bpf_skb_load_bytes(skb, 0, &ip, sizeof(ip)) < 0)
		return ALLOW;
	to.address = ip.daddr;
	if (bpf_map_lookup_elem(&denied, &to)) {
		__sync_fetch_and_add(&t->denied, 1);
		return DENY;
	}
	__sync_fetch_and_add(&t->sent, 1);
	return ALLOW;
}
