package plan

import (
	"fmt"
	"path"
	"reflect"
	"strings"
)

// GoType is a Go type expression: dimensions around a name with its type
// arguments, or around a struct that is written out.
type GoType struct {
	// Slice is true for []T.
	Slice bool
	// Dims are array dimensions, the outer one first.
	Dims []uint32
	// Pkg is the import path of the package, "" for predeclared types and
	// those of the generated package; see [PackageAs].
	Pkg  string
	Name string
	Args []GoType
	// Fields are those of a struct without a name; Name is "".
	Fields []Field
}

// String is the type as Go spells it, packages by the last element of their
// path: "[4]ctypes.BE32".
func (t GoType) String() string {
	var b strings.Builder
	if t.Slice {
		b.WriteString("[]")
	}
	for _, n := range t.Dims {
		fmt.Fprintf(&b, "[%d]", n)
	}
	if t.Name == "" {
		b.WriteString(t.structure())
		return b.String()
	}
	if t.Pkg != "" {
		b.WriteString(PackageName(t.Pkg) + ".")
	}
	b.WriteString(t.Name)
	for i, a := range t.Args {
		b.WriteString([]string{"[", ", "}[min(i, 1)] + a.String())
	}
	if len(t.Args) > 0 {
		b.WriteByte(']')
	}
	return b.String()
}

// PackageAs is an import path with the name by which files know the package. It
// is the path alone where that is its last element.
func PackageAs(name, pkg string) string {
	if name == path.Base(pkg) {
		return pkg
	}
	return name + " " + pkg
}

// PackageName is the name of a package by its import path, which may have one in
// front.
func PackageName(pkg string) string {
	if name, _, ok := strings.Cut(pkg, " "); ok {
		return name
	}
	return path.Base(pkg)
}

// structure is a struct that is written out.
func (t GoType) structure() string {
	fields := make([]string, len(t.Fields))
	for i, f := range t.Fields {
		fields[i] = f.Name + " " + f.Type.String()
	}
	return "struct{ " + strings.Join(fields, "; ") + " }"
}

// TypeName is a type that has a name, and no type arguments.
type TypeName struct{ Pkg, Name string }

// Named is the name of the type; ok is false if it is more than that.
func (t GoType) Named() (name TypeName, ok bool) {
	return TypeName{t.Pkg, t.Name}, t.Name != "" && !t.Slice && len(t.Dims) == 0 && len(t.Args) == 0
}

// Equal says whether both are one type.
func (t GoType) Equal(o GoType) bool { return reflect.DeepEqual(t, o) }

// Of is an array of n elements of the type, which is no slice.
func (t GoType) Of(n uint32) GoType {
	t.Dims = append([]uint32{n}, t.Dims...)
	return t
}

// Elem is the type of the elements of an array.
func (t GoType) Elem() GoType {
	t.Dims = t.Dims[1:]
	return t
}

// Packages are the import paths that the type needs.
func (t GoType) Packages() []string {
	var paths []string
	if t.Pkg != "" {
		paths = append(paths, t.Pkg)
	}
	for _, a := range t.Args {
		paths = append(paths, a.Packages()...)
	}
	for _, f := range t.Fields {
		paths = append(paths, f.Type.Packages()...)
	}
	return paths
}

// names adds the types of the package that the type names.
func (t GoType) names(to []string) []string {
	if t.Pkg == "" && t.Name != "" {
		to = append(to, t.Name)
	}
	for _, a := range t.Args {
		to = a.names(to)
	}
	for _, f := range t.Fields {
		to = f.Type.names(to)
	}
	return to
}
