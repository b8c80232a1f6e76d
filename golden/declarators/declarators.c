//go:build ignore

/*
 * Names inside their types: what bpfgen writes of a member is the line that
 * stands here, see TestDeclarationsAreC.
 */
#include "../include/bpf.h"

struct sock;
struct ctx;
enum color { RED, GREEN };
typedef int operation(void);

struct declarators {
	int plain;
	unsigned char bytes[16];
	char text[2][8];
	struct sock *sk;
	struct sock **indirect;
	char *names[4];
	int (*row)[4];
	int (*rows[2])[4][5];
	int (**indirect_row)[4];
	char *(*words)[3];
	void (*call)(void);
	int (*table[2])(struct ctx *, int);
	char *(*get)(const char *, ...);
	int (*(*choose)(int))(struct sock *, int (*)[4]);
	int (*(*array_of)(void))[3];
	int (**indirect_call)(void);
	operation *operate;
	enum color color;
	enum color *colors[2];
	struct {
		int x;
	} pair[2];
	union {
		int y;
	} *choice;
	unsigned int flags : 3;
	int sign : 5;
	_Bool set : 1;
	long long wide;
	int tail[];
};

struct declarators *unused;

char _license[] SEC("license") = "Dual MIT/GPL";
