//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/examples/internal/testkernel"
)

func TestLSMDeny(t *testing.T) {
	testkernel.Require(t, testkernel.Except{"host": "no trampolines by its policy"})
	dir := t.TempDir()
	secret, other := filepath.Join(dir, "secret"), filepath.Join(dir, "other")
	for _, file := range []string{secret, other} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error {
		return run(ctx, []string{secret}, testkernel.Every, w)
	})
	e.Report(t) // it is attached

	for range 3 {
		if _, err := os.ReadFile(secret); !errors.Is(err, fs.ErrPermission) {
			t.Errorf("opening a denied file: error %v, want EPERM", err)
		}
	}
	if _, err := os.ReadFile(other); err != nil {
		t.Error(err)
	}
	if report, want := e.Report(t), fmt.Sprintf("%s: denied 3 times", secret); !strings.Contains(report, want) {
		t.Errorf("no %q in %q", want, report)
	}
	e.Stop(t)
	if _, err := os.ReadFile(secret); err != nil {
		t.Errorf("after the end: %v", err)
	}
}
