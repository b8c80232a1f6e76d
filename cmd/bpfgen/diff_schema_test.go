package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// What diff -json prints is what docs/diff.schema.json says, member for member.
func TestDiffSchema(t *testing.T) {
	repo := repository(t)
	text, err := os.ReadFile(filepath.Join(repo, "docs", "diff.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var root map[string]any
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	golden := filepath.Join(repo, "golden")
	kernels := filepath.Join(repo, "forecast", "testdata")
	v := validator{root: root}
	for _, args := range [][]string{
		{"-kernel", kernels, filepath.Join(golden, "counter", "counter_bpfel.o"), filepath.Join(kernels, "programs_bpfel.o")},
		{filepath.Join(golden, "counter"), filepath.Join(golden, "maps-all")},
		{filepath.Join(golden, "arena-globals"), filepath.Join(golden, "arena-globals")},
		{"-used-by", filepath.Join(kernels, "programs_bpfel.o"), filepath.Join(kernels, "5.10.0-1-test.btf"), filepath.Join(kernels, "6.12.0-1-test.btf")},
	} {
		var stdout, stderr bytes.Buffer
		if status := run(t.Context(), append([]string{"diff", "-json"}, args...), nil, nil, &stdout, &stderr); status == exitTrouble {
			t.Fatalf("%v: %s", args, stderr.String())
		}
		var value any
		if err := json.Unmarshal(stdout.Bytes(), &value); err != nil {
			t.Fatal(err)
		}
		for _, problem := range v.check(map[string]any{"$ref": root["$ref"]}, value, "document") {
			t.Error(problem)
		}
	}
}
