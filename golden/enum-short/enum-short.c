//go:build ignore

/* -fshort-enums: every enum is as small as its values allow. */
#include "../include/bpf.h"

enum tiny { TINY_NONE, TINY_SOME };
enum small { SMALL_NONE, SMALL_SOME = 1000 };
enum tiny_signed { TINY_MINUS = -1, TINY_NULL };

struct record {
	enum tiny tiny;
	enum tiny_signed minus;
	enum small small;
	__u32 next;
};

#define RECORDS 1
#define MEMBERS(X)              \
	X(0, tiny, TINY_SOME)   \
	X(0, minus, TINY_MINUS) \
	X(0, small, SMALL_SOME) \
	X(0, next, 0x01020304)

#include "../include/layout.h"
