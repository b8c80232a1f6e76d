package templates

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
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
	// MinSize is how many bytes a record of events has at least, 0 for the size of
	// V.
	MinSize int
}

// WithValue is the type with another type of values.
func (t MapType) WithValue(v string) MapType {
	t.V = v
	return t
}

// Handle is what the type embeds.
func (t MapType) Handle() string {
	switch t.Class {
	case "ClassSockMap", "ClassSockHash":
		return "SocketMapHandle"
	case "ClassStructOps":
		return "StructOpsHandle"
	case "ClassRingBuf", "ClassUserRingBuf":
		return "EventHandle"
	case "ClassPerfEventArray":
		return "PerfEventHandle"
	}
	return "MapHandle"
}

// Shape is the expression of what the type is made for. Types with parameters may
// be anything, and are looked at.
func (t MapType) Shape() string {
	events := strings.HasSuffix(t.Handle(), "EventHandle")
	switch {
	case events && t.Params != "":
		return t.Q + "EventShapeOf[" + t.V + "](" + t.Q + t.Class + ")"
	case events && t.V == "[]byte": // of any size
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

// orNone is a type argument where there is no type.
func orNone(t string) string {
	if t == "" {
		return "struct{}"
	}
	return t
}

// Imports are the paths of the packages that the text needs beside package typed.
func (t MapType) Imports() []string {
	var imports []string
	if t.V != "[]byte" {
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
	"syscall":                {"ClassSockMap", "ClassSockHash", "ClassReusePortSockArray", "ClassSkStorage"},
	"github.com/cilium/ebpf": {"ClassProgramArray", "ClassArrayOfMaps", "ClassHashOfMaps"},
}

// Declaration is the text of the type with its methods.
func (t MapType) Declaration() (string, error) {
	class, ok := classes()[t.Class]
	if !ok {
		return "", fmt.Errorf("maps of %s have no template", t.Class)
	}
	var buf bytes.Buffer
	err := class.Execute(&buf, t)
	return strings.Trim(buf.String(), "\n"), err
}

// classes have the template of each class.
var classes = sync.OnceValue(func() map[string]File {
	classes := make(map[string]File)
	for name := range texts() {
		if strings.HasPrefix(name, "Class") {
			classes[name] = file(name)
		}
	}
	return classes
})

// MapClasses are the classes that have a template, sorted.
func MapClasses() []string { return slices.Sorted(maps.Keys(classes())) }
