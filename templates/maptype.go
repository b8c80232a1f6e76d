package templates

import (
	"slices"
	"strconv"
	"strings"
)

// MapType is a Go type of maps to print: what varies in the templates of
// mapclasses.go.tmpl.
type MapType struct {
	// Doc is the comment of the type, with its slashes.
	Doc string
	// Name of the type; Params are type parameters, "[K, V any]", T is the name with
	// the parameters as they stand in a receiver.
	Name, Params, T string
	// Q is the qualifier of package typed, "typed." or nothing.
	Q string
	// Class is the constant of package typed, "ClassHash".
	Class string
	// K and V are the types of key and value, Inner is that of inner maps. Of
	// classes without one they are empty.
	K, V, Inner string
	// Raw is true for events that are bytes, of any size.
	Raw bool
	// MinSize is how many bytes a record of events has at least, 0 for the size of
	// V.
	MinSize int
}

// WithValue is the type with another type of values.
func (t MapType) WithValue(v string) MapType {
	t.V = v
	return t
}

// Loop is the name of the function that makes a loop over a map. It is not a
// method: of these the compiler writes a description for each type.
func (t MapType) Loop() string {
	return "_" + t.Name + "Loop"
}

// Args are the type arguments of the type, as in a receiver.
func (t MapType) Args() string { return strings.TrimPrefix(t.T, t.Name) }

// Shape is the expression of what the type is made for. Types with parameters may
// be anything, and are looked at.
func (t MapType) Shape() string {
	events := slices.Contains(eventClasses, t.Class)
	switch {
	case events && t.Params != "":
		return t.Q + "EventShapeOf[" + t.V + "](" + t.Q + t.Class + ")"
	case events && t.Raw:
		return t.Q + "MapShape{Class: " + t.Q + t.Class + "}"
	case t.Params != "":
		return t.Q + "ShapeOf[" + orNone(t.K) + ", " + orNone(t.V) + "](" + t.Q + t.Class + ")"
	}
	fields := []string{"Class: " + t.Q + t.Class}
	if t.K != "" {
		fields = append(fields, "Key: unsafe.Sizeof(*new("+t.K+"))")
	}
	if t.V != "" {
		fields = append(fields, "Value: unsafe.Sizeof(*new("+t.V+"))")
	}
	return t.Q + "MapShape{" + strings.Join(fields, ", ") + "}"
}

// eventClasses are those whose Go type is that of records.
var eventClasses = []string{"ClassRingBuf", "ClassUserRingBuf", "ClassPerfEventArray"}

// orNone is a type argument where there is no type.
func orNone(t string) string {
	if t == "" {
		return "struct{}"
	}
	return t
}

// Imports are the paths of the packages that the text needs beside package typed.
func (t MapType) Imports() []string {
	imports := []string{"github.com/cilium/ebpf"}
	if !t.Raw || t.Class == "ClassPerfEventArray" {
		imports = append(imports, "unsafe")
	}
	for path, classes := range classImports {
		if slices.Contains(classes, t.Class) {
			imports = append(imports, path)
		}
	}
	return imports
}

// classImports says which classes need a package.
var classImports = map[string][]string{
	"iter": {
		"ClassHash", "ClassLPMTrie", "ClassArray", "ClassCgroupStorage",
		"ClassPerCPUHash", "ClassPerCPUArray", "ClassPerCPUCgroupStorage",
		"ClassQueue", "ClassStack", "ClassProgramArray", "ClassArrayOfMaps", "ClassHashOfMaps",
		"ClassSockMap", "ClassSockHash", "ClassReusePortSockArray",
		"ClassDevMap", "ClassDevMapProg", "ClassCPUMap", "ClassCPUMapProg", "ClassStackTrace",
	},
	"syscall": {"ClassSockMap", "ClassSockHash", "ClassReusePortSockArray", "ClassSkStorage"},
}

// Declaration is the text of the type with its methods.
func (t MapType) Declaration() (string, error) {
	var b strings.Builder
	b.Grow(4 << 10) // as long as most are
	err := expand(&b, t.Class, t)
	return strings.Trim(b.String(), "\n"), err
}

// field is what the templates call it.
func (t MapType) field(name string) any {
	switch name {
	case "Doc":
		return t.Doc
	case "Name":
		return t.Name
	case "Params":
		return t.Params
	case "T":
		return t.T
	case "Q":
		return t.Q
	case "K":
		return t.K
	case "V":
		return t.V
	case "Inner":
		return t.Inner
	case "MinSize":
		return strconv.Itoa(t.MinSize)
	case "Loop":
		return t.Loop()
	case "Args":
		return t.Args()
	case "Shape":
		return t.Shape()
	}
	return nil
}

// value is a string in quotes, or (print .Q "…").
func (t MapType) value(text string) string {
	if rest, ok := strings.CutPrefix(text, "(print .Q "); ok {
		return t.Q + strings.Trim(strings.TrimSuffix(rest, ")"), `"`)
	}
	return strings.Trim(text, `"`)
}

// MapClasses are the classes that have a template, sorted.
func MapClasses() []string {
	var names []string
	for name := range definitions() {
		if strings.HasPrefix(name, "Class") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}
