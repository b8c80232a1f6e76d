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
	"regexp"
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
	loaded, err := loadedSame(c.truth)
	if err != nil {
		return err
	}
	text := m.text() + loaded
	for _, text := range m.wrong {
		fmt.Fprintln(w, text)
	}
	if len(m.wrong) > 0 || m.compared == 0 || m.ratio() > maxRatio {
		return errors.New("minimised BTF is not what it should be")
	}
	if c.table != "" {
		return writeBetween(c.table, "minimised", []byte(text))
	}
	_, err = fmt.Fprint(w, text)
	return err
}

func (m *minimiser) ratio() float64 { return float64(m.ours) / float64(m.theirs) }

func (m *minimiser) text() string {
	return fmt.Sprintf(`%d pairs of object and kernel, %d relocations: %d come out otherwise. Where bpftool can (%d pairs), minimised BTF has %d bytes
on average and bpftool's %d, ratio %.3f.

`, m.pairs, m.relocations, len(m.wrong), m.compared, m.ours/max(m.compared, 1), m.theirs/max(m.compared, 1), m.ratio())
}

var (
	comparedLine = regexp.MustCompile(`(\d+) programs with relocations were compared, (\d+) of them load$`)
	okLine       = regexp.MustCompile(`^ok\s+(\S+)\s\S+/internal/btfmin\s`)
)

// loadedSame tells what the test TestLoadsTheSame of internal/btfmin found, by the logs
// of .ci/kernels -v: in a kernel without its "ok" a program behaves otherwise.
func loadedSame(logs []string) (string, error) {
	kernels, err := readTruth(logs)
	if err != nil {
		return "", err
	}
	counts, passed := make(map[string][]string), make(map[string]bool)
	for _, file := range logs {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", err
		}
		series := ""
		for line := range strings.Lines(string(text)) {
			line = strings.TrimRight(line, "\r\n")
			if m := kernelLine.FindStringSubmatch(line); m != nil {
				series = m[1]
			}
			if m := comparedLine.FindStringSubmatch(line); m != nil {
				counts[series] = m[1:]
			}
			if m := okLine.FindStringSubmatch(line); m != nil {
				passed[m[1]] = true
			}
		}
	}
	var b strings.Builder
	b.WriteString("Programs loaded with it and with the kernel's own BTF, which must come to the same instructions or the same error:\n\n" +
		"| kernel | programs | load | otherwise |\n|---|---|---|---|\n")
	for _, k := range kernels {
		count := counts[k.series]
		if !passed[k.series] || count == nil {
			return "", fmt.Errorf("kernel %s: programs behave otherwise with minimised BTF, see %s", k.series, strings.Join(logs, ", "))
		}
		fmt.Fprintf(&b, "| %s | %s | %s | 0 |\n", k.series, count[0], count[1])
	}
	if len(kernels) == 0 {
		return "", errors.New("no kernel loaded programs with minimised BTF: -truth wants the log of internal/btfmin")
	}
	return b.String(), nil
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
