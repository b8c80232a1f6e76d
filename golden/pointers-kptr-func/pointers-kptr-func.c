//go:build ignore

/* Pointers of all kinds: 8 bytes on every GOARCH, whatever they point to. */
#include "../include/bpf.h"

struct task_struct;

struct list {
	struct list *next;
	struct list **prev;
};

typedef int (*callback)(struct list *, __u64);

struct record {
	void *anything;
	const char *text;
	struct task_struct *task;
	struct list *list;
	int (*func)(struct record *, int);
	callback typed;
	void *row[2];
	struct list links;
	int (*table[2])(struct record *, int);
	struct {
		__u8 kind;
		void *target;
	} slots[2];
};

#define RECORDS 1
#define MEMBERS(X)                                   \
	X(0, anything, (void *)0x1111111111111111)   \
	X(0, text, (void *)0x2222222222222222)       \
	X(0, task, (void *)0x3333333333333333)       \
	X(0, list, (void *)0x4444444444444444)       \
	X(0, func, (void *)0x5555555555555555)       \
	X(0, typed, (void *)0x6666666666666666)      \
	X(0, row[0], (void *)0x7777777777777777)     \
	X(0, row[1], (void *)0x8888888888888888)     \
	X(0, links.next, (void *)0x9999999999999999) \
	X(0, links.prev, (void *)0xaaaaaaaaaaaaaaaa) \
	X(0, table[1], (void *)0xbbbbbbbbbbbbbbbb)   \
	X(0, slots[1].kind, 0xcc)                    \
	X(0, slots[1].target, (void *)0xdddddddddddddddd)

#include "../include/layout.h"
