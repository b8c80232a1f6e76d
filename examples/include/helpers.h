/* SPDX-License-Identifier: MIT */

/*
 * What the examples need beyond bpf.h, so that building one needs clang alone:
 * helpers by their numbers and contexts by their layout, both of
 * include/uapi/linux/bpf.h, and fields of the kernel's own structs, which the
 * loader finds by name (CO-RE).
 */
#ifndef EXAMPLES_HELPERS_H
#define EXAMPLES_HELPERS_H

#include "bpf.h"

/* Offsets of such a struct are those of the kernel that loads the program. */
#define __core __attribute__((preserve_access_index))

#define BPF_F_CURRENT_CPU 0xffffffffULL
#define EPERM 1

static __u64 (*const bpf_get_current_uid_gid)(void) = (void *)15;
static long (*const bpf_get_current_comm)(void *buf, __u32 size) = (void *)16;
static long (*const bpf_skb_load_bytes)(const void *skb, __u32 offset, void *to, __u32 len) = (void *)26;
static void *(*const bpf_get_local_storage)(void *map, __u64 flags) = (void *)81;
static long (*const bpf_probe_read_kernel)(void *dst, __u32 size, const void *src) = (void *)113;
static long (*const bpf_probe_read_kernel_str)(void *dst, __u32 size, const void *src) = (void *)115;
static __u64 (*const bpf_ktime_get_boot_ns)(void) = (void *)125;
static void *(*const bpf_ringbuf_reserve)(void *ringbuf, __u64 size, __u64 flags) = (void *)131;
static void (*const bpf_ringbuf_submit)(void *data, __u64 flags) = (void *)132;
static void (*const bpf_ringbuf_discard)(void *data, __u64 flags) = (void *)133;

struct __sk_buff {
	__u32 len;
	__u32 pkt_type;
	__u32 mark;
	__u32 queue_mapping;
	__be32 protocol; /* an Ethernet protocol in the lower half */
	__u32 vlan_present;
	__u32 vlan_tci;
	__u32 vlan_proto;
	__u32 priority;
	__u32 ingress_ifindex;
	__u32 ifindex;
	__u32 tc_index;
	__u32 cb[5];
	__u32 hash;
	__u32 tc_classid;
	__u32 data;
	__u32 data_end;
};

struct bpf_raw_tracepoint_args {
	__u64 args[0];
};

#endif
