//go:build ignore

/* Types that no map and no variable uses, asked for with -type, by name and by glob. */
#include "../include/bpf.h"

struct request { __u32 id; struct { __u16 a; } part; };
struct response { __u32 id; union { __u64 ok; __s32 error; }; };
enum status { STATUS_GOOD, STATUS_BAD };
typedef __u64 cookie;
struct not_asked { __u8 x; };

struct request *unused_request;
struct response *unused_response;
enum status *unused_status;
cookie *unused_cookie;
struct not_asked *unused_not_asked;

char _license[] SEC("license") = "Dual MIT/GPL";
