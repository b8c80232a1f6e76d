package main

// -bind: which Go type stands for a C type. Package shaper looks at it as the
// compiler of each GOARCH would; package emit proves that it fits.

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/emit"
	"github.com/bpfgen/bpfgen/internal/shaper"
	"github.com/bpfgen/bpfgen/internal/target"
)

// readGoType reads "import/path.Type", or ".Type" and "Type" for a type of the
// package that is generated.
func readGoType(text string) (shaper.GoType, error) {
	i := strings.LastIndexByte(text, '.')
	t := shaper.GoType{Path: text[:max(i, 0)], Name: text[i+1:]}
	if !token.IsIdentifier(t.Name) || strings.ContainsAny(t.Path, " \t\\") || strings.HasPrefix(t.Path, ".") || strings.HasSuffix(t.Path, "/") {
		return t, errors.New("want CTYPE=import/path.GoType, or CTYPE=GoType for a type of the package itself")
	}
	return t, nil
}

// checkBinds finds what is no Go type.
func (o *genOptions) checkBinds() error {
	var errs []error
	for _, c := range sortedNames(o.binds) {
		if _, err := readGoType(o.binds[c]); err != nil {
			errs = append(errs, fmt.Errorf("-bind %s=%s: %w", c, o.binds[c], err))
		}
	}
	return errors.Join(errs...)
}

// boundTypes looks at all Go types that -bind names, on all architectures of the
// builds.
func (o *genOptions) boundTypes(ctx context.Context, c *cli, builds []*build) (map[string]*emit.BoundType, error) {
	if len(o.binds) == 0 {
		return nil, nil
	}
	look := &shaper.Shaper{Dir: absolutePath(o.directory()), Env: c.env, Header: emit.Header}
	arches := archesOf(builds)
	bound := make(map[string]*emit.BoundType)
	var errs []error
	for _, name := range sortedNames(o.binds) {
		t, _ := readGoType(o.binds[name]) // checked by checkBinds
		found, err := look.Shapes(ctx, t, arches)
		if err != nil {
			errs = append(errs, fmt.Errorf("-bind %s=%s: %w", name, o.binds[name], err))
			continue
		}
		b := &emit.BoundType{Path: found.Path, Package: found.Package, Name: t.Name, Shapes: found.Shapes}
		if found.Own {
			b.Path = ""
		}
		bound[name] = b
	}
	return bound, errors.Join(errs...)
}

// archesOf are the architectures of all builds; a target for all has those of
// every other.
func archesOf(builds []*build) []string {
	var arches []string
	for _, b := range builds {
		if len(b.target.GOARCH) > 0 {
			arches = append(arches, b.target.GOARCH...)
			continue
		}
		arches = append(arches, target.AllGOARCH()...)
	}
	slices.Sort(arches)
	return slices.Compact(arches)
}
