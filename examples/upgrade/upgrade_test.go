//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/bpfgen/bpfgen/examples/internal/testkernel"
	"github.com/bpfgen/bpfgen/typed"
)

// Every packet that is sent while one version after another takes over is
// counted, and counted once.
func TestUpgradeLosesNoPacket(t *testing.T) {
	testkernel.Require(t, nil)
	testkernel.NetNS(t)
	dir := filepath.Join(testkernel.BPFFS(t), "upgrade")
	server := testkernel.Listen(t, "127.0.0.1")
	client := testkernel.Dial(t, "127.0.0.2", server)

	const versions = 10
	bpf := must(install("lo", dir, 1))(t)
	stop, sent := make(chan struct{}), make(chan uint64)
	var n atomic.Uint64
	go func() {
		for {
			select {
			case <-stop:
				sent <- n.Load()
				return
			default:
				if _, err := client.Write([]byte("packet")); err == nil {
					n.Add(1)
				}
			}
		}
	}()
	for version := range uint32(versions) {
		testkernel.WaitForMore(t, "packets", 20, n.Load)
		if version > 0 { // 1 is there
			next := must(install("lo", dir, version+1))(t)
			if err := bpf.Close(); err != nil {
				t.Error(err)
			}
			bpf = next
		}
	}
	testkernel.WaitForMore(t, "packets", 20, n.Load)
	close(stop)
	want := <-sent

	seq, errf := bpf.Maps.Packets.All()
	packets := maps.Collect(seq)
	if err := errf(); err != nil {
		t.Fatal(err)
	}
	var got uint64
	for version := range uint32(versions) {
		if packets[version+1] == 0 {
			t.Errorf("version %d has seen no packet", version+1)
		}
		got += packets[version+1]
	}
	if got != want {
		t.Errorf("%d packets were sent, %d counted: %v", want, got, packets)
	}
	if err := bpf.Close(); err != nil {
		t.Error(err)
	}
	if err := remove(dir); err != nil {
		t.Error(err)
	}
	if left, err := os.ReadDir(filepath.Dir(dir)); err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}
}

// The example as a user runs it: twice, with a pause in which nothing runs but the
// program in the kernel.
func TestUpgrade(t *testing.T) {
	testkernel.Require(t, nil)
	testkernel.NetNS(t)
	dir := filepath.Join(testkernel.BPFFS(t), "upgrade")
	server := testkernel.Listen(t, "127.0.0.1")
	client := testkernel.Dial(t, "127.0.0.2", server)
	for version := range uint32(2) {
		e := testkernel.Start(t, func(ctx context.Context, w io.Writer) error {
			return run(ctx, "lo", dir, version+1, testkernel.Every, w)
		})
		e.Report(t)
		testkernel.Send(t, client, 10)
		e.ReportWhen(t, func(report string) bool {
			return strings.Contains(report, fmt.Sprintf("version %d: 1 packets", version+1))
		})
		e.Stop(t)
		testkernel.Send(t, client, 10)
	}
	bpf := must(install("lo", dir, 3))(t)
	defer bpf.Close()
	seq, errf := bpf.Maps.Packets.All()
	if got := slices.Sorted(maps.Values(maps.Collect(seq))); !slices.Equal(got, []uint64{2, 2}) || errf() != nil {
		t.Errorf("counts %v, %v", got, errf())
	}
	if err := remove(dir); err != nil {
		t.Error(err)
	}
}

// A run that finds the map alone, after a crash or without the link that somebody has
// removed, attaches the program and goes on counting.
func TestUpgradeWithoutALink(t *testing.T) {
	testkernel.Require(t, nil)
	testkernel.NetNS(t)
	dir := filepath.Join(testkernel.BPFFS(t), "upgrade")
	for version := range uint32(2) {
		bpf := must(install("lo", dir, version+1))(t)
		if err := bpf.Maps.Packets.Put(version, 7); err != nil {
			t.Fatal(err)
		}
		if err := bpf.Close(); err != nil {
			t.Error(err)
		}
		pinned := must(typed.OpenPinnedLink(filepath.Join(dir, bpf.Programs.CountPackets.Name()), nil))(t)
		if err := errors.Join(pinned.Detach(), pinned.Unpin(), pinned.Close()); err != nil {
			t.Fatal(err)
		}
	}
	bpf := must(install("lo", dir, 3))(t)
	defer bpf.Close()
	for version := range uint32(2) {
		if n, err := bpf.Maps.Packets.Lookup(version); n != 7 || err != nil {
			t.Errorf("key %d: %d, %v", version, n, err)
		}
	}
	if err := remove(dir); err != nil {
		t.Error(err)
	}
}

func must[T any](v T, err error) func(t *testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatalf("%+v", err)
		}
		return v
	}
}
