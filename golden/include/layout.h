/* SPDX-License-Identifier: MIT */

/*
 * The layout oracle: what clang and the kernel say of the layout of a type.
 *
 * A case declares struct record, the number of RECORDS, and one list
 *
 *	#define MEMBERS(X) \
 *		X(0, address.port, 443) \
 *		X(1, other_arm_of_a_union, 7)
 *
 * of record number, member and value, and includes this file. It gets
 *
 *  - a map "records" and a program "write_members" that stores each value
 *    through clang's own code for the member;
 *  - a program "check_members" that returns 0 where each member has its value,
 *    else the number (from 1) of the first in the list that has not;
 *  - an initialised global "filled", so that the object itself holds the bytes
 *    of each record in its own byte order, padding zero.
 *
 * The Go side is golden/layout.
 */
#ifndef GOLDEN_LAYOUT_H
#define GOLDEN_LAYOUT_H

#include "bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, RECORDS);
	__type(key, __u32);
	__type(value, struct record);
} records SEC(".maps");

#define FILLED_MEMBER(slot, member, value) [slot].member = value,

/* Listing arms of one union, or members in another order than C's, is meant. */
#pragma clang diagnostic ignored "-Winitializer-overrides"
struct record filled[RECORDS] = { MEMBERS(FILLED_MEMBER) };

#ifndef DIFFERS
#define DIFFERS(member, value) ((member) != (value))
#endif

#ifndef ASSIGN
#define ASSIGN(member, value) ((member) = (value))
#endif

static __always_inline struct record *record_at(__u32 slot)
{
	return bpf_map_lookup_elem(&records, &slot);
}

#define WRITE_MEMBER(slot, member, value) \
	record = record_at(slot);         \
	if (!record)                      \
		return -1;                \
	ASSIGN(record->member, value);

SEC("syscall")
int write_members(void *ctx)
{
	struct record *record;

	MEMBERS(WRITE_MEMBER)
	return 0;
}

#define CHECK_MEMBER(slot, member, value)     \
	number++;                             \
	record = record_at(slot);             \
	if (!record)                          \
		return -1;                    \
	if (DIFFERS(record->member, value))   \
		return number;

SEC("syscall")
int check_members(void *ctx)
{
	struct record *record;
	int number = 0;

	MEMBERS(CHECK_MEMBER)
	return 0;
}

char _license[] SEC("license") = "Dual MIT/GPL";

#endif
