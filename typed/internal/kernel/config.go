package kernel

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"sync"
)

// Config is what a kernel was built with: the value of each option that is set,
// "y", "m", a number or a quoted string. The keys are "CONFIG_BPF" and so on.
type Config map[string]string

// RunningConfig is that of the running kernel, from where the kernel or its
// distribution puts it: /proc/config.gz, /boot, /usr/lib/modules. It is read
// once. An error means that nothing is known.
var RunningConfig = sync.OnceValues(func() (Config, error) {
	release, err := Release()
	if err != nil {
		return nil, err
	}
	for _, path := range []string{
		"/proc/config.gz",
		"/boot/config-" + release,
		"/usr/lib/modules/" + release + "/config",
		"/usr/lib/modules/" + release + "/build/.config",
	} {
		if c, err := readConfig(path); err == nil {
			return c, nil
		}
	}
	return nil, fmt.Errorf("the options of kernel %s: %w", release, fs.ErrNotExist)
})

func readConfig(path string) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if !strings.HasSuffix(path, ".gz") {
		return ParseConfig(f)
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	return ParseConfig(z)
}

// ParseConfig reads lines of "CONFIG_NAME=value". As in libbpf, the first of
// several counts.
func ParseConfig(r io.Reader) (Config, error) {
	c := make(Config)
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		name, value, ok := strings.Cut(lines.Text(), "=")
		if !ok || !strings.HasPrefix(name, "CONFIG_") {
			continue
		}
		if _, seen := c[name]; !seen {
			c[name] = value
		}
	}
	return c, lines.Err()
}

// Lacks says whether the running kernel is known to be built without an option,
// "CONFIG_FPROBE". A module counts as there.
func Lacks(option string) bool {
	c, err := RunningConfig()
	return err == nil && c[option] != "y" && c[option] != "m"
}
