//go:build ignore

/* LPM tries: which keys have an address, by its type, its name and its place; and keys that have none. */
#include "../include/bpf.h"

struct bpf_lpm_trie_key {
	__u32 prefixlen;
	__u8 data[0];
};

struct key4 {
	__u32 prefixlen;
	__u8 address[4];
};

struct key4_scalar {
	__u32 prefixlen;
	__be32 address;
};

struct key6 {
	__u32 prefixlen;
	__u8 address[16];
};

struct key_scoped {
	__u32 prefixlen;
	__u32 vrf;
	__u8 protocol;
	__u8 address[4];
} __packed;

struct key_kernel {
	struct bpf_lpm_trie_key trie;
	__u8 address[16];
};

/* Of newer kernels. */
struct bpf_lpm_trie_key_hdr {
	__u32 prefixlen;
};

struct bpf_lpm_trie_key_u8 {
	union {
		struct bpf_lpm_trie_key_hdr hdr;
		__u32 prefixlen;
	};
	__u8 data[];
};

struct key_kernel_u8 {
	struct bpf_lpm_trie_key_u8 trie;
	__u8 address[4];
};

struct in_addr {
	__be32 s_addr;
};

struct in6_addr {
	union {
		__u8 u6_addr8[16];
		__be16 u6_addr16[8];
		__be32 u6_addr32[4];
	} in6_u;
};

/* The address is the last member of a struct inside, behind exact ones. */
struct key_nested {
	struct {
		__u32 prefixlen;
		__u16 vlan : 12, priority : 4;
		__u16 table;
	} head;
	struct {
		__u32 port;
		struct in6_addr address;
	} rule;
};

struct key_union {
	__u32 prefixlen;
	__u16 family;
	union {
		struct in_addr v4;
		struct in6_addr v6;
	} address;
};

struct key_anonymous_union {
	__u32 prefixlen;
	union {
		struct {
			__u32 ip4, pad4, pad5, pad6;
		};
		__be64 ip6[2];
	};
};

/* Structs inside, at offsets where Go has no fields of theirs: what is in them is reached in a copy. */
struct rule {
	__u32 zone;
	__be32 address;
};

struct rule_head {
	__u32 prefixlen;
	__u16 vlan : 12, priority : 4;
};

struct key_misaligned {
	struct rule_head s;
	__u8 tag;
	struct rule prefix;
} __packed;

/* A plain integer is an address if its name says so. */
struct key_named {
	__u32 prefixlen;
	__u32 data;
};

struct key_pair {
	__u32 prefixlen;
	__be32 source, destination;
};

/* None of these is an address. */
struct key_integer {
	__u32 prefixlen;
	__u32 tenant;
};

struct key_float {
	__u32 prefixlen;
	float address;
};

struct key_path {
	__u32 prefixlen;
	char path[16];
};

struct key_path_or_bytes {
	__u32 prefixlen;
	union {
		char path[16];
		__u8 bytes[16];
	};
};

struct key_enum {
	__u32 prefixlen;
	enum { KEY_A, KEY_B } address;
};

struct key_signed {
	__u32 prefixlen;
	int address[4];
};

struct key_little_endian {
	__u32 prefixlen;
	__le32 address;
};

struct key_flags {
	__u32 prefixlen;
	bool address[4];
};

struct key_behind {
	__u32 prefixlen;
	__u8 ip[16];
	__u8 port[4];
};

struct key_before {
	__u32 prefixlen;
	struct in6_addr address;
	__be32 scope;
};

struct key_array {
	__u32 prefixlen;
	struct {
		__u8 ip[16];
	} hops[1];
};

#define TRIE(name, k)                                \
	struct {                                     \
		__uint(type, BPF_MAP_TYPE_LPM_TRIE); \
		__uint(map_flags, BPF_F_NO_PREALLOC); \
		__uint(max_entries, 8);              \
		__type(key, k);                      \
		__type(value, __u64);                \
	} name SEC(".maps")

TRIE(by_bytes, struct key4);
TRIE(by_scalar, struct key4_scalar);
TRIE(by_ipv6, struct key6);
TRIE(by_scope, struct key_scoped);
TRIE(by_kernel, struct key_kernel);
TRIE(by_kernel_u8, struct key_kernel_u8);
TRIE(by_nested, struct key_nested);
TRIE(by_union, struct key_union);
TRIE(by_anonymous_union, struct key_anonymous_union);
TRIE(by_misaligned, struct key_misaligned);
TRIE(by_named, struct key_named);
TRIE(by_pair, struct key_pair);
TRIE(not_integer, struct key_integer);
TRIE(not_float, struct key_float);
TRIE(not_path, struct key_path);
TRIE(not_path_or_bytes, struct key_path_or_bytes);
TRIE(not_enum, struct key_enum);
TRIE(not_signed, struct key_signed);
TRIE(not_little_endian, struct key_little_endian);
TRIE(not_flags, struct key_flags);
TRIE(not_behind, struct key_behind);
TRIE(not_before, struct key_before);
TRIE(not_array, struct key_array);

/* Keys as C fills them: 2001:db8::/32 of a VLAN, 10.0.0.0/8 in an IPv6 address. */
struct key_nested in_vlan = {
	{ 8 * sizeof(struct key_nested) - 128 - 32 + 32, 0x123, 5, 7 },
	{ 80, { .in6_u.u6_addr8 = { 0x20, 0x01, 0x0d, 0xb8 } } },
};
struct key_misaligned in_rule = { { 8 * sizeof(struct key_misaligned) - 32 - 32 + 8, 0x123, 5 }, 7, { 9, 0 } };
struct key_union in_union = { 8 * 4 + 8, 2, { .v6.in6_u.u6_addr8 = { 10 } } };

char _license[] SEC("license") = "Dual MIT/GPL";
