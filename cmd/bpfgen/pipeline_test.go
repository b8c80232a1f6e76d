package main

// The pipeline of the guide's chapter "Regenerating per kernel" passes what changes
// nothing for anybody, and stops what does.

import (
	"slices"
	"strings"
	"testing"
)

// pipeline is the chapter's script, and what a user does before.
func pipeline(t *testing.T, repo string) (install, script string) {
	t.Helper()
	text := readDocument(t, repo, guide)
	install = blocks(text, "sh")[0].code
	_, chapter, ok := strings.Cut(text, "\n## Regenerating per kernel\n")
	if !ok {
		t.Fatalf("%s has no such chapter", guide)
	}
	chapter, _, _ = strings.Cut(chapter, "\n## ")
	return install, blocks(chapter, "sh")[0].code
}

func TestPipeline(t *testing.T) {
	needClang(t)
	repo := repository(t)
	install, script := pipeline(t, repo)
	u := newUser(t, repo)
	u.command(t, u.dir, "bash", "-euxc", install)
	source := readDocument(t, u.dir, "watch.c")
	run := func() (string, error) {
		return u.output(t, u.dir, "bash", "-euc", script)
	}
	// What is committed as the last release is what the compiler makes.
	u.command(t, u.dir, "bash", "-euxc", script+"go tool bpfgen diff release/watch_bpfel.o watch_bpfel.o\n")
	if index := readDocument(t, u.dir, "internal/kernelbtf/kernels.txt"); !strings.Contains(index, "5.10.0-32-cloud-amd64.btf 5.10.0-32-cloud-amd64 little ") {
		t.Errorf("the BTF of 5.10 is not embedded:\n%s", index)
	}
	for _, test := range []struct {
		name  string
		edits []string
		// want is in the output of a pipeline that fails; "" if it passes.
		want string
	}{
		{"other code", []string{".time = bpf_ktime_get_ns()", ".time = bpf_ktime_get_ns() + 1"}, ""},
		{"a member that new kernels lack", []string{"if (__builtin_preserve_field_info(now->__state, FIELD_EXISTS))", "if (task == (void *)1)"}, "fails on 6.1.0-56-cloud-amd64, 6.12.117+deb12-cloud-amd64, 6.18.44, 7.3.4+deb13-cloud-amd64: relocation: struct task_struct has no member state on this kernel"},
		{"a member that the old kernel lacks", []string{"if (__builtin_preserve_field_info(now->__state, FIELD_EXISTS))", "if (task)"}, "fails on 5.10.0-32-cloud-amd64: relocation: struct task_struct has no member __state on this kernel"},
		{"a helper that the old kernel lacks", []string{"bpf_ktime_get_ns() }", "((long (*)(void *))(void *)174)(ctx) }"}, "fails on 5.10.0-32-cloud-amd64: helper"},
		{"a program type that old kernels lack", []string{`SEC("raw_tp/sched_switch")`, `SEC("netfilter")`}, "fails on 5.10.0-32-cloud-amd64, 6.1.0-56-cloud-amd64"},
		{"fields of a pinned map swapped", []string{"__u32 pid;\n\t__u32 state;", "__u32 state;\n\t__u32 pid;"}, "pins made by the old"},
		{"a larger map", []string{"max_entries, 1024", "max_entries, 4096"}, "max\\_entries was 1024, is 4096"},
		{"a program that is called otherwise", []string{"int watch(", "int observe("}, "program watch: removed"},
	} {
		changed := strings.NewReplacer(test.edits...).Replace(source)
		if changed == source {
			t.Fatalf("%s: nothing is changed", test.name)
		}
		u.write(t, "watch.c", changed)
		out, err := run()
		if (err != nil) != (test.want != "") || !strings.Contains(out, test.want) {
			t.Errorf("%s: %v\n%s", test.name, err, out)
		}
	}
	u.write(t, "watch.c", source)
	u.write(t, "build/kernels/7.9.0-1-new.btf", "no BTF")
	if out, err := run(); err == nil || !strings.Contains(out, "7.9.0-1-new.btf: is no kernel and has no BTF") {
		t.Errorf("a kernel that cannot be read: %v\n%s", err, out)
	}
	if lines := strings.Split(strings.TrimSpace(script), "\n"); !slices.ContainsFunc(lines, func(l string) bool { return strings.Contains(l, "-required '*'") }) {
		t.Errorf("no kernel is required:\n%s", script)
	}
}
