package main

// Kernels come from Debian's archive by APT: first from the machine's own
// index, else from another suite of the same archive. For that the machine's
// own source (its mirror and its keys) is written down under the name of the
// other suite, and APT works on it in a private state directory, so that
// nothing of the system's configuration changes.
//
// Versions vanish from the index as newer ones arrive, so none is written
// here: the newest of a series is taken at the time of the run.

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// newest is the series that stands for the newest kernel that can be had.
const newest = "newest"

// suites are where a series is looked for when the machine's own index does
// not have it, in this order.
var suites = map[string][]string{
	"5.10": {"bullseye"},
	"6.1":  {"bookworm"},
	"6.12": {"trixie"},
	newest: {"trixie-backports", "forky", "sid"},
}

// archive is one view of Debian's archive: the machine's own index or that of
// one other suite.
type archive struct {
	name    string   // for messages
	options []string // of every apt call
}

var ownArchive = archive{name: "this machine's index"}

// release is one kernel in an archive.
type release struct {
	name     string   // as uname -r says, "6.1.0-56-cloud-amd64"
	packages []string // that hold its image and modules
	from     archive
}

// A kernel is one package up to 6.18; from 6.19 on image, modules and config
// (base) have packages of their own. Signed and unsigned images have the same
// code.
var kernelPackage = regexp.MustCompile(`^linux-(image|binary|modules|base)-(\d+\.\d+\.\d+\S*-cloud-amd64)(-unsigned)?$`)

// findRelease gives the newest release of a series.
func findRelease(ctx context.Context, series, cache string) (*release, error) {
	var looked []string
	if series != newest {
		r, err := ownArchive.newestOf(ctx, series)
		if err != nil || r != nil {
			return r, err
		}
		looked = append(looked, ownArchive.name)
	}
	for _, suite := range suites[series] {
		a, err := openSuite(ctx, suite, filepath.Join(cache, "apt", suite))
		if err != nil {
			looked = append(looked, err.Error())
			continue
		}
		r, err := a.newestOf(ctx, series)
		if err != nil || r != nil {
			return r, err
		}
		looked = append(looked, a.name)
	}
	return nil, fmt.Errorf("no kernel %s for cloud-amd64 in %s", series, strings.Join(looked, ", "))
}

// newestOf gives nil if the archive has no kernel of the series.
func (a archive) newestOf(ctx context.Context, series string) (*release, error) {
	out, err := command(ctx, "apt-cache", append(a.options, "search", "--names-only", "^linux-(image|binary|modules|base)-[0-9].*-cloud-amd64(-unsigned)?$")...)
	if err != nil {
		return nil, err
	}
	releases := releasesIn(out, series)
	if len(releases) == 0 {
		return nil, nil
	}
	r := slices.MaxFunc(releases, func(x, y *release) int { return compareVersions(x.name, y.name) })
	r.from = a
	return r, nil
}

// releasesIn reads lines "package - description". Of a signed and an unsigned
// package the one that sorts first is taken.
func releasesIn(search []byte, series string) []*release {
	type part struct{ release, kind string }
	parts := map[part]string{}
	for line := range strings.Lines(string(search)) {
		name, _, _ := strings.Cut(line, " ")
		m := kernelPackage.FindStringSubmatch(name)
		if m == nil || series != newest && !strings.HasPrefix(m[2], series+".") {
			continue
		}
		p := part{release: m[2], kind: m[1]}
		if old := parts[p]; old == "" || name < old {
			parts[p] = name
		}
	}
	byName := map[string]*release{}
	for p, pkg := range parts {
		r := byName[p.release]
		if r == nil {
			r = &release{name: p.release}
			byName[p.release] = r
		}
		r.packages = append(r.packages, pkg)
	}
	var releases []*release
	for name, r := range byName {
		if parts[part{name, "image"}] == "" {
			continue // the archive does not have all of it yet
		}
		slices.Sort(r.packages)
		releases = append(releases, r)
	}
	return releases
}

// openSuite downloads the index of another suite of the machine's archive.
func openSuite(ctx context.Context, suite, dir string) (archive, error) {
	source, err := ownSource(ctx)
	if err != nil {
		return archive{}, err
	}
	for _, d := range []string{"state/lists/partial", "cache/archives/partial"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o755); err != nil {
			return archive{}, err
		}
	}
	list := filepath.Join(dir, "suite.sources")
	if err := os.WriteFile(list, []byte(source.stanza(suite)), 0o644); err != nil {
		return archive{}, err
	}
	a := archive{name: suite, options: []string{
		"-o", "Dir::State=" + filepath.Join(dir, "state"),
		"-o", "Dir::Cache=" + filepath.Join(dir, "cache"),
		"-o", "Dir::Etc::sourcelist=" + list,
		"-o", "Dir::Etc::sourceparts=/dev/null",
		"-o", "Acquire::Languages=none",
		"-o", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false",
		"-o", "APT::Sandbox::User=root", // the cache may lie in a home that _apt cannot enter
	}}
	if _, err := command(ctx, "apt-get", append(a.options, "-q", "update", "--error-on=any")...); err != nil {
		return archive{}, fmt.Errorf("suite %s: %w", suite, err)
	}
	return a, nil
}

// source is what the machine's configuration says about the distribution's
// own archive.
type source struct{ uri, component, signedBy string }

func (s source) stanza(suite string) string {
	text := fmt.Sprintf("Types: deb\nURIs: %s\nSuites: %s\nComponents: %s\n", s.uri, suite, s.component)
	if s.signedBy != "" {
		text += fmt.Sprintf("Signed-By: %s\n", s.signedBy)
	}
	return text
}

// ownSource asks APT for the source of the distribution's main suite, the one
// that VERSION_CODENAME of os-release(5) names.
func ownSource(ctx context.Context) (source, error) {
	codename, err := osCodename()
	if err != nil {
		return source{}, err
	}
	out, err := command(ctx, "apt-get", "indextargets", "--format", "$(CODENAME)|$(COMPONENT)|$(REPO_URI)|$(SOURCESENTRY)", "Created-By: Packages")
	if err != nil {
		return source{}, err
	}
	for line := range strings.Lines(string(out)) {
		f := strings.Split(strings.TrimSpace(line), "|")
		if len(f) == 4 && f[0] == codename && f[1] == "main" {
			keys, err := signedBy(f[3])
			return source{uri: f[2], component: f[1], signedBy: keys}, err
		}
	}
	return source{}, fmt.Errorf("no APT source for main of %s (has apt-get update run?)", codename)
}

var (
	signedByField  = regexp.MustCompile(`(?mi)^signed-by:[ \t]*(.*(?:\n[ \t]+.*)*)`)
	signedByOption = regexp.MustCompile(`(?i)\[[^\]]*\bsigned-by=([^\s\]]+)`)
)

// signedBy reads the keys of a source, which APT does not tell. entry is
// "file:n", the n-th stanza of a .sources file or the n-th line of a .list.
// Without keys of its own a source has those that APT trusts anyway.
func signedBy(entry string) (string, error) {
	i := strings.LastIndexByte(entry, ':')
	if i < 0 {
		return "", fmt.Errorf("APT source entry %q: no file:number", entry)
	}
	text, err := os.ReadFile(entry[:i])
	if err != nil {
		return "", err
	}
	n, err := strconv.Atoi(entry[i+1:])
	if err != nil {
		return "", fmt.Errorf("APT source entry %q: %w", entry, err)
	}
	parts, pattern := strings.Split(string(text), "\n"), signedByOption
	if strings.HasSuffix(entry[:i], ".sources") {
		parts, pattern = stanzas(string(text)), signedByField
	}
	if n < 1 || n > len(parts) {
		return "", fmt.Errorf("APT source entry %q: the file has %d", entry, len(parts))
	}
	if m := pattern.FindStringSubmatch(parts[n-1]); m != nil {
		return m[1], nil
	}
	return "", nil
}

// stanzas splits a file of deb822(5) at its empty lines.
func stanzas(text string) []string {
	var all []string
	for _, s := range emptyLines.Split(text, -1) {
		if strings.TrimSpace(s) != "" {
			all = append(all, s)
		}
	}
	return all
}

var emptyLines = regexp.MustCompile(`\n(?:[ \t]*\n)+`)

// refresh updates the machine's own index, if we may.
func (a archive) refresh(ctx context.Context) error {
	_, err := command(ctx, "apt-get", append(a.options, "-q", "update")...)
	return err
}

func osCodename() (string, error) {
	b, err := os.ReadFile("/etc/os-release")
	if err != nil {
		return "", err
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "VERSION_CODENAME="); ok {
			return strings.Trim(strings.TrimSpace(v), `"`), nil
		}
	}
	return "", errors.New("/etc/os-release names no VERSION_CODENAME: kernels are had from Debian")
}

// download fetches the packages into dir; APT checks their hashes.
func (r *release) download(ctx context.Context, dir string) error {
	args := slices.Concat(r.from.options, []string{"-q", "-o", "APT::Sandbox::User=root", "download"}, r.packages)
	cmd := exec.CommandContext(ctx, "apt-get", args...)
	cmd.Dir = dir
	_, err := cmd.Output()
	return commandError("apt-get download "+strings.Join(r.packages, " "), err)
}

var number = regexp.MustCompile(`\d+`)

// compareVersions compares by the numbers in the names, which is enough for
// releases of one distribution: 6.1.0-9 < 6.1.0-56, 6.12.99+deb12 < 6.12.107+deb12.
func compareVersions(a, b string) int {
	return slices.Compare(numbersIn(a), numbersIn(b))
}

func numbersIn(s string) []int {
	var ns []int
	for _, f := range number.FindAllString(s, -1) {
		n, _ := strconv.Atoi(f) // digits only; a huge one gives the maximum
		ns = append(ns, n)
	}
	return ns
}

// command runs a program and gives its output, or an error with the last
// lines of what it had to say.
func command(ctx context.Context, name string, args ...string) ([]byte, error) {
	out, err := exec.CommandContext(ctx, name, args...).Output()
	return out, commandError(name+" "+verb(args), err)
}

// verb is the first argument that is no option: "update" of apt-get -o A=b update.
func verb(args []string) string {
	for i, a := range args {
		if !strings.HasPrefix(a, "-") && (i == 0 || args[i-1] != "-o") {
			return a
		}
	}
	return ""
}

func commandError(what string, err error) error {
	var exit *exec.ExitError
	if errors.As(err, &exit) && len(exit.Stderr) > 0 {
		return fmt.Errorf("%s: %w: %s", what, err, tail(exit.Stderr, 5))
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
