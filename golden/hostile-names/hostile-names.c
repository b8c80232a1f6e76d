//go:build ignore

/*
 * Names that no C compiler writes, but an object can have: quotes, newlines,
 * backticks, comment ends, Rust paths, leading digits, Go keywords. names.txt
 * says what becomes of which placeholder (golden/internal/rename).
 */
#include "../include/bpf.h"

struct key_quote {
	__u32 field_newline;
	__u32 field_backtick;
	__u32 field_comment;
	__u32 field_rust;
	__u32 field_digits;
	__u32 field_func;
	__u32 field_unicode;
	__u32 field_spaces;
	__u32 field_directive;
	__u32 bits_newline : 3;
	__u32 bits_comment : 5;
};

union value_comment_end {
	__u64 arm_quote;
	__u32 arm_backslash;
};

enum enum_rust_path { ENUM_NEWLINE = 1, ENUM_QUOTE, ENUM_DIGITS };

struct value_rust_generic {
	enum enum_rust_path member;
	union value_comment_end other;
	char text_comment[8];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, struct key_quote);
	__type(value, struct value_rust_generic);
} map_with_a_name SEC(".maps");

__u32 variable_named = 1;
const volatile __u32 constant_named = 2;

SEC("xdp")
int program_named(struct xdp_md *ctx)
{
	return XDP_PASS + variable_named + constant_named;
}

char _license[] SEC("license") = "Dual MIT/GPL";
