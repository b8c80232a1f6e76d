package main

import (
	"context"
	"fmt"
	"runtime/debug"
)

const ebpfModule = "github.com/cilium/ebpf"

// runVersion prints what the Go toolchain recorded at build time.
func runVersion(_ context.Context, c *cli, args []string) error {
	fs := newFlagSet("version")
	if err := c.parse(fs, args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q; usage: bpfgen version", fs.Arg(0))
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		info = &debug.BuildInfo{}
	}
	_, err := fmt.Fprintln(c.stdout, versionLine(info))
	return err
}

// develVersion is what the toolchain calls a build from a clone.
const develVersion = "(devel)"

// ownVersion is ours.
func ownVersion() string {
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		return info.Main.Version
	}
	return develVersion
}

// versionLine is "bpfgen v1.2.3 (github.com/cilium/ebpf v0.22.0, go1.26.0)".
func versionLine(info *debug.BuildInfo) string {
	version := info.Main.Version
	if version == "" {
		version = develVersion
	}
	ebpf := "unknown"
	for _, dep := range info.Deps {
		if dep.Path == ebpfModule {
			ebpf = dep.Version
		}
	}
	return fmt.Sprintf("bpfgen %s (%s %s, %s)", version, ebpfModule, ebpf, info.GoVersion)
}
