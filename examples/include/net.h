/* SPDX-License-Identifier: MIT */

/* Packet headers for the examples, so that building one needs clang alone. */
#ifndef EXAMPLES_NET_H
#define EXAMPLES_NET_H

#include "bpf.h"

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define bpf_htons(x) ((__be16)__builtin_bswap16(x))
#define bpf_htonl(x) ((__be32)__builtin_bswap32(x))
#else
#define bpf_htons(x) ((__be16)(x))
#define bpf_htonl(x) ((__be32)(x))
#endif
#define bpf_ntohs bpf_htons
#define bpf_ntohl bpf_htonl

#define ETH_P_IP 0x0800
#define ETH_P_IPV6 0x86dd

enum { BPF_ANY, BPF_NOEXIST, BPF_EXIST };

struct ethhdr {
	__u8 dest[6];
	__u8 source[6];
	__be16 proto;
} __packed;

struct iphdr {
	__u8 version_ihl;
	__u8 tos;
	__be16 tot_len;
	__be16 id;
	__be16 frag_off;
	__u8 ttl;
	__u8 protocol;
	__u16 check;
	__be32 saddr;
	__be32 daddr;
};

struct ipv6hdr {
	__u8 version_class_flow[4];
	__be16 payload_len;
	__u8 nexthdr;
	__u8 hop_limit;
	__u8 saddr[16];
	__u8 daddr[16];
};

struct ports {
	__be16 source;
	__be16 dest;
};

#endif
