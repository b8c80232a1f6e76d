//go:build ignore

/* bpf2go calls types by the outermost typedef: each typedef of a named type is a type of its own,
   and members that are spelled otherwise are written out. An enum without a name has no constants. */
#include "../include/bpf.h"

typedef enum { MODE_A, MODE_B } mode_t2;

enum named { NAMED_A };
typedef enum named named_t;

struct inner {
	__u32 a;
};
typedef struct inner inner_t;
typedef inner_t inner2_t;

typedef struct {
	__u32 z;
} anon_t;
typedef anon_t anon2_t;

struct outer {
	inner_t x;
	inner2_t y[2];
	struct inner z;
	anon_t p;
	anon2_t q;
	named_t n;
	enum named m;
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, inner_t);
	__type(value, struct outer);
	__uint(max_entries, 16);
} flows SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__type(key, anon2_t);
	__type(value, inner2_t);
	__uint(max_entries, 16);
} flows2 SEC(".maps");

mode_t2 mode;
named_t nam;
inner2_t arr[3];

SEC("xdp") int p(void *ctx)
{
	return mode + nam + arr[1].a;
}

char _license[] SEC("license") = "GPL";
