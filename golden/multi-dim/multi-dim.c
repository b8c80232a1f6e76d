//go:build ignore

/* Arrays of arrays: of numbers, structs, unions and misaligned members. */
#include "../include/bpf.h"

struct cell {
	__u8 a;
	__u32 b;
};

struct record {
	__u16 grid[2][3];
	__u8 cube[2][3][4];
	struct cell cells[2][2];
	union {
		__u32 word;
		__u8 bytes[4];
	} unions[2][2];
	struct {
		__u8 tag;
		__u32 misaligned[2][2];
	} __packed packed;
	char names[2][8];
	__u8 one[1][1];
};

#define RECORDS 1
#define MEMBERS(X)                           \
	X(0, grid[0][0], 1)                  \
	X(0, grid[0][2], 0x0203)             \
	X(0, grid[1][1], 0x0405)             \
	X(0, cube[0][0][3], 6)               \
	X(0, cube[1][2][0], 7)               \
	X(0, cells[0][1].a, 8)               \
	X(0, cells[1][0].b, 0x090a0b0c)      \
	X(0, unions[0][1].word, 0x0d0e0f10)  \
	X(0, unions[1][0].bytes[3], 0x11)    \
	X(0, packed.tag, 0x12)               \
	X(0, packed.misaligned[0][1], 0x13141516) \
	X(0, packed.misaligned[1][0], 0x1718191a) \
	X(0, names[0][0], 'a')               \
	X(0, names[1][7], 'z')               \
	X(0, one[0][0], 0x1b)

#include "../include/layout.h"
