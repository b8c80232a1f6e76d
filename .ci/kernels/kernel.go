package main

import (
	"archive/tar"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"time"
)

// kernel is a kernel that is unpacked and can be booted.
type kernel struct {
	Series  string // "6.1"; of the newest that could be had: its own
	Release string // as uname -r says
	Suite   string // where it was found
	Image   string // path of the bzImage
	Config  string // path of the build configuration
	Dir     string // that holds image, config and modules
	Found   time.Time
}

// fresh is how long a kernel in the cache is taken without asking APT whether
// there is a newer one.
const fresh = 24 * time.Hour

// obtain gives the newest kernel of a series, from the cache if it is fresh
// there. When APT cannot answer, an older one in the cache is still good.
func obtain(ctx context.Context, series, cache string) (*kernel, error) {
	cached, err := readCached(series, cache)
	if err != nil {
		return nil, err
	}
	if cached != nil && time.Since(cached.Found) < fresh {
		return cached, nil
	}
	k, err := obtainNewest(ctx, series, cache)
	if err != nil && cached != nil && ctx.Err() == nil {
		return cached, nil
	}
	return k, err
}

// obtainNewest asks a second time with a new index of the machine's own, for
// one that is old names packages that are gone from the archive.
func obtainNewest(ctx context.Context, series, cache string) (*kernel, error) {
	k, err := obtainNow(ctx, series, cache)
	if err != nil && ctx.Err() == nil && ownArchive.refresh(ctx) == nil {
		return obtainNow(ctx, series, cache)
	}
	return k, err
}

func obtainNow(ctx context.Context, series, cache string) (*kernel, error) {
	r, err := findRelease(ctx, series, cache)
	if err != nil {
		return nil, err
	}
	k := &kernel{
		Series:  seriesOf(r.name),
		Release: r.name,
		Suite:   r.from.name,
		Dir:     filepath.Join(cache, r.name),
		Found:   time.Now(),
	}
	if err := r.unpackTo(ctx, k.Dir); err != nil {
		return nil, err
	}
	if k.Image, k.Config, err = findParts(k.Dir); err != nil {
		return nil, err
	}
	return k, writeCached(series, cache, k)
}

// seriesOf gives "6.12" for "6.12.117+deb12-cloud-amd64".
func seriesOf(release string) string {
	major, rest, _ := strings.Cut(release, ".")
	minor, _, _ := strings.Cut(rest, ".")
	return major + "." + minor
}

// What APT answered is kept per series, beside the unpacked kernels.
func cachedFile(series, cache string) string { return filepath.Join(cache, series+".json") }

// readCached gives nil if the cache does not have the series.
func readCached(series, cache string) (*kernel, error) {
	b, err := os.ReadFile(cachedFile(series, cache))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var k kernel
	if err := json.Unmarshal(b, &k); err != nil {
		return nil, fmt.Errorf("%s: %w (delete it)", cachedFile(series, cache), err)
	}
	if _, err := os.Stat(k.Image); err != nil {
		return nil, nil // somebody cleaned up
	}
	if k.Config == "" {
		return nil, nil // of a harness that did not ask for it
	}
	return &k, nil
}

// writeCached also removes the release that k replaces.
func writeCached(series, cache string, k *kernel) error {
	if old, err := readCached(series, cache); err == nil && old != nil && old.Dir != k.Dir {
		if err := os.RemoveAll(old.Dir); err != nil {
			return err
		}
	}
	b, err := json.MarshalIndent(k, "", "\t")
	if err != nil {
		return err
	}
	return os.WriteFile(cachedFile(series, cache), b, 0o644)
}

// unpackTo downloads the packages of r and unpacks what a boot needs into
// dir, which is there afterwards whole or not at all.
func (r *release) unpackTo(ctx context.Context, dir string) error {
	if _, _, err := findParts(dir); err == nil {
		return nil
	}
	tmp, err := os.MkdirTemp(filepath.Dir(dir), "unpack-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	if err := r.download(ctx, tmp); err != nil {
		return err
	}
	debs, err := filepath.Glob(filepath.Join(tmp, "*.deb"))
	if err != nil {
		return err
	}
	for _, deb := range debs {
		if err := unpack(ctx, deb, filepath.Join(tmp, "root")); err != nil {
			return fmt.Errorf("%s: %w", filepath.Base(deb), err)
		}
	}
	if err := os.RemoveAll(dir); err != nil { // an incomplete one
		return err
	}
	return os.Rename(filepath.Join(tmp, "root"), dir)
}

// unpack extracts image, config and modules of a Debian package.
func unpack(ctx context.Context, deb, dir string) error {
	cmd := exec.CommandContext(ctx, "dpkg-deb", "--fsys-tarfile", deb)
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return err
	}
	err = unpackTar(tar.NewReader(pipe), dir)
	_, drained := io.Copy(io.Discard, pipe)
	return cmp.Or(err, drained, cmd.Wait())
}

func unpackTar(t *tar.Reader, dir string) error {
	for {
		h, err := t.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if h.Typeflag != tar.TypeReg || !needed(h.Name) || !filepath.IsLocal(h.Name) {
			continue
		}
		if err := writeFile(filepath.Join(dir, h.Name), t); err != nil {
			return err
		}
	}
}

// needed tells image, config and modules from documentation and hooks of
// package scripts.
func needed(name string) bool {
	return isImage(path.Base(name)) || isConfig(path.Base(name)) || strings.Contains(name, "/modules/")
}

func writeFile(name string, r io.Reader) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, r)
	return cmp.Or(err, f.Close())
}

// isImage and isConfig know vmlinuz-RELEASE and config-RELEASE of /boot and, from
// 6.19 on, vmlinuz and config beside the modules, of which one is configfs.ko.
func isImage(base string) bool  { return base == "vmlinuz" || strings.HasPrefix(base, "vmlinuz-") }
func isConfig(base string) bool { return base == "config" || strings.HasPrefix(base, "config-") }

// findParts finds image and config among what was unpacked.
func findParts(dir string) (image, config string, err error) {
	if image = findFile(dir, isImage); image == "" {
		return "", "", fmt.Errorf("%s: no vmlinuz in the packages", filepath.Base(dir))
	}
	if config = findFile(dir, isConfig); config == "" {
		return "", "", fmt.Errorf("%s: no config in the packages", filepath.Base(dir))
	}
	return image, config, nil
}

// findFile gives the first file below dir with such a name.
func findFile(dir string, is func(base string) bool) string {
	var found string
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() && is(d.Name()) {
			found = path
			return fs.SkipAll
		}
		return err
	})
	return found
}
