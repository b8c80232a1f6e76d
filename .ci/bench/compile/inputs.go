package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// An input is an object that both generators read: one of golden, or of C that
// is made here.
type input struct {
	name   string // of the directory
	title  string // in the table
	object string // committed, or empty
	source func() string
	binary bool // link a program of it
	// bpf2go are flags for it, where it refuses the object without.
	bpf2go []string
}

var inputs = []input{
	{name: "counter", title: "golden/counter, 1 map", object: "golden/counter/counter_bpfel.o", binary: true},
	{name: "mapsall", title: "golden/maps-all, a map of every type", object: "golden/maps-all/mapsall_bpfel.o", bpf2go: []string{"-no-global-types"}},
	{name: "hashes36", title: "36 hash maps with structs of their own", source: func() string { return hashes(36) }},
	{name: "hashes111", title: "111 hash maps with structs of their own", source: func() string { return hashes(111) }},
	{name: "rings36", title: "36 ring buffers with structs of their own", source: func() string { return rings(36) }},
	{name: "variables20", title: "20 variables with structs of their own", source: func() string { return variables(20) }},
}

const header = `#include "golden/include/bpf.h"
char LICENSE[] SEC("license") = "GPL";
`

// hashes is an object of n hash maps, no two of them of the same types.
func hashes(n int) string {
	return repeat(n, `
struct key_N { __u32 saddr_N; __u32 daddr; __u16 sport; __u16 dport; __u8 protocol; };
struct value_N { __u64 packets_N; __u64 bytes; __u64 first; __u64 last; __u32 verdict; char comm[16]; };
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1024);
	__type(key, struct key_N);
	__type(value, struct value_N);
} map_N SEC(".maps");
`)
}

func rings(n int) string {
	return repeat(n, `
struct event_N { __u64 time_N; __u32 pid; __u32 kind; char comm[16]; };
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
	__type(value, struct event_N);
} map_N SEC(".maps");
`)
}

func variables(n int) string {
	return repeat(n, `
struct state_N { __u64 count_N; __u32 last; __u32 flags; char name[16]; };
struct state_N state_of_N;
`)
}

func repeat(n int, part string) string {
	var b strings.Builder
	b.WriteString(header)
	for i := range n {
		b.WriteString(strings.ReplaceAll(part, "_N", fmt.Sprintf("_%d", i)))
	}
	return b.String()
}

// build returns the object, which it has clang make of C if need be.
func (in input) build(cc, dir string) (object string, err error) {
	if in.object != "" {
		return filepath.Abs(in.object)
	}
	source := filepath.Join(dir, in.name+".c")
	object = filepath.Join(dir, in.name+"_bpfel.o")
	if err := os.WriteFile(source, []byte(in.source()), 0o666); err != nil {
		return "", err
	}
	return object, command("", nil, cc, "-I.", "-O2", "-g", "-target", "bpfel", "-mcpu=v2", "-c", source, "-o", object)
}

// command runs a command, in a directory and with variables beside the
// environment's.
func command(dir string, env []string, name string, args ...string) error {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, out)
	}
	return nil
}
