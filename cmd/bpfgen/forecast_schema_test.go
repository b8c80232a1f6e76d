package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What forecast -json prints is what docs/forecast.schema.json says, member for
// member: one that the schema does not have is an error here.
func TestForecastSchema(t *testing.T) {
	repo := repository(t)
	text, err := os.ReadFile(filepath.Join(repo, "docs", "forecast.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	testdata := filepath.Join(repo, "forecast", "testdata")
	var stdout, stderr bytes.Buffer
	args := []string{"forecast", "-json", filepath.Join(testdata, "programs_bpfel.o"), filepath.Join(testdata, "5.10.0-1-test.btf"), filepath.Join(testdata, "6.12.0-1-test.btf")}
	if status := run(t.Context(), args, nil, nil, &stdout, &stderr); status != exitOK {
		t.Fatalf("exit status %d: %s", status, stderr.String())
	}
	v := validator{root: root}
	seen := make(map[string]bool)
	for line := range strings.Lines(stdout.String()) {
		var value map[string]any
		if err := json.Unmarshal([]byte(line), &value); err != nil {
			t.Fatal(err)
		}
		kind, _ := value["type"].(string)
		seen[kind] = true
		for _, problem := range v.check(root["$defs"].(map[string]any)[kind], value, kind) {
			t.Errorf("%s: %s", problem, line)
		}
	}
	if !seen["report"] || !seen["cause"] {
		t.Errorf("kinds of lines: %v", slices.Sorted(maps.Keys(seen)))
	}
	if problems := v.check(root["$defs"].(map[string]any)["report"], map[string]any{"format": 2.0, "typo": "x"}, "report"); len(problems) < 5 {
		t.Errorf("the validator finds only %v", problems)
	}
}

// validator knows as much of JSON Schema as the schema uses.
type validator struct{ root map[string]any }

func (v validator) check(schema any, value any, at string) (problems []string) {
	s, ok := schema.(map[string]any)
	if !ok {
		return []string{at + ": no schema"}
	}
	if ref, ok := s["$ref"].(string); ok {
		return v.check(v.root["$defs"].(map[string]any)[strings.TrimPrefix(ref, "#/$defs/")], value, at)
	}
	complain := func(format string, args ...any) { problems = append(problems, at+": "+fmt.Sprintf(format, args...)) }
	if want, ok := s["const"]; ok && want != value {
		complain("%v is not %v", value, want)
	}
	if allowed, ok := s["enum"].([]any); ok && !slices.Contains(allowed, value) {
		complain("%v is not among %v", value, allowed)
	}
	switch s["type"] {
	case "string":
		if _, ok := value.(string); !ok {
			complain("%v is no string", value)
		}
	case "boolean":
		if _, ok := value.(bool); !ok {
			complain("%v is no boolean", value)
		}
	case "integer":
		if n, ok := value.(float64); !ok || n != float64(int(n)) {
			complain("%v is no integer", value)
		}
	case "array":
		list, ok := value.([]any)
		if !ok {
			complain("%v is no array", value)
		}
		for i, item := range list {
			problems = append(problems, v.check(s["items"], item, fmt.Sprintf("%s[%d]", at, i))...)
		}
	case "object":
		problems = append(problems, v.object(s, value, at)...)
	}
	return problems
}

func (v validator) object(s map[string]any, value any, at string) (problems []string) {
	members, ok := value.(map[string]any)
	if !ok {
		return []string{at + ": is no object"}
	}
	properties, _ := s["properties"].(map[string]any)
	required, _ := s["required"].([]any)
	for _, name := range required {
		if _, ok := members[name.(string)]; !ok {
			problems = append(problems, fmt.Sprintf("%s: no member %s", at, name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if properties[name] == nil {
			problems = append(problems, fmt.Sprintf("%s: the schema has no member %s", at, name))
			continue
		}
		problems = append(problems, v.check(properties[name], members[name], at+"."+name)...)
	}
	return problems
}
