//go:build ignore

/* Enums of 1, 2, 4 and 8 bytes, signed and not, anonymous behind a typedef, with duplicate values. */
#include "../include/bpf.h"

enum __packed one { ONE_A, ONE_B = 200 };
enum __packed one_signed { ONE_MINUS = -100, ONE_PLUS = 100 };
enum __packed two { TWO_A = 1, TWO_B = 60000 };
enum four { FOUR_ZERO, FOUR_MAX = 0xffffffff };
enum four_signed { FOUR_MINUS = -1, FOUR_NULL, FOUR_ONE };
enum eight { EIGHT_SMALL = 1, EIGHT_BIG = 0x1122334455667788ULL };
enum eight_signed { EIGHT_MINUS = -5000000000LL, EIGHT_PLUS = 1 };
enum aliases { ALIAS_FIRST = 1, ALIAS_SAME = 1, ALIAS_OTHER = 2, ALIAS_MAX = ALIAS_OTHER };
typedef enum { TYPEDEF_A = 3, TYPEDEF_B = 9 } typedefed;

struct record {
	enum one one;
	enum one_signed one_signed;
	enum two two;
	enum four four;
	enum four_signed four_signed;
	enum eight eight;
	enum eight_signed eight_signed;
	enum aliases aliases;
	typedefed typedefed;
	enum { INSIDE_A = 11, INSIDE_B = 12 } inside;
	enum four_signed bits : 3;
	enum one row[3];
};

#define RECORDS 1
#define MEMBERS(X)                     \
	X(0, one, ONE_B)               \
	X(0, one_signed, ONE_MINUS)    \
	X(0, two, TWO_B)               \
	X(0, four, FOUR_MAX)           \
	X(0, four_signed, FOUR_MINUS)  \
	X(0, eight, EIGHT_BIG)         \
	X(0, eight_signed, EIGHT_MINUS) \
	X(0, aliases, ALIAS_OTHER)     \
	X(0, typedefed, TYPEDEF_B)     \
	X(0, inside, INSIDE_B)         \
	X(0, bits, FOUR_ONE)           \
	X(0, row[0], ONE_B)            \
	X(0, row[2], 7)

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8);
	__type(key, enum four);
	__type(value, enum eight_signed);
} by_enum SEC(".maps");

#include "../include/layout.h"
