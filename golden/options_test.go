package golden

import (
	"reflect"
	"testing"

	"github.com/bpfgen/bpfgen/emit"
)

// optionsWithoutCase are the fields of emit.Options that no line of a case.txt
// gives, and what tries them.
var optionsWithoutCase = map[string]string{
	"Stem":      "cmd/bpfgen, -output-stem",
	"Suffix":    "cmd/bpfgen, -output-suffix",
	"Layouts":   "cmd/bpfgen, types -layouts",
	"Packages":  "golden/kernelnames_test.go",
	"TypesFrom": "cmd/bpfgen, -types-from",
	"Lenders":   "cmd/bpfgen, -types-from",
}

// Whatever decides on Go is in a golden case.
func TestEveryOptionHasACase(t *testing.T) {
	used := make(map[string]bool)
	for _, c := range findCases(t) {
		if c.binds != nil {
			used["Binds"] = true // what they are is read later
		}
		opts := reflect.ValueOf(c.opts)
		for i := range opts.NumField() {
			if !opts.Field(i).IsZero() {
				used[opts.Type().Field(i).Name] = true
			}
		}
	}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[emit.Options]()) {
		if elsewhere := optionsWithoutCase[field.Name]; field.IsExported() && used[field.Name] == (elsewhere != "") {
			t.Errorf("Options.%s: a golden case has it: %v, tried elsewhere: %q", field.Name, used[field.Name], elsewhere)
		}
	}
}
