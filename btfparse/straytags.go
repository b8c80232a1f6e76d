package btfparse

// This file finds decl tags for bpfgen at places that the model does not have, so
// that nobody else could say that nothing comes of them: functions that are no
// programs, parameters, and the structs of which map definitions are made.

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// TagPrefix is how every btf_decl_tag for bpfgen begins.
const TagPrefix = "bpfgen:"

// StrayTag says that nothing comes of a tag.
func StrayTag(path Path, inC, tag string) Diagnostic {
	return Diagnostic{Path: path, What: fmt.Sprintf("btf_decl_tag(%q) has no effect", tag), InC: inC}
}

// strayTags says of each tag for bpfgen that nothing comes of it.
func strayTags(path Path, inC string, tags []string) []Diagnostic {
	var stray []Diagnostic
	for _, tag := range tags {
		if strings.HasPrefix(tag, TagPrefix) {
			stray = append(stray, StrayTag(path, inC, tag))
		}
	}
	return stray
}

// warnStrayFunctionTags are those of functions.
func (p *parser) warnStrayFunctionTags() {
	programs := make(map[string]bool)
	for _, prog := range p.obj.Programs {
		programs[prog.Name] = true
	}
	for _, name := range slices.Sorted(maps.Keys(p.funcs)) {
		fn, path := p.funcs[name], Path("function "+name)
		if !programs[name] {
			p.obj.Warnings = append(p.obj.Warnings, strayTags(path, "functions have names in Go where SEC makes them programs: take it away", fn.Tags)...)
		}
		for _, tags := range fn.ParamTags {
			p.obj.Warnings = append(p.obj.Warnings, strayTags(path, "parameters have no names in Go: take it away", tags)...)
		}
	}
}
