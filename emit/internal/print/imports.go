package print

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/emit/internal/plan"
)

// importBlock has the standard library first, then the rest, below a blank line
// and without a newline at the end. A path may have a name or "_" and a blank in
// front, and a comment behind.
func importBlock(specs []string) string {
	var std, other []string
	for _, spec := range specs {
		if first, _, _ := strings.Cut(pathOf(spec), "/"); strings.Contains(first, ".") {
			other = append(other, spec)
		} else {
			std = append(std, spec)
		}
	}
	byPath := func(a, b string) int {
		return strings.Compare(pathOf(a), pathOf(b))
	}
	slices.SortFunc(std, byPath)
	slices.SortFunc(other, byPath)
	all := slices.Concat(std, other)
	switch len(all) {
	case 0:
		return ""
	case 1:
		return "\nimport " + importSpec(all[0])
	}
	var b strings.Builder
	b.WriteString("\nimport (\n")
	for i, spec := range all {
		if i > 0 && i == len(std) {
			b.WriteByte('\n')
		}
		b.WriteString("\t" + importSpec(spec) + "\n")
	}
	b.WriteString(")")
	return b.String()
}

// importSpec quotes the path.
func importSpec(spec string) string {
	path, comment, _ := strings.Cut(spec, " //")
	if comment != "" {
		comment = " //" + comment
	}
	name := strings.TrimSuffix(path, pathOf(path))
	return name + strconv.Quote(pathOf(path)) + comment
}

// pathOf is the path without the name in front.
func pathOf(spec string) string {
	path, _, _ := strings.Cut(spec, " //")
	return path[strings.LastIndexByte(path, ' ')+1:]
}

// packagesOf are the import paths that types need, each once.
func packagesOf(types []plan.GoType) []string {
	paths := make(map[string]bool)
	for _, t := range types {
		for _, p := range t.Packages() {
			paths[p] = true
		}
	}
	return sortedKeys(paths)
}

// sortedKeys is the keys of a map, in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
