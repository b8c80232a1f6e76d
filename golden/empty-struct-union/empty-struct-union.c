//go:build ignore

/* Structs, unions and arrays without any byte: first, between, and last. */
#include "../include/bpf.h"

struct nothing {};
union nobody {};

struct record {
	struct nothing first;
	__u32 a;
	union nobody between;
	struct nothing row[4];
	__u8 none[0];
	__u16 b;
	struct nothing last;
};

#define RECORDS 1
#define MEMBERS(X)           \
	X(0, a, 0x01020304)  \
	X(0, b, 0x0506)

#include "../include/layout.h"
