package main

// This file collects objects: those of Debian's libbpf-tools, carved out of the
// executables, and those of golden/ and examples/.

import (
	"bytes"
	"debug/elf"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func collect(dir string) error {
	if err := tools(dir); err != nil {
		return err
	}
	for _, set := range []string{"golden", "examples"} {
		if err := committed(dir, set); err != nil {
			return err
		}
	}
	return nil
}

// committed are the objects of this repository. Several have one name, so that the
// folder's is part of what they are called: "examples:start.xdp.hello_bpfel".
func committed(dir, set string) error {
	found := 0
	err := filepath.WalkDir(set, func(path string, _ os.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_bpfel.o") {
			return err
		}
		found++
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		inside := strings.TrimSuffix(strings.TrimPrefix(path, set+"/"), ".o")
		return keep(dir, set, strings.ReplaceAll(inside, "/", "."), content)
	})
	if err == nil && found == 0 {
		err = fmt.Errorf("no objects in %s; run this in the repository", set)
	}
	return err
}

func keep(dir, set, name string, content []byte) error {
	return os.WriteFile(filepath.Join(dir, set+":"+name+".o"), content, 0o644)
}

// tools are the objects that libbpf's skeletons put into executables.
func tools(dir string) error {
	out, err := exec.Command("dpkg", "-L", "libbpf-tools").Output()
	if err != nil {
		return fmt.Errorf("libbpf-tools is not installed (.ci/setup.sh): %w", err)
	}
	for path := range strings.FieldsSeq(string(out)) {
		if info, err := os.Lstat(path); err != nil || !info.Mode().IsRegular() {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i, object := range carve(content) {
			if err := keep(dir, "tools", fmt.Sprintf("%s_%d", filepath.Base(path), i), object); err != nil {
				return err
			}
		}
	}
	return nil
}

// carve finds eBPF objects inside of an executable. Where one ends is told by its
// section headers, which come last.
func carve(executable []byte) (objects [][]byte) {
	magic := []byte(elf.ELFMAG + "\x02\x01\x01")
	for at := 0; ; at++ {
		i := bytes.Index(executable[at:], magic)
		if i < 0 {
			return objects
		}
		at += i
		header := executable[at:]
		f, err := elf.NewFile(bytes.NewReader(header))
		if err != nil || f.Machine != elf.EM_BPF {
			continue
		}
		end := f.ByteOrder.Uint64(header[0x28:]) + // e_shoff
			uint64(f.ByteOrder.Uint16(header[0x3a:]))*uint64(f.ByteOrder.Uint16(header[0x3c:])) // e_shentsize, e_shnum
		objects = append(objects, header[:end])
	}
}

// seriesBTF is the BTF of a kernel that .ci/kernels has in its cache.
func seriesBTF(cache, series string) ([]byte, error) {
	releases, err := filepath.Glob(filepath.Join(cache, series+".*-*"))
	if err != nil || len(releases) == 0 {
		return nil, fmt.Errorf("no kernel %s in %s: run .ci/kernels once (%v)", series, cache, err)
	}
	k := &truthOf{series: series, release: filepath.Base(releases[0])}
	image, err := k.image(cache)
	if err != nil {
		return nil, err
	}
	return image.BTF, nil
}

// printBTF writes it.
func printBTF(cache, series string) error {
	raw, err := seriesBTF(cache, series)
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(raw)
	return err
}
