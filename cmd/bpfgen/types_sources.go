package main

// The arguments of types: BTF with a label, and what it is read from.

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/internal/kernelbtf"
	"github.com/bpfgen/bpfgen/internal/lazyregexp"
)

// typesArgument is one argument.
type typesArgument struct {
	// label tells the kernel from others, "" where it is made of the path.
	label string
	path  string
}

// labelForm is what a label looks like.
var labelForm = lazyregexp.New(`^[A-Za-z0-9._-]+$`)

// splitLabel parts "6.1=a.btf". What is called like that as a file is that file.
func splitLabel(arg string) (label, path string) {
	label, path, ok := strings.Cut(arg, "=")
	if !ok || !labelForm().MatchString(label) || path == "" {
		return "", arg
	}
	if _, err := os.Stat(arg); err == nil {
		return "", arg
	}
	return label, path
}

// asLabel suggests a label for words that are none.
func asLabel(words ...string) string {
	fields := strings.FieldsFunc(strings.Join(words, " "), func(r rune) bool { return !labelForm().MatchString(string(r)) })
	return cmp.Or(strings.Join(fields, "-"), "6.1")
}

// notLabelled says why an argument that is no file has no label either.
func (c *cli) notLabelled(arg string) error {
	label, path, ok := strings.Cut(arg, "=")
	if _, err := os.Stat(c.path(arg)); err == nil || !ok || labelForm().MatchString(label) && path != "" {
		return nil
	}
	if path == "" {
		return fmt.Errorf("%s: a path is missing behind the label", arg)
	}
	return fmt.Errorf("%s: there is no such file, and %q is no label, which is one word of letters, digits, \".\", \"_\" and \"-\", as in %s=%s", arg, label, asLabel(label), path)
}

// wellLabelled finds arguments whose labels are none, or are parts of one that the
// shell took apart.
func (c *cli) wellLabelled(args []string) error {
	for i, arg := range args {
		if err := c.notLabelled(arg); err != nil {
			return err
		}
		if i+1 == len(args) || arg == kernelbtf.Stdin || strings.Contains(arg, "=") {
			continue
		}
		label, path := splitLabel(args[i+1])
		if _, err := os.Stat(c.path(arg)); err != nil && label != "" {
			return fmt.Errorf("%s: there is no such file; if it is of the label behind it, that is one word, as in %s=%s", arg, asLabel(arg, label), path)
		}
	}
	return nil
}

func (c *cli) typesArgument(arg string) typesArgument {
	label, path := splitLabel(arg)
	return typesArgument{label, c.path(path)}
}

// name is what the ident of a single source is made of.
func (a typesArgument) name() string {
	if a.path == kernelbtf.Stdin {
		return "stdin"
	}
	return a.path
}

// packageOfLabel is the name of the Go package of a kernel: "k6_1" of 6.1.
func packageOfLabel(label string) string {
	name := strings.ToLower(strings.Map(func(r rune) rune {
		if r == '.' || r == '-' || r == '+' || r == '~' {
			return '_'
		}
		return r
	}, label))
	if name != "" && name[0] >= '0' && name[0] <= '9' {
		name = "k" + name
	}
	return name
}

// noPackages are names that the go command passes over, or takes for something else.
var noPackages = map[string]bool{"main": true, "internal": true, "vendor": true, "testdata": true}

// labelled gives every argument its label, and finds those that would be one package.
func labelled(args []typesArgument) error {
	if len(args) == 1 {
		return nil
	}
	var errs []error
	packages := make(map[string]string)
	for i := range args {
		a := &args[i]
		if a.label == "" {
			a.label = kernelbtf.NameOf(a.path)
		}
		name := packageOfLabel(a.label)
		switch other, taken := packages[name]; {
		case taken:
			errs = append(errs, fmt.Errorf("%s and %s would both be package %s: give one of them another label, as in old=%s", other, a.label, name, a.path))
		case !token.IsIdentifier(name) || noPackages[name] || strings.HasPrefix(name, "_"):
			errs = append(errs, fmt.Errorf("%s: %q is no name of a Go package: give a label, as in 6.1=%s", a.path, name, a.path))
		}
		packages[name] = a.label
	}
	return errors.Join(errs...)
}

// pathsByLabel are the values of -base.
type pathsByLabel map[string]string

func (p pathsByLabel) String() string { return "" }

func (p pathsByLabel) Set(value string) error {
	label, path := splitLabel(value)
	if path == "" {
		return errors.New("a path is missing")
	}
	if old, ok := p[label]; ok && old != path {
		return fmt.Errorf("%s and %s are both given", old, path)
	}
	p[label] = path
	return nil
}

// typesSource is one argument, read.
type typesSource struct {
	typesArgument
	object *btfparse.Object
}

// readTypes reads all arguments, side by side.
func (c *cli) readTypes(o *typesOptions) ([]*typesSource, error) {
	for label := range o.bases {
		if label != "" && !hasLabel(o.args, label) {
			return nil, fmt.Errorf("-base %s=%s: no argument has the label %s", label, o.bases[label], label)
		}
	}
	sources := make([]*typesSource, len(o.args))
	err := forEach(len(o.args), func(i int) error {
		a := o.args[i]
		base, ok := o.bases[a.label]
		if !ok {
			base = o.bases[""]
		}
		object, err := c.readBTF(a.path, base)
		if a.path == kernelbtf.Stdin {
			a.path = stdinName
		}
		sources[i] = &typesSource{a, object}
		return err
	})
	return sources, err
}

func hasLabel(args []typesArgument, label string) bool {
	return slices.ContainsFunc(args, func(a typesArgument) bool { return a.label == label })
}

// readBTF reads the types of an object, of a kernel, or of a module, which continues
// those of the kernel that is its base.
func (c *cli) readBTF(path, base string) (*btfparse.Object, error) {
	content, err := c.readInput(path)
	if err != nil {
		return nil, err
	}
	return c.parseBTF(path, base, content)
}

// inputName is what an input is called in messages.
func inputName(path string) string {
	if path == kernelbtf.Stdin {
		return stdinName
	}
	return path
}

// parseBTF reads the content of a file.
func (c *cli) parseBTF(path, base string, content []byte) (*btfparse.Object, error) {
	name := inputName(path)
	image, err := kernelbtf.Read(bytes.NewReader(content))
	if err != nil { // an object, or what is no BTF at all
		return parseBytes(name, content)
	}
	if !image.Split {
		if base != "" {
			return nil, fmt.Errorf("%s is no module: it needs no -base", name)
		}
		return btfparse.Parse(name, bytes.NewReader(image.BTF))
	}
	return c.readModule(path, name, base, image)
}

// sysBTF is where the running kernel shows its BTF and that of its modules.
const sysBTF = "/sys/kernel/btf"

func (c *cli) readModule(path, name, base string, image *kernelbtf.Image) (*btfparse.Object, error) {
	if base == "" && filepath.Dir(path) == sysBTF {
		base = filepath.Join(sysBTF, "vmlinux")
	}
	if base == "" && image.Base == nil {
		return nil, fmt.Errorf("%s: the BTF of a module continues that of its kernel: give that with -base", name)
	}
	module := kernelbtf.Module{Path: name, Image: image}
	if base == "" { // it brings along what it needs
		spec, err := module.Types(nil)
		if err != nil {
			return nil, err
		}
		return btfparse.ParseTypes(name, spec, image.ByteOrder())
	}
	sources, err := kernelbtf.Find([]string{base}, "", c.stdin)
	if err != nil {
		return nil, err
	}
	kernel, err := sources[0].Open()
	if err != nil {
		return nil, err
	}
	types, err := kernel.Types()
	if err != nil {
		return nil, err
	}
	spec, err := module.Types(types)
	if err != nil {
		return nil, fmt.Errorf("%s does not continue the BTF of %s, which must be the very kernel that it was built for: %w", name, base, errors.Unwrap(err))
	}
	return btfparse.ParseTypes(name, spec, image.ByteOrder())
}
