package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/.ci/kernels/wire"
)

func TestReleasesIn(t *testing.T) {
	search := []byte(`linux-image-6.1.0-9-cloud-amd64 - Linux 6.1 for x86-64 cloud (signed)
linux-image-6.1.0-56-cloud-amd64 - Linux 6.1 for x86-64 cloud (signed)
linux-image-6.1.0-56-cloud-amd64-unsigned - Linux 6.1 for x86-64 cloud
linux-image-6.1.0-57-cloud-amd64-dbg - Debug symbols
linux-image-6.12-cloud-amd64 - Linux for x86-64 cloud (meta-package)
linux-image-6.12.99+deb12-cloud-amd64-unsigned - Linux 6.12 for x86-64 cloud
linux-image-6.12.107+deb12-cloud-amd64-unsigned - Linux 6.12 for x86-64 cloud
linux-image-7.3.4+deb13-cloud-amd64 - Linux 7.3.4 for x86-64 cloud
linux-binary-7.3.4+deb13-cloud-amd64 - Linux 7.3.4 for x86-64 cloud (kernel image)
linux-modules-7.3.4+deb13-cloud-amd64 - Linux 7.3.4 for x86-64 cloud (modules)
linux-base-7.3.4+deb13-cloud-amd64 - Linux 7.3.4 for x86-64 cloud (base files)
linux-base-7.4.1+deb13-cloud-amd64 - Linux 7.4.1 for x86-64 cloud (base files; the rest is still to come)
`)
	for _, c := range []struct {
		series, release string
		packages        []string
	}{
		{"6.1", "6.1.0-56-cloud-amd64", []string{"linux-image-6.1.0-56-cloud-amd64"}},
		{"6.12", "6.12.107+deb12-cloud-amd64", []string{"linux-image-6.12.107+deb12-cloud-amd64-unsigned"}},
		{newest, "7.3.4+deb13-cloud-amd64", []string{
			"linux-base-7.3.4+deb13-cloud-amd64", "linux-binary-7.3.4+deb13-cloud-amd64", "linux-image-7.3.4+deb13-cloud-amd64", "linux-modules-7.3.4+deb13-cloud-amd64"}},
	} {
		releases := releasesIn(search, c.series)
		r := slices.MaxFunc(releases, func(a, b *release) int { return compareVersions(a.name, b.name) })
		if r.name != c.release || !slices.Equal(r.packages, c.packages) {
			t.Errorf("%s: got %s of %q, want %s of %q", c.series, r.name, r.packages, c.release, c.packages)
		}
	}
	if r := releasesIn(search, "5.10"); len(r) != 0 {
		t.Errorf("5.10: got %s", r[0].name)
	}
}

// TestFindParts: image and config, and no module that is called like them.
func TestFindParts(t *testing.T) {
	const modules = "usr/lib/modules/7.3.4/"
	for _, c := range []struct{ image, config string }{
		{"boot/vmlinuz-6.1.0", "boot/config-6.1.0"},
		{modules + "vmlinuz", modules + "config"},
	} {
		dir := t.TempDir()
		for _, name := range []string{c.image, c.config, modules + "kernel/fs/configfs/configfs.ko.xz"} {
			if err := writeFile(filepath.Join(dir, name), strings.NewReader("")); err != nil {
				t.Fatal(err)
			}
		}
		image, config, err := findParts(dir)
		if err != nil || image != filepath.Join(dir, c.image) || config != filepath.Join(dir, c.config) {
			t.Errorf("got %s, %s, %v", image, config, err)
		}
		if err := os.Remove(filepath.Join(dir, c.config)); err != nil {
			t.Fatal(err)
		}
		if _, config, err := findParts(dir); err == nil {
			t.Errorf("%s is taken for a config", config)
		}
	}
}

func TestSignedBy(t *testing.T) {
	dir := t.TempDir()
	deb822 := filepath.Join(dir, "debian.sources")
	oneLine := filepath.Join(dir, "debian.list")
	writeText(t, deb822, "# ours\nTypes: deb\nSigned-By: /keys/one.gpg\n\n\nTypes: deb\nsigned-by:\n -----BEGIN\n .\n -----END\nSuites: x\n\nTypes: deb\n")
	writeText(t, oneLine, "# none\ndeb [arch=amd64 signed-by=/keys/two.gpg] uri suite main\ndeb uri suite main\n")
	for entry, want := range map[string]string{
		deb822 + ":1":  "/keys/one.gpg",
		deb822 + ":2":  "\n -----BEGIN\n .\n -----END",
		deb822 + ":3":  "",
		oneLine + ":2": "/keys/two.gpg",
		oneLine + ":3": "",
	} {
		if got, err := signedBy(entry); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", filepath.Base(entry), got, err, want)
		}
	}
	for _, entry := range []string{deb822 + ":4", deb822, deb822 + ":x", filepath.Join(dir, "gone.list:1")} {
		if _, err := signedBy(entry); err == nil {
			t.Errorf("%s: no error", filepath.Base(entry))
		}
	}
}

func writeText(t *testing.T, file, text string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// TestInitramfs reads the archive back with another's program.
func TestInitramfs(t *testing.T) {
	busybox, err := exec.LookPath("busybox")
	if err != nil {
		requireTools(t)
	}
	var archive bytes.Buffer
	a := newInitramfs(&archive)
	a.addFile("/a/b/odd", []byte("12345"))
	a.addFile("/a/b/empty", nil)
	a.addSymlink("/a/link", "b/odd")
	if err := a.close(); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cmd := exec.Command(busybox, "cpio", "-i")
	cmd.Dir, cmd.Stdin = dir, &archive
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("cpio: %v: %s", err, out)
	}
	if b, err := os.ReadFile(filepath.Join(dir, "a/link")); err != nil || string(b) != "12345" {
		t.Errorf("link: %q, %v", b, err)
	}
	if st, err := os.Stat(filepath.Join(dir, "a/b/empty")); err != nil || st.Size() != 0 || st.Mode() != 0o644 {
		t.Errorf("empty: %v, %v", st, err)
	}
}

func TestWire(t *testing.T) {
	var stream bytes.Buffer
	stream.WriteString("noise")
	for _, s := range []struct {
		r    wire.Record
		text string
	}{
		{wire.Record{Kind: wire.Up, Text: "6.1"}, ""},
		{wire.Record{Kind: wire.Begin, Index: 1}, "output \x1eother {}\nwithout end"},
		{wire.Record{Kind: wire.End, Index: 1, Exit: 3}, ""},
	} {
		line, err := wire.Marshal("nonce", s.r)
		if err != nil {
			t.Fatal(err)
		}
		stream.Write(line)
		stream.WriteString(s.text)
	}
	stream.WriteString("\x1enonce {\"Kind\":\"do") // cut off
	records, outputs, err := wire.Parse("nonce", stream.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	r := newReport("6.1", []testBinary{{pkg: "a"}, {pkg: "b"}})
	if r.fill(records, outputs) {
		t.Error("done without the last record")
	}
	if got := string(r.results[1].output); got != "output \x1eother {}\nwithout end" {
		t.Errorf("output %q", got)
	}
	if got := r.results[1].failure(); got != "exit status 3" {
		t.Errorf("failure %q", got)
	}
	if got := r.results[0].failure(); got != "not run: the machine had died" {
		t.Errorf("failure of the other %q", got)
	}
}

// TestNothingRan: a binary that exits with 0 before its tests have run has
// not passed.
func TestNothingRan(t *testing.T) {
	r := result{begun: true, output: []byte("PASS\n"), end: &wire.Record{Kind: wire.End}}
	if r.failure() == "" {
		t.Error("passed")
	}
	r.output = []byte("--- PASS: TestX (0.00s)\nPASS\n")
	if f := r.failure(); f != "" {
		t.Errorf("failed: %s", f)
	}
}

// hookColumns are the columns that the golden table is made of.
func hookColumns() table {
	old, ours := map[string]hookResult{}, map[string]hookResult{}
	hooksIn([]byte(`=== RUN TestX
    x_test.go:1: HOOK netkit loaded=no attached=no fired=no reason="no netkit | before 6.7"
    x_test.go:2: HOOK kprobe loaded=yes attached=yes fired=3
    x_test.go:2: HOOK kprobe loaded=yes attached=no fired=no reason="a second try"
HOOK xdp loaded=yes attached=yes fired=0 reason="no packet"
prose about a HOOK that counts nothing
`), old)
	hooksIn([]byte("HOOK netkit loaded=yes attached=yes fired=yes\r\nHOOK kprobe loaded=yes attached=no fired=no reason=\"off\"\r\n"), ours)
	return table{
		{series: hostName, release: "6.18", required: true, hooks: ours},
		{series: "6.12", release: "6.12.1", required: true, hooks: ours},
		{series: newest, remark: "no network", hooks: nil},
		{series: "6.1", release: "6.1.0", required: true, hooks: old},
	}
}

func TestTable(t *testing.T) {
	_, got, _ := strings.Cut(string(hookColumns().markdown()), "\n\n| kernel")
	const want = ` | release | in CI |
|---|---|---|
| 6.1 | 6.1.0 | required |
| 6.12 | 6.12.1 | required |
| newest | not run: no network | tried |
| host | 6.18 | required |

| hook | 6.1 | 6.12 | host |
|---|---|---|---|
| kprobe | fired | loaded | loaded |
| netkit | no | fired | fired |
| xdp | attached |  |  |

## Why not

- ` + "`kprobe`" + ` on 6.12, host: off
- ` + "`netkit`" + ` on 6.1: no netkit \| before 6.7
- ` + "`xdp`" + ` on 6.1: no packet
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestCompareTables(t *testing.T) {
	columns := hookColumns()
	written := readTable(columns.markdown())
	if d := columns.compare(written); len(d) != 0 {
		t.Errorf("differs from itself: %q", d)
	}
	columns[1].hooks = map[string]hookResult{"netkit": {state: attached}, "new": {state: fired}}
	want := []string{
		`kprobe on 6.12: "", was "loaded"`,
		`netkit on 6.12: "attached", was "fired"`,
		`new on 6.12: "fired", was ""`,
	}
	if d := columns.compare(written); !slices.Equal(d, want) {
		t.Errorf("got %q, want %q", d, want)
	}
	columns[1].required = false // the release is the one that was measured
	if d := columns.compare(written); !slices.Equal(d, want) {
		t.Errorf("tried: got %q, want %q", d, want)
	}
	columns[1].died = true
	if d := columns.compare(written); len(d) != 0 {
		t.Errorf("tried, and the machine died: %q", d)
	}
	columns[1].died, columns[1].release = false, "6.12.2"
	if d := columns.compare(written); len(d) != 0 {
		t.Errorf("tried, with another release: %q", d)
	}
}

func TestVerb(t *testing.T) {
	for want, args := range map[string][]string{
		"update": {"-o", "Dir::State=x", "-q", "update", "--error-on=any"},
		"list":   {"list", "-json", "./typed"},
		"":       nil,
	} {
		if got := verb(args); got != want {
			t.Errorf("%q: got %q", args, got)
		}
	}
}

func TestLastWords(t *testing.T) {
	noise := strings.Repeat("booting\n", 200)
	if got := lastWords([]byte(noise)); strings.Count(got, "booting") != 30 {
		t.Errorf("without a crash: %q", got)
	}
	got := lastWords([]byte(noise + "[1.0] Kernel panic - not syncing: x\n" + strings.Repeat("trace\n", 200)))
	if !strings.HasPrefix(got, "[1.0] Kernel panic") || strings.Count(got, "trace") != 99 {
		t.Errorf("with a crash: %q", got)
	}
}
