package main

// Pages of inspect -html in a browser: what is drawn is where it should be, can be
// read in light and dark, and needs nothing else.

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	_ "embed"

	"github.com/bpfgen/bpfgen/internal/inspecthtml"
)

//go:embed testdata/inspect/look.js
var lookJS string

// view is a window to look at a page in.
type view struct {
	width  int
	scheme string
}

var views = []view{{1280, "light"}, {1280, "dark"}, {420, "dark"}}

// look opens a page and returns what is wrong with it.
func (b *browser) look(path string, wanted [][2]string, views []view) (faults []string) {
	b.t.Helper()
	faults = b.load(path)
	list, err := json.Marshal(wanted)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, v := range views {
		b.window(v.width, v.scheme)
		var seen []string
		b.eval(fmt.Sprintf("%s(%s, %v)", lookJS, list, v.scheme == "dark"), &seen)
		for _, fault := range seen {
			faults = append(faults, fmt.Sprintf("%s, %d pixels: %s", v.scheme, v.width, fault))
		}
		if dir := os.Getenv("BPFGEN_SCREENSHOTS"); dir != "" { // for somebody to look at
			name := strings.TrimSuffix(filepath.Base(path), ".html")
			b.screenshot(filepath.Join(dir, fmt.Sprintf("%s_%d_%s.png", name, v.width, v.scheme)))
		}
	}
	return faults
}

// wanted are the IDs and names of all that a report has.
func (r *report) wanted() (list [][2]string) {
	for _, p := range r.Programs {
		list = append(list, [2]string{"program-" + hex.EncodeToString([]byte(oneLine(p.Name))), oneLine(p.Name)})
	}
	for _, m := range r.Maps {
		list = append(list, [2]string{"map-" + hex.EncodeToString([]byte(oneLine(m.Name))), oneLine(m.Name)})
	}
	for _, s := range r.Sections {
		list = append(list, [2]string{"map-" + hex.EncodeToString([]byte(oneLine(s.Name))), oneLine(s.Name)})
	}
	for _, t := range r.Types {
		list = append(list, [2]string{t.ID, oneLine(t.Name)})
		every := 1 + len(t.Members)/100 // looking for all of 10,000 would take minutes
		for i, m := range t.Members {
			if i%every != 0 {
				continue
			}
			list = append(list, [2]string{t.ID, oneLine(m.Name)})
		}
	}
	return list
}

// lookAt writes a report's page and looks at it.
func (b *browser) lookAt(name string, r *report, views []view) {
	b.t.Helper()
	var page bytes.Buffer
	if err := r.writeHTML(&page, name); err != nil {
		b.t.Errorf("%s: %v", name, err)
		return
	}
	if err := inspecthtml.CheckForm(page.String()); err != nil {
		b.t.Errorf("%s: %v", name, err)
	}
	base := strings.TrimSuffix(filepath.Base(name), ".o")
	for _, fault := range b.look(writePage(b.t, base, page.String()), r.wanted(), views) {
		b.t.Errorf("%s: %s", name, fault)
	}
}

func writePage(t *testing.T, name, page string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name+".html")
	if err := os.WriteFile(path, []byte(page), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestPagesInBrowser looks at the pages of the golden objects for little-endian
// machines, and of those for big-endian ones that show how bits are counted.
func TestPagesInBrowser(t *testing.T) {
	b := newBrowser(t)
	reports := inspected(t)
	looked := 0
	for _, name := range sortedNames(reports) {
		if strings.HasSuffix(name, "_bpfeb.o") && !strings.Contains(name, "bitfields") {
			continue
		}
		b.lookAt(name, reports[name], views)
		looked++
	}
	if looked < 50 {
		t.Errorf("only %d pages", looked)
	}
}

// hostileC is C that nobody would write: texts that HTML would read as its own, a
// struct of 10,000 members and one of a megabyte, unions in unions, members of no
// size and 500 maps. Its names are as long as C++ makes them.
func hostileC() string {
	const long = "a_name_that_goes_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on_and_on"
	var c strings.Builder
	fmt.Fprintf(&c, `
#define SEC(name) __attribute__((section(name), used))
#define TAG(text) __attribute__((btf_decl_tag(text)))
#define __uint(name, val) int (*name)[val]
#define __type(name, val) typeof(val) *name
typedef unsigned char u8;
typedef unsigned int u32;
typedef unsigned long long u64;

char _license[] SEC("license") = "GPL</title><script>alert(1)</script>";
const char text[] = "</code><script>alert(2)</script>", bytes[] = "\xff\x1b[31m\u202e&amp;<!--";
struct %[1]s { u8 %[1]s_a; u64 %[1]s_b; u8 c; };
struct { __uint(type, 1); __type(key, u32); __type(value, struct %[1]s); __uint(max_entries, 4000000000u); } %[1]s_map SEC(".maps") TAG("</td><script>alert(3)</script>&\"'");
struct big { u8 before; u8 buffer[1000000]; u64 behind; } *unused_big TAG("<img src=x onerror=alert(4)>");
union nest {
	u8 raw[40];
	struct { u8 a; union { u64 b; struct { u8 c; union { u32 d : 3; u8 e[7]; struct { union { u8 f; u64 g; }; } deep[2]; }; } named; }; };
	struct { } nothing;
} nest = { .raw = "<b>\"&'" };
struct flexible { u32 n; struct { u8 a; u64 b; } items[]; } *unused_flexible;
struct zero { struct { } e; u8 none[0]; };
struct { struct zero z; u32 n; struct zero y[3]; } holds_zero;
enum many { `, long)
	for i := range 300 {
		fmt.Fprintf(&c, "ENUMERATOR_%d, ", i)
	}
	c.WriteString("} which = ENUMERATOR_7;\nstruct wide {\n")
	for i := range 10000 {
		fmt.Fprintf(&c, "u8 m%d;\n", i)
	}
	c.WriteString("} *unused_wide;\nstatic void *(*lookup)(void *, const void *) = (void *)1;\n")
	for i := range 500 {
		fmt.Fprintf(&c, "struct { __uint(type, 2); __type(key, u32); __type(value, u64); __uint(max_entries, %[1]d + 1); } map_%[1]d SEC(\".maps\");\n", i)
	}
	fmt.Fprintf(&c, "SEC(\"xdp\") int %[1]s(void *ctx) { u32 k = 0; lookup(&%[1]s_map, &k);\n", long)
	for i := range 250 {
		fmt.Fprintf(&c, "lookup(&map_%d, &k);\n", 2*i)
	}
	fmt.Fprintf(&c, "return text[k] + bytes[k]; }\nSEC(\"fentry/%s\") int second(void *ctx) { u32 k = 0; lookup(&map_1, &k); return which; }\n", long)
	return c.String()
}

// TestHostilePagesInBrowser looks at the pages of C that nobody would write, for
// both byte orders.
func TestHostilePagesInBrowser(t *testing.T) {
	if ok, err := condition("clang"); err != nil {
		t.Fatal(err)
	} else if !ok {
		t.Skip("needs a compiler")
	}
	b := newBrowser(t)
	dir := t.TempDir()
	source := filepath.Join(dir, "hostile.c")
	if err := os.WriteFile(source, []byte(hostileC()), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"bpfel", "bpfeb"} {
		name := filepath.Join(dir, "hostile_"+target+".o")
		if out, err := exec.Command(compiler(), "-target", target, "-O2", "-g", "-c", "-o", name, source).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		content, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		object, err := parseBytes(name, content)
		if err != nil {
			t.Fatal(err)
		}
		r, err := newReport(object, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := r.addCode(name, object, content); err != nil {
			t.Fatal(err)
		}
		if r.LoadError != "" || len(r.Maps) != 501 || len(r.Types) < 8 {
			t.Errorf("%q, %d maps, %d types", r.LoadError, len(r.Maps), len(r.Types))
		}
		b.lookAt(name, r, views[:map[string]int{"bpfel": 3, "bpfeb": 1}[target]])
	}
}

// TestBrowserSeesFaults: a page that is wrong in each way is told from one that is
// not.
func TestBrowserSeesFaults(t *testing.T) {
	b := newBrowser(t)
	r := inspected(t)["../../golden/counter/counter_bpfel.o"]
	var page bytes.Buffer
	if err := r.writeHTML(&page, "counter_bpfel.o"); err != nil {
		t.Fatal(err)
	}
	if faults := b.look(writePage(t, "good", page.String()), r.wanted(), views); len(faults) > 0 {
		t.Fatalf("the page itself has faults: %q", faults)
	}
	const policy = `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>`
	for name, test := range map[string]struct{ from, to, want string }{
		"fetched":       {policy, `<link rel="stylesheet" href="other.css"/>`, "fetches file://"},
		"refused":       {"</main>", `<img src="other.png"/></main>`, "Log.entryAdded"},
		"script":        {policy, `<script>console.log("here")</script>`, "Runtime.consoleAPICalled"},
		"script error":  {policy, `<script>nothing.here</script>`, "Runtime.exceptionThrown"},
		"wide":          {"</main>", `<p style="width: 3000px">wide</p></main>`, "the page is 3"},
		"map missing":   {`id="map-` + hex.EncodeToString([]byte("flows")) + `"`, ``, "is not shown: flows"},
		"struct hidden": {`class="type" id="` + r.Types[1].ID + `"`, `style="display: none" id="` + r.Types[1].ID + `"`, "is not shown: " + r.Types[1].Name},
		"long text":     {`y="17">count_packets<`, `y="17">count_packets_that_are_far_too_long_for_their_box_in_the_graph<`, "text leaves its box"},
		"boxes":         {`translate(350 0)`, `translate(10 0)`, "boxes meet"},
		"faint":         {"--soft: #545a61", "--soft: #c0c6cd", "light, 1280 pixels: contrast"},
		"dark":          {"prefers-color-scheme: dark", "prefers-color-scheme: none", "the page is not dark"},
		"rows":          {".row { display: grid;", ".row { display: grid; width: 30px;", "a cell"},
	} {
		if !strings.Contains(page.String(), test.from) {
			t.Errorf("%s: the page has no %s", name, test.from)
			continue
		}
		faults := strings.Join(b.look(writePage(t, "bad", strings.Replace(page.String(), test.from, test.to, 1)), r.wanted(), views), "\n")
		if !strings.Contains(faults, test.want) {
			t.Errorf("%s: not seen; faults:\n%s", name, faults)
		}
	}
}
