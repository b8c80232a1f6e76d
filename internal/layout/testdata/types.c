// One of everything that a layout holds, and of everything in which compilers
// and linkers differ for one source. build.sh compiles it with several of them.

typedef unsigned char __u8;
typedef signed char __s8;
typedef unsigned short __u16;
typedef short __s16;
typedef unsigned int __u32;
typedef int __s32;
typedef unsigned long long __u64;
typedef long long __s64;
typedef __u16 __be16;
typedef __u32 __be32;
typedef __u64 __le64;
#if __STDC_VERSION__ < 201900L
#define bool _Bool
#endif

#define __uint(name, val) int (*name)[val]
#define __type(name, val) __typeof__(val) *name
#define SEC(name) __attribute__((section(name), used))
#define tag(text) __attribute__((btf_decl_tag(text)))
#define __kptr __attribute__((btf_type_tag("kptr")))

enum small { SMALL_A, SMALL_B = 200 };
enum negative { NEGATIVE_ONE = -1, NEGATIVE_NONE, NEGATIVE_MAX = 0x7fffffff };
enum flags { FLAG_LOW = 1, FLAG_HIGH = 0x80000000 };
enum wide { WIDE_LOW = 1, WIDE_HIGH = 1ULL << 40 };
enum wide_negative { WIDE_NEGATIVE = -1, WIDE_BOTH = 1LL << 40 };
enum packed_enum { PACKED_A = 1, PACKED_B } __attribute__((packed));
typedef enum { ANONYMOUS_A = 7, ANONYMOUS_B } anonymous_enum;

struct bpf_spin_lock { __u32 val; };
struct bpf_timer { __u64 : 64; __u64 : 64; } __attribute__((aligned(8)));
struct bpf_list_head { __u64 : 64; __u64 : 64; } __attribute__((aligned(8)));

struct inner { __u32 a; __u16 b[3]; };
typedef struct { __be16 port; __u8 pad[2]; } endpoint;
struct opaque;

struct integers {
	char c; signed char sc; unsigned char uc; __s8 s8; __u8 u8;
	short s; __u16 us; int i; unsigned u; long l; unsigned long ul; long long ll; __s64 s64; __u64 u64;
	bool b; bool bs[3];
	float f; double d;
	__be16 be16; __be32 be32; __le64 le64;
	__u32 tagged tag("bpfgen:type=__be32");
	char text[16]; const volatile char *const pointer;
	__int128 huge;
};

struct bits {
	__u32 low : 3, high : 5; __s32 negative : 7; __u64 wide : 40; bool one : 1; char letter : 4;
	enum small choice : 8; unsigned : 3; __u16 word : 16;
};

struct aggregates {
	struct inner named, array[2], matrix[2][3];
	endpoint from, to;
	struct { __u32 x, y; };
	union { __u32 word; struct { __u16 low, high; }; __u8 bytes[4]; };
	union { __u64 number; void *address; } value;
	struct { __s16 z; } anonymous_member;
	enum small small; enum negative negative; enum flags flags; enum wide wide; enum wide_negative wide_negative;
	enum packed_enum packed; anonymous_enum anonymous;
	struct opaque *opaque; int (*function)(struct opaque *, int); struct aggregates *self;
};

struct kernel {
	struct bpf_spin_lock lock; struct bpf_timer timer;
	struct opaque __kptr *kept;
	struct bpf_list_head head tag("contains:inner:a");
};

struct packed { __u8 a; __u32 b; __u64 c; struct inner d; } __attribute__((packed));
struct tail { __u32 length; struct inner data[]; };
struct reserved { __u32 a; __u32 reserved; __u8 _pad[8]; };

struct all {
	struct integers integers; struct bits bits; struct aggregates aggregates; struct kernel kernel;
	struct packed packed; struct reserved reserved; struct tail tail;
};

#ifndef SECOND
struct {
	__uint(type, 1); __uint(max_entries, 8); __type(key, struct inner); __type(value, struct all);
} values SEC(".maps");

struct integers v_integers;
struct bits v_bits;
struct aggregates v_aggregates;
struct packed v_packed;
const volatile struct reserved v_reserved = { 1 };
enum negative v_negative = NEGATIVE_ONE;
enum wide v_wide;
__be32 v_address;
__u32 v_matrix[2][3];
bool v_bool;
const volatile char v_text[8] = "text";

SEC("socket") int first(void *ctx) { return v_matrix[0][0] + v_wide; }
char _license[] SEC("license") = "MIT";
#else // for linking: the same types, and more known of one of them
struct opaque { __u32 a, b; };
struct aggregates second_aggregates;
struct opaque second_opaque;
struct kernel *second_kernel;
SEC("socket") int second(void *ctx) { return second_opaque.a + second_aggregates.x; }
#endif
