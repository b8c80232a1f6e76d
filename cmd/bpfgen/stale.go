package main

// Files of an earlier run of the same ident that this run does not produce: of
// targets that are no longer asked for, of types that no longer differ.

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/outfile"
	"github.com/bpfgen/bpfgen/internal/target"
)

// removeStale plans the removal of every file that gen could have written for
// this stem and does not write now. Package outfile sees to it that files of
// others stay.
func removeStale(out *outfile.Plan, o *genOptions) {
	parts := fileParts()
	stale := parts
	if !o.prune { // the files of other targets stay, and are those of builds
		stale = slices.Clone(sharedParts)
		for _, t := range target.All() {
			if out.Has(o.fileName(t.Name, ".go")) {
				stale = append(stale, targetParts(t.Name)[1:]...)
			}
		}
	}
	for _, part := range stale {
		name := o.fileName(part, ".go")
		if !out.Has(name) && !o.ofOtherStem(name, parts) {
			out.RemoveStale(name)
		}
	}
}

// sharedParts are those of files that all targets share.
var sharedParts = []string{"types", "bpfgen", "maps"}

// fileParts is what stands between stem and suffix in the names of files.
func fileParts() []string {
	parts := slices.Clone(sharedParts)
	for _, t := range target.All() {
		parts = append(parts, targetParts(t.Name)...)
	}
	return parts
}

// targetParts are those of files that a target has for itself; the first is
// always there.
func targetParts(target string) []string {
	return []string{target, target + "_types", target + "_maps", target + "_typed"}
}

// ofOtherStem is true for a file that another ident of the directory may have
// written: foo_x86_bpfel.go is foo's for x86_bpfel, and foo_x86's for bpfel.
func (o *genOptions) ofOtherStem(name string, parts []string) bool {
	for _, part := range parts {
		stem, ok := strings.CutSuffix(name, "_"+part+o.suffix+".go")
		if !ok || stem == o.stem {
			continue
		}
		loader := filepath.Join(o.directory(), stem+"_bpfgen"+o.suffix+".go")
		if _, err := os.Stat(loader); err == nil {
			return true
		}
	}
	return false
}
