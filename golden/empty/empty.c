//go:build ignore

/* Nothing but a license. */
#include "../include/bpf.h"

char _license[] SEC("license") = "Dual MIT/GPL";
