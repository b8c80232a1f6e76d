package kernelbtf

// This file finds out what the arguments of a command line are: which files
// are kernels, which are modules, and which kernel a module belongs to.
//
// A module belongs to the kernel that -base names. Without it, it belongs to
// the one kernel in the nearest folder around it; where there are several,
// to the one whose file or release has the name of a folder that the module
// is in (lib/modules/6.1.0-56-amd64/… and boot/vmlinuz-6.1.0-56-amd64).

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/internal/lazyregexp"
)

// Stdin is the argument that stands for standard input.
const Stdin = "-"

// Source is one kernel that has been found and not yet been read.
type Source struct {
	// Path of the kernel's file, or Stdin.
	Path string
	// Modules are the paths of its modules.
	Modules []string

	stdin io.Reader
}

// Find gives the kernels of a command line in the order of its arguments,
// those of a folder in the order of their paths. base, if not "", is the
// kernel of all modules among the arguments.
func Find(args []string, base string, stdin io.Reader) ([]Source, error) {
	f := finder{stdin: stdin, base: base}
	for _, arg := range args {
		if err := f.argument(arg); err != nil {
			return nil, err
		}
	}
	if base != "" && len(f.modules) > 0 {
		f.add(base)
	}
	if err := f.assign(); err != nil {
		return nil, err
	}
	return f.sources, nil
}

type finder struct {
	stdin   io.Reader
	base    string
	sources []Source
	modules []module
}

// module is a file of split BTF and the folder that was searched for it, ""
// where it was named itself.
type module struct{ path, root string }

func (f *finder) argument(arg string) error {
	if arg == Stdin {
		f.sources = append(f.sources, Source{Path: Stdin, stdin: f.stdin})
		return nil
	}
	info, err := os.Stat(arg)
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return f.file(arg, "")
	}
	before := len(f.sources) + len(f.modules)
	if err := f.folder(arg); err != nil {
		return err
	}
	if len(f.sources)+len(f.modules) == before {
		return fmt.Errorf("%s: no kernel in this folder", arg)
	}
	return nil
}

// HasKernel says whether a folder has files that are called as kernels are.
func HasKernel(folder string) bool {
	f := finder{}
	return f.folder(folder) == nil && len(f.sources)+len(f.modules) > 0
}

// kernelName are the names under which kernels and modules lie in folders,
// where much else does, too.
var kernelName = lazyregexp.New(`^(vmlinu[xz].*|bzImage.*|Image.*|.*\.btf(\.[a-z0-9]+){0,2}|.*\.ko(\.[a-z0-9]+)?)$`)

func (f *finder) folder(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.Type()&fs.ModeSymlink != 0:
			return f.link(path, root)
		case !d.Type().IsRegular():
			return nil
		case kernelName().MatchString(d.Name()) || filepath.Dir(path) == sysBTF:
			return f.file(path, root)
		}
		return nil
	})
}

// link follows links to files (/boot/vmlinuz) but not to folders, which may
// lead back.
func (f *finder) link(path, root string) error {
	info, err := os.Stat(path)
	if err != nil || !info.Mode().IsRegular() || !kernelName().MatchString(filepath.Base(path)) {
		return nil // a link to nowhere is no kernel
	}
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return err
	}
	if rel, err := filepath.Rel(root, target); err == nil && filepath.IsLocal(rel) {
		return nil // it is found under its own name
	}
	return f.file(path, root)
}

func (f *finder) file(path, root string) error {
	split, err := isSplit(path)
	if err != nil {
		return err
	}
	if split {
		f.modules = append(f.modules, module{path, root})
	} else {
		f.add(path)
	}
	return nil
}

// add adds a kernel once.
func (f *finder) add(path string) {
	same := func(s Source) bool { return s.Path == path }
	if !slices.ContainsFunc(f.sources, same) {
		f.sources = append(f.sources, Source{Path: path})
	}
}

// sysBTF is where the running kernel shows its BTF and that of its modules.
const sysBTF = "/sys/kernel/btf"

var moduleFile = lazyregexp.New(`\.ko(\.[a-z0-9]+)?$`)

// isSplit tells modules from kernels, without unpacking: by the name .ko, or by
// the strings of raw BTF.
func isSplit(path string) (bool, error) {
	if moduleFile().MatchString(path) {
		return true, nil
	}
	if filepath.Dir(path) == sysBTF {
		return filepath.Base(path) != "vmlinux", nil
	}
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	info, err := file.Stat()
	head := make([]byte, headerSize)
	if n, _ := file.ReadAt(head, 0); err != nil || n < headerSize || !isBTF(head) {
		return false, err
	}
	h, err := parseHeader(head, uint64(info.Size()))
	if err != nil || h.stringBytes == 0 {
		return false, nil // reading it will say what is wrong
	}
	first := make([]byte, 1)
	n, _ := file.ReadAt(first, int64(h.firstString()))
	return n == 1 && first[0] != 0, nil
}

// assign gives every module to its kernel.
func (f *finder) assign() error {
	for _, m := range f.modules {
		i, err := f.kernelOf(m)
		if err != nil {
			return err
		}
		f.sources[i].Modules = append(f.sources[i].Modules, m.path)
	}
	return nil
}

func (f *finder) kernelOf(m module) (int, error) {
	if f.base != "" {
		return slices.IndexFunc(f.sources, func(s Source) bool { return s.Path == f.base }), nil
	}
	if filepath.Dir(m.path) == sysBTF {
		base := filepath.Join(sysBTF, "vmlinux")
		f.add(base)
		return slices.IndexFunc(f.sources, func(s Source) bool { return s.Path == base }), nil
	}
	if m.root == "" {
		return 0, fmt.Errorf("%s: the BTF of a module continues that of its kernel: give that with -base", m.path)
	}
	for dir := filepath.Dir(m.path); ; dir = filepath.Dir(dir) {
		around := f.below(dir)
		if len(around) > 1 {
			around = slices.DeleteFunc(around, func(i int) bool { return !related(m.path, f.sources[i].Path) })
		}
		if len(around) == 1 {
			return around[0], nil
		}
		if dir == filepath.Clean(m.root) || dir == filepath.Dir(dir) {
			return 0, fmt.Errorf("%s: which of the kernels in %s is it a module of? Give that kernel with -base", m.path, m.root)
		}
	}
}

// below are the kernels in a folder and its folders.
func (f *finder) below(dir string) (found []int) {
	for i, s := range f.sources {
		if rel, err := filepath.Rel(dir, s.Path); err == nil && filepath.IsLocal(rel) {
			found = append(found, i)
		}
	}
	return found
}

// related says whether a folder of the module's path names the kernel's file,
// or a folder of the kernel's.
func related(mod, kernel string) bool {
	parts := strings.Split(filepath.ToSlash(kernel), "/")
	for _, dir := range strings.Split(filepath.ToSlash(filepath.Dir(mod)), "/") {
		if version().MatchString(dir) && (slices.Contains(parts, dir) || strings.HasSuffix(plainName(kernel), dir)) {
			return true
		}
	}
	return false
}

var version = lazyregexp.New(`^\d+\.\d+`)

// Open reads the kernel and its modules.
func (s Source) Open() (*Kernel, error) {
	image, err := s.read()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.Path, err)
	}
	if image.Split {
		return nil, fmt.Errorf("%s: the BTF of a module continues that of its kernel: give that with -base", s.Path)
	}
	k := &Kernel{Path: s.Path, Image: image}
	k.Name, k.Release = nameOf(s.Path, image.Release)
	if k.Config == nil {
		k.Config = configBeside(s.Path)
	}
	for _, path := range s.Modules {
		m, err := openModule(path)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if m != nil {
			k.Modules = append(k.Modules, *m)
		}
	}
	return k, nil
}

func (s Source) read() (*Image, error) {
	if s.Path != Stdin {
		return readFile(s.Path)
	}
	data, err := io.ReadAll(io.LimitReader(s.stdin, maxFile+1))
	if err != nil {
		return nil, err
	}
	return Read(bytes.NewReader(data))
}

// configBeside is the kernel's configuration where it lies beside its file, under
// the names that distributions use, or as NAME.config; nil where it does not.
func configBeside(path string) []byte {
	dir, base := filepath.Split(path)
	names := []string{dir + plainName(base) + ".config"}
	if filepath.Dir(path) == sysBTF {
		release, _ := os.ReadFile("/proc/sys/kernel/osrelease")
		names = []string{"/proc/config.gz", "/boot/config-" + strings.TrimSpace(string(release))}
	} else if base == "vmlinuz" || base == "vmlinux" {
		names = append(names, dir+"config")
	} else if _, release, ok := strings.Cut(plainName(base), "-"); ok {
		names = append(names, dir+"config-"+release)
	}
	for _, name := range names {
		packed, err := os.ReadFile(name)
		if err != nil {
			continue
		}
		if text, err := unpack(packed, maxConfig); err == nil {
			return text
		}
	}
	return nil
}

// maxConfig bounds a configuration, which has some 300 KB.
const maxConfig = 16 << 20

// openModule gives nil for a module without BTF, as those before Linux 5.11
// are and those that have no types.
func openModule(path string) (*Module, error) {
	image, err := readFile(path)
	if errors.Is(err, errNoBTF) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	name := strings.ReplaceAll(plainName(path), "-", "_")
	return &Module{Name: name, Path: path, Image: image}, nil
}

// readFile reads to the end: files of /sys/kernel/btf do not all know their size.
func readFile(path string) (*Image, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, errors.Unwrap(err)
	}
	defer file.Close()
	return Read(file)
}

var endings = lazyregexp.New(`(\.(btf|ko|o|elf|tar|xz|zst|gz|bz2|lz4|raw))+$`)

// plainName is the file's name without what only says how it is packed.
func plainName(path string) string { return endings().ReplaceAllString(filepath.Base(path), "") }

var releaseName = lazyregexp.New(`^(?:vmlinu[xz]-)?(\d+\.\d+\S*)$`)

// bootName are the names that say less of a kernel than its release does.
var bootName = lazyregexp.New(`^(vmlinu[xz]|bzImage|Image)(-.*)?$`)

// NameOf is what a kernel is called whose file does not say its release.
func NameOf(path string) string {
	name, _ := nameOf(path, "")
	return name
}

// nameOf gives a kernel its name, and its release where only the file's name
// says it: BTFHub's archives are called by it.
func nameOf(path, release string) (name, known string) {
	if path == Stdin {
		return "stdin", release
	}
	if filepath.Dir(path) == sysBTF && release == "" {
		running, _ := os.ReadFile("/proc/sys/kernel/osrelease")
		release = strings.TrimSpace(string(running))
	}
	name = plainName(path)
	if m := releaseName().FindStringSubmatch(name); m != nil && release == "" {
		release = m[1]
	}
	if release != "" && bootName().MatchString(name) {
		name = release
	}
	return name, release
}
