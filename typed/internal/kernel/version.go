// Package kernel says what the running kernel is: its version, and the options
// it was built with. It answers why something is not there.
package kernel

import (
	"fmt"
	"strconv"
	"strings"
)

// Version of a kernel. Patch levels do not matter here: features come with a
// minor version.
type Version struct{ Major, Minor int }

// ParseVersion reads "6.12" and "6.12.117+deb12-cloud-amd64".
func ParseVersion(release string) (Version, error) {
	major, rest, _ := strings.Cut(release, ".")
	minor := rest
	if end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' }); end >= 0 {
		minor = rest[:end]
	}
	a, err := strconv.Atoi(major)
	b, err2 := strconv.Atoi(minor)
	if err != nil || err2 != nil {
		return Version{}, fmt.Errorf("kernel release %q has no version", release)
	}
	return Version{a, b}, nil
}

// Less says whether v is older than w.
func (v Version) Less(w Version) bool {
	return v.Major < w.Major || v.Major == w.Major && v.Minor < w.Minor
}

func (v Version) String() string { return fmt.Sprintf("%d.%d", v.Major, v.Minor) }
