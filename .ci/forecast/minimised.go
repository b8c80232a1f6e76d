package main

// This file holds minimised BTF (bpfgen btf min) against the whole and against
// bpftool's: what relocations become, and how large it is.

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"

	"github.com/bpfgen/bpfgen/internal/btfmin"
)

// maxRatio is how much larger than bpftool's ours may be, all objects together.
const maxRatio = 1.05

// minimised compares all objects of the directory on all kernels of the cache.
func minimised(c config, w io.Writer) error {
	files, err := filepath.Glob(filepath.Join(c.objects, "*.o"))
	if err != nil {
		return err
	}
	raw, err := kernelBTFs(c.cache)
	if err != nil {
		return err
	}
	m := minimiser{bpftool: filepath.Join(filepath.Dir(c.objects), "bpftool")}
	if m.tmp, err = os.MkdirTemp("", "minimised-"); err != nil {
		return err
	}
	defer os.RemoveAll(m.tmp)
	for i, kernel := range raw {
		if err := m.kernel(fmt.Sprintf("%d.btf", i), kernel, files); err != nil {
			return err
		}
	}
	ratio := float64(m.ours) / float64(m.theirs)
	fmt.Fprintf(w, "%d pairs of object and kernel, %d relocations, %d come out otherwise\n", m.pairs, m.relocations, len(m.wrong))
	fmt.Fprintf(w, "size where bpftool can (%d pairs): %d bytes on average, bpftool's %d, ratio %.3f\n", m.compared, m.ours/max(m.compared, 1), m.theirs/max(m.compared, 1), ratio)
	for _, text := range m.wrong {
		fmt.Fprintln(w, text)
	}
	if len(m.wrong) > 0 || m.compared == 0 || ratio > maxRatio {
		return errors.New("minimised BTF is not what it should be")
	}
	return nil
}

type minimiser struct {
	bpftool, tmp                 string
	pairs, relocations, compared int
	ours, theirs                 int
	wrong                        []string
}

func (m *minimiser) kernel(name string, raw []byte, objects []string) error {
	path := filepath.Join(m.tmp, name)
	if err := os.WriteFile(path, raw, 0o644); err != nil {
		return err
	}
	whole, err := btf.LoadSpecFromReader(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	for _, object := range objects {
		if err := m.object(object, path, whole); err != nil {
			return fmt.Errorf("%s: %w", object, err)
		}
	}
	return nil
}

func (m *minimiser) object(object, kernel string, whole *btf.Spec) error {
	spec, err := ebpf.LoadCollectionSpec(object)
	if err != nil {
		return nil // some are there to be refused
	}
	relocations, err := btfmin.Relocations(spec)
	if errors.Is(err, btfmin.ErrTypeID) || len(relocations) == 0 {
		return nil // said to users by name
	}
	if err != nil {
		return err
	}
	small, err := btfmin.Minimise(relocations, []*btf.Spec{whole}, spec.ByteOrder)
	if err != nil {
		return err
	}
	types, err := btf.LoadSpecFromReader(bytes.NewReader(small))
	if err != nil {
		return err
	}
	want, got := outcomes(spec, whole), outcomes(spec, types)
	m.pairs++
	m.relocations += len(want)
	for i := range want {
		if want[i] != got[i] {
			m.wrong = append(m.wrong, fmt.Sprintf("%s: %s, not %s", object, got[i], want[i]))
		}
	}
	theirs := filepath.Join(m.tmp, "theirs.btf")
	if exec.Command(m.bpftool, "gen", "min_core_btf", kernel, theirs, object).Run() != nil {
		return nil // it cannot
	}
	info, err := os.Stat(theirs)
	if err != nil {
		return err
	}
	m.compared++
	m.ours += len(small)
	m.theirs += int(info.Size())
	return nil
}

// outcomes are what relocations become, each for itself: one that fails hides no other.
func outcomes(spec *ebpf.CollectionSpec, types *btf.Spec) (text []string) {
	for _, name := range sortedPrograms(spec) {
		for i := range spec.Programs[name].Instructions {
			relo := btf.CORERelocationMetadata(&spec.Programs[name].Instructions[i])
			if relo == nil {
				continue
			}
			fixed, err := btf.CORERelocate([]*btf.CORERelocation{relo}, []*btf.Spec{types}, spec.ByteOrder, func(btf.Type) (btf.TypeID, error) { return 1, nil })
			if err != nil {
				text = append(text, name+": error")
				continue
			}
			text = append(text, fmt.Sprintf("%s: %s %s", name, relo, strings.TrimSpace(fixed[0].String())))
		}
	}
	return text
}

func sortedPrograms(spec *ebpf.CollectionSpec) (names []string) {
	for name := range spec.Programs {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
