package diff

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/emit"
	"github.com/bpfgen/bpfgen/forecast"
	"github.com/bpfgen/bpfgen/internal/kernelbtf"
)

// compiler is what the objects of the tests are made with, as golden/build.sh does.
const compiler = "clang-19"

// source is testdata/app.c.
func source(t *testing.T) string {
	t.Helper()
	return readSource(t, "app.c")
}

func readSource(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// build compiles C in a directory of its own.
func build(t *testing.T, text string, flags ...string) *Input {
	t.Helper()
	if _, err := exec.LookPath(compiler); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	dir := t.TempDir()
	include, err := filepath.Abs("../golden/include")
	if err != nil {
		t.Fatal(err)
	}
	text = strings.ReplaceAll(text, "../../golden/include", include)
	if err := os.WriteFile(filepath.Join(dir, "app.c"), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), compiler, append([]string{"-O2", "-mcpu=v1", "-g", "-target", "bpfel", "-Wall", "-Werror", "-Wno-unused-const-variable", "-c", "app.c", "-o", "app.o"}, flags...)...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return read(t, filepath.Join(dir, "app.o"))
}

func read(t *testing.T, path string) *Input {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	in, err := ReadObject(filepath.Base(path), content)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// plantedChange is a change of a source, with all that must be found: class, place,
// what, and after a colon who it breaks.
type plantedChange struct {
	name string
	// edits are pairs of old and new text.
	edits []string
	want  []string
}

// planted are changes of app.c.
var planted = []plantedChange{
	{name: "max_entries of a pinned map", edits: []string{"max_entries, 1024", "max_entries, 2048"}, want: []string{
		"pinned_map map flows max_entries: pins",
	}},
	{name: "map type", edits: []string{"BPF_MAP_TYPE_HASH", "BPF_MAP_TYPE_LRU_HASH"}, want: []string{
		"pinned_map map flows type: pins",
	}},
	{name: "map flags", edits: []string{"__uint(max_entries, 1024);", "__uint(max_entries, 1024);\n\t__uint(map_flags, 1);"}, want: []string{
		"pinned_map map flows flags: pins",
	}},
	{name: "map not pinned any more", edits: []string{"__uint(pinning, 1);", ""}, want: []string{
		"pinned_map map flows pinning: pins",
	}},
	{name: "value grows", edits: []string{"enum verdict verdict;\n}", "enum verdict verdict;\n\t__u64 last_seen;\n}"}, want: []string{
		"pinned_map map flows value size: pins",
		"pinned_map struct flow_stats size: go pins",
		"pinned_map struct flow_stats > field last_seen place: pins",
	}},
	{name: "key type", edits: []string{"__type(value, __u64)", "__type(value, __u32)", "__u64 *counter", "__u32 *counter"}, want: []string{
		"pinned_map map counters value size: go pins",
		"pinned_map map counters > value type: go pins",
		"code program count_packets instructions",
	}},
	{name: "fields swapped at equal size", edits: []string{"__be32 saddr;\n\t__be32 daddr;", "__be32 daddr;\n\t__be32 saddr;"}, want: []string{
		"layout struct flow_key > field daddr place: go pins",
		"layout struct flow_key > field saddr place: go pins",
	}},
	{name: "field takes another width at equal size", edits: []string{"__u16 port;\n\t__u16 pad;", "__u32 port;"}, want: []string{
		"layout struct flow_key > field port type: go pins",
		"go_api struct flow_key > field pad removed: go",
	}},
	{name: "sign", edits: []string{"__s32 limit", "__u32 limit"}, want: []string{
		"layout struct config > field limit type: go",
	}},
	{name: "bitfields", edits: []string{"flags : 4, mode : 4", "flags : 3, mode : 5"}, want: []string{
		"layout struct config > field flags type: go",
		"layout struct config > field mode place: go",
		"layout struct config > field mode type: go",
	}},
	{name: "enumerator's value", edits: []string{"VERDICT_PASS, VERDICT_DROP", "VERDICT_DROP, VERDICT_PASS"}, want: []string{
		"layout struct flow_stats > field verdict > enum verdict > VERDICT_DROP value: go pins",
		"layout struct flow_stats > field verdict > enum verdict > VERDICT_PASS value: go pins",
		"code function account instructions",
	}},
	{name: "enumerator added", edits: []string{"VERDICT_PASS, VERDICT_DROP", "VERDICT_PASS, VERDICT_DROP, VERDICT_COUNT"}, want: []string{
		"go_api struct flow_stats > field verdict > enum verdict > VERDICT_COUNT value",
	}},
	{name: "field of an event moved", edits: []string{"__u32 pid;\n\t__u32 kind;", "__u32 kind;\n\t__u32 pid;"}, want: []string{
		"event struct event > field kind place: go",
		"event struct event > field pid place: go",
		"code program on_exit instructions",
	}},
	{name: "event grows", edits: []string{"char comm[16];", "char comm[16];\n\t__u64 time;"}, want: []string{
		"event struct event size: go",
		"event struct event > field time place",
		"code program on_exit instructions",
	}},
	{name: "field renamed", edits: []string{"packets", "frames"}, want: []string{
		"go_api program count_frames added",
		"go_api program count_packets removed: go",
		"go_api struct flow_stats > field frames added",
		"go_api struct flow_stats > field packets name: go",
	}},
	{name: "map removed", edits: []string{"} counters SEC", "} slots SEC", "&counters", "&slots"}, want: []string{
		"go_api map counters removed: go",
		"go_api map slots added",
		"code program count_packets instructions",
	}},
	{name: "variable's type", edits: []string{"__u64 dropped", "__u32 dropped"}, want: []string{
		"go_api variable dropped type: go",
		"code program count_packets instructions",
	}},
	{name: "variable elsewhere", edits: []string{"struct config config =", "__u32 fresh = 7;\nstruct config config ="}, want: []string{
		"pinned_map map .data places of variables",
		"go_api variable fresh added",
	}},
	{name: "map that the library refuses", edits: []string{"__uint(max_entries, 1024);", "__uint(max_entries, 1024);\n\t__uint(numa_node, 0);"}, want: []string{
		"code object loading: go",
		"code section .maps bytes",
	}},
	{name: "variable becomes a constant", edits: []string{"struct config config =", "const volatile struct config config ="}, want: []string{
		"pinned_map map .data places of variables",
		"go_api variable config Go names: go",
	}},
	{name: "program renamed", edits: []string{"int on_exit(", "int on_task_exit("}, want: []string{
		"go_api program on_exit removed: go",
		"go_api program on_task_exit added",
	}},
	{name: "kind of program", edits: []string{"kprobe/do_exit", "kretprobe/do_exit"}, want: []string{
		"go_api program on_exit Go names: go",
		"code program on_exit section",
	}},
	{name: "target of a program", edits: []string{"kprobe/do_exit", "kprobe/do_group_exit"}, want: []string{
		"code program on_exit section",
	}},
	{name: "initial value", edits: []string{".level = 1", ".level = 2"}, want: []string{
		"code variable config initial value",
	}},
	{name: "constant's value", edits: []string{"sample_rate = 16", "sample_rate = 32"}, want: []string{
		"code variable sample_rate initial value",
	}},
	{name: "instructions", edits: []string{"*counter += 1", "*counter += 2"}, want: []string{
		"code program count_packets instructions",
	}},
	{name: "function that is called", edits: []string{"stats->bytes += bytes", "stats->bytes -= bytes"}, want: []string{
		"code function account instructions",
	}},
	{name: "helper", edits: []string{"event->pid = 0", "event->pid = bpf_ktime_get_ns()"}, want: []string{
		"code program on_exit helpers",
		"code program on_exit instructions",
	}},
	{name: "relocation", edits: []string{"&task->pid", "&task->tgid"}, want: []string{
		"code program on_exit instructions",
		"code program on_exit relocations",
	}},
	{name: "license", edits: []string{"Dual MIT/GPL", "GPL"}, want: []string{
		"code license text",
	}},
	{name: "program added", edits: []string{"char _license", "SEC(\"tc\")\nint classify(void *ctx)\n{\n\treturn 0;\n}\n\nchar _license"}, want: []string{
		"go_api program classify added",
	}},
	{name: "field added in padding", edits: []string{"__u16 pad;", "__u8 proto;\n\t__u8 pad;"}, want: []string{
		"go_api struct flow_key > field pad Go names: go",
		"go_api struct flow_key > field proto added",
	}},
}

func TestPlantedChanges(t *testing.T) {
	findPlanted(t, source(t), planted, &Options{Types: []string{"config"}})
}

// findPlanted compares a source with each of its changes.
func findPlanted(t *testing.T, text string, all []plantedChange, opts *Options) {
	old := build(t, text)
	for _, p := range all {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			changed := strings.NewReplacer(p.edits...).Replace(text)
			if changed == text {
				t.Fatal("nothing is changed")
			}
			report, err := Compare(old, build(t, changed), opts)
			if err != nil {
				t.Fatal(err)
			}
			got := lines(report)
			if !slices.Equal(got, p.want) {
				t.Errorf("got\n%q\nwant\n%q", got, p.want)
			}
		})
	}
}

// lines are the changes in short.
func lines(r *Report) (lines []string) {
	for _, c := range r.Changes {
		var victims []string
		for _, b := range c.Breaks {
			victims = append(victims, string(b.Victim))
		}
		lines = append(lines, strings.TrimSuffix(fmt.Sprintf("%s %s %s: %s", c.Class, c.Place, c.What, strings.Join(victims, " ")), ": "))
	}
	return lines
}

// Builds of one source are the same: in another directory, with other lines,
// linked, by another release of the compiler.
func TestNothingBetweenBuilds(t *testing.T) {
	text := source(t)
	old := build(t, text)
	others := map[string]*Input{
		"another directory": build(t, text),
		"other lines":       build(t, "/* one more */\n"+strings.ReplaceAll(text, "\nstruct", "\n\n// A comment.\nstruct")),
		"reproducible":      build(t, text, "-fno-ident", "-fdebug-compilation-dir", "."),
		// What the libbpf of bpftool 7.1 (bpftool gen object) made of the object.
		"linked": read(t, "testdata/app_linked_bpfel.o"),
		// What Debian's clang 16 made.
		"another clang": read(t, "testdata/app_clang16_bpfel.o"),
	}
	for name, new := range others {
		report, err := Compare(old, new, &Options{Types: []string{"config", "event"}})
		if err != nil {
			t.Fatal(err)
		}
		if len(report.Changes) > 0 || report.Breaks() {
			t.Errorf("%s: %q", name, lines(report))
		}
		if back, err := Compare(new, old, nil); err != nil || len(back.Changes) > 0 {
			t.Errorf("%s, the other way: %q, %v", name, lines(back), err)
		}
	}
}

// kernel is one of package forecast's tests: like 5.10, or like 6.12.
func kernel(t *testing.T, name string) *kernelbtf.Kernel {
	t.Helper()
	sources, err := kernelbtf.Find([]string{"../forecast/testdata/" + name + "-1-test.btf"}, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	image, err := sources[0].Open()
	if err != nil {
		t.Fatal(err)
	}
	return image
}

// find is the one change of a place that has a victim.
func find(t *testing.T, r *Report, place string, victim Victim) Break {
	t.Helper()
	for _, c := range r.Changes {
		for _, b := range c.Breaks {
			if c.Place == place && b.Victim == victim {
				return b
			}
		}
	}
	t.Errorf("nothing breaks %s at %s: %q", victim, place, lines(r))
	return Break{}
}

// A kernel that loads the old and not the new is told with what changed.
func TestKernels(t *testing.T) {
	text := source(t)
	text, _, _ = strings.Cut(text, "SEC(\"kprobe") // the kernels of the test have no task_struct
	text += "char _license[] SEC(\"license\") = \"GPL\";\n"
	loops := strings.NewReplacer("enum verdict {", "static long (*const bpf_loop)(__u32, void *, void *, __u64) = (void *)181;\nenum verdict {",
		"dropped++;", "dropped++;\n\t\tbpf_loop(0, 0, 0, 0);").Replace(text)
	var kernels []*forecast.Kernel
	for _, name := range []string{"5.10.0", "6.12.0"} {
		k, err := forecast.FromImage(kernel(t, name))
		if err != nil {
			t.Fatal(err)
		}
		kernels = append(kernels, k)
	}
	old, new := build(t, text), build(t, loops)
	report, err := Compare(old, new, &Options{Kernels: kernels})
	if err != nil {
		t.Fatal(err)
	}
	b := find(t, report, "program count_packets", Kernels)
	if !slices.Equal(b.Kernels, []string{"5.10.0-1-test"}) || !strings.Contains(b.Why, "bpf_loop") {
		t.Errorf("%+v", b)
	}
	if back, err := Compare(new, old, &Options{Kernels: kernels}); err != nil || back.Breaks() {
		t.Errorf("without the helper again: %q, %v", lines(back), err)
	}
}

// The BTF of kernels: everything, or what objects touch.
func TestKernelTypes(t *testing.T) {
	old, err := FromKernel(kernel(t, "5.10.0"))
	if err != nil {
		t.Fatal(err)
	}
	new, err := FromKernel(kernel(t, "6.12.0"))
	if err != nil {
		t.Fatal(err)
	}
	all, err := Compare(old, new, nil)
	if err != nil {
		t.Fatal(err)
	}
	find(t, all, "struct task > field state", Go)
	if !slices.Contains(lines(all), "code function kernel_function prototype") {
		t.Errorf("%q", lines(all))
	}
	user := read(t, "../forecast/testdata/programs_bpfel.o")
	touched, err := Compare(old, new, &Options{UsedBy: []*Input{user}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"layout struct task > field __state place",
		"layout struct task > field state place",
		"go_api enum helper > FUNC_new value",
		"go_api struct gone added",
		"code function kernel_function prototype",
		"code function maybe_function prototype",
		"code program reads_field of programs_bpfel.o forecast: kernels",
	}
	if got := lines(touched); !slices.Equal(got, want) {
		t.Errorf("got\n%q\nwant\n%q", got, want)
	}
	if users := touched.Changes[1].UsedBy; !slices.Equal(users, []string{"program asks_field of programs_bpfel.o", "program reads_field of programs_bpfel.o"}) {
		t.Errorf("users of struct task.state: %q", users)
	}
	if same, err := Compare(old, old, nil); err != nil || len(same.Changes) > 0 {
		t.Errorf("a kernel and itself: %q, %v", lines(same), err)
	}
}

// What the object does not say of its records comes with -event, or from the mark
// that keeps the type; what Go does not pin breaks no pins.
func TestWhatTheCallerKnows(t *testing.T) {
	untyped := strings.Replace(source(t), "\t__type(value, struct event);\n", "", 1)
	moved := strings.Replace(untyped, "__u32 pid;\n\t__u32 kind;", "__u32 kind;\n\t__u32 pid;", 1)
	const mark = "\nstruct event *unused_event __attribute__((unused));\n"
	events := map[string]emit.EventType{"events": {Type: "struct event"}}
	for name, pair := range map[string]struct {
		old, new string
		opts     *Options
	}{
		"-event": {untyped + mark, moved + mark, &Options{Events: events}},
		"mark":   {untyped + mark, moved + mark, nil},
	} {
		report, err := Compare(build(t, pair.old), build(t, pair.new), pair.opts)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(lines(report), "event struct event > field pid place: go") {
			t.Errorf("%s: %q", name, lines(report))
		}
	}
	sized := strings.NewReplacer("__type(key, struct flow_key);", "__uint(key_size, sizeof(struct flow_key));",
		"__type(value, struct flow_stats);", "__uint(value_size, sizeof(struct flow_stats));").Replace(source(t)) +
		"\nstruct flow_key *unused_key __attribute__((unused));\nstruct flow_stats *unused_stats __attribute__((unused));\n"
	swapped := strings.Replace(sized, "__be32 saddr;\n\t__be32 daddr;", "__be32 daddr;\n\t__be32 saddr;", 1)
	report, err := Compare(build(t, sized), build(t, swapped), &Options{MapTypes: map[string]emit.MapTypes{"flows": {Key: "struct flow_key", Value: "flow_stats"}}})
	if err != nil || !slices.Contains(lines(report), "layout struct flow_key > field saddr place: go pins") {
		t.Errorf("-map: %q, %v", lines(report), err)
	}
	old := build(t, source(t))
	larger := build(t, strings.Replace(source(t), "max_entries, 4)", "max_entries, 8)", 1))
	report, err = Compare(old, larger, &Options{Pinned: func(name string) bool { return name == "other" }})
	if err != nil || report.Breaks() || len(report.Changes) != 1 {
		t.Errorf("a map that nobody pins: %q, %v", lines(report), err)
	}
	if _, err := Compare(old, larger, &Options{Types: []string{"nothing"}}); err == nil || !strings.Contains(err.Error(), "-type nothing") {
		t.Errorf("an unknown type: %v", err)
	}
}

// TestMapOfSizesGetsTypes: -map is for the side that has sizes alone.
func TestMapOfSizesGetsTypes(t *testing.T) {
	text := source(t)
	sizes := strings.NewReplacer("__type(value, struct flow_stats)", "__uint(value_size, sizeof(struct flow_stats))").Replace(text)
	if sizes == text {
		t.Fatal("nothing is changed")
	}
	opts := &Options{MapTypes: map[string]emit.MapTypes{"flows": {Value: "struct flow_stats"}}, Types: []string{"config"}}
	report, err := Compare(build(t, sizes), build(t, text), opts)
	if err != nil || len(report.Changes) > 0 {
		t.Errorf("%q, %v", lines(report), err)
	}
}

// TestVariablesThatArePinned: whoever pins a section is told that its variables lie
// elsewhere.
func TestVariablesThatArePinned(t *testing.T) {
	text := source(t)
	moved := strings.Replace(text, "struct config config =", "__u32 fresh = 7;\nstruct config config =", 1)
	opts := &Options{Pinned: func(name string) bool { return name == ".data" }, Types: []string{"config"}}
	report, err := Compare(build(t, text), build(t, moved), opts)
	if err != nil || !slices.Contains(lines(report), "pinned_map map .data places of variables: pins") {
		t.Errorf("%q, %v", lines(report), err)
	}
}

// Sides that cannot be compared are errors, and objects that the library refuses are
// compared by their bytes.
func TestOtherSides(t *testing.T) {
	object := read(t, "../golden/counter/counter_bpfel.o")
	btf, err := FromKernel(kernel(t, "5.10.0"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Compare(object, btf, nil); !strings.Contains(fmt.Sprint(err), ErrKinds.Error()) {
		t.Errorf("an object and a kernel: %v", err)
	}
	if _, err := Compare(object, read(t, "../golden/counter/counter_bpfeb.o"), nil); !strings.Contains(fmt.Sprint(err), ErrByteOrder.Error()) {
		t.Errorf("two byte orders: %v", err)
	}
	refused := read(t, "../golden/arena-globals/arenaglobals_bpfel.o")
	if refused.spec != nil {
		t.Fatal("the library takes the object")
	}
	report, err := Compare(refused, refused, nil)
	if err != nil || len(report.Changes) > 0 || len(report.Unproved) != 1 {
		t.Errorf("%q, %q, %v", lines(report), report.Unproved, err)
	}
}
