//go:build ignore

/* Text: char, signed char and unsigned char arrays, one filled to the last byte. */
#include "../include/bpf.h"

typedef char comm[16];

struct record {
	char name[16];
	comm comm;
	unsigned char raw[4];
	signed char odd[3];
	char full[4];
	char rows[2][4];
	char one;
};

#define RECORDS 1
#define MEMBERS(X)          \
	X(0, name[0], 'n')  \
	X(0, name[1], 'o')  \
	X(0, comm[0], 'c')  \
	X(0, raw[0], 0xff)  \
	X(0, odd[2], -1)    \
	X(0, full[0], 'f')  \
	X(0, full[1], 'u')  \
	X(0, full[2], 'l')  \
	X(0, full[3], 'L')  \
	X(0, rows[1][3], 'r') \
	X(0, one, 'o')

#include "../include/layout.h"
