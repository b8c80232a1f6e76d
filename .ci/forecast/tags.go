package main

import (
	"regexp"
	"slices"

	"github.com/cilium/ebpf/btf"
)

// taggedFunctions are the functions of an object that have such a decl tag.
func taggedFunctions(file string, tag *regexp.Regexp) map[string]bool {
	found := make(map[string]bool)
	spec, err := btf.LoadSpec(file)
	if err != nil {
		return found // an object without BTF has no tags
	}
	for t, err := range spec.All() {
		if err != nil {
			break
		}
		if fn, ok := t.(*btf.Func); ok && slices.ContainsFunc(fn.Tags, tag.MatchString) {
			found[fn.Name] = true
		}
	}
	return found
}
