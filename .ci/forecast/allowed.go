package main

// This file makes forecast/allowed.txt of the lines that package probe printed in
// the kernels: forecast/allowed.go describes its form.

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math/big"
	"os"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/internal/bpfuse"
)

const allowedHead = `# Which functions of the kernel each kind of program may call, and which LSM hooks
# there are for it. Written by .ci/forecast.sh allowed, which asks these kernels
# (.ci/forecast/probe); not edited by hand. forecast/allowed.go says how to read it.
`

// probedKernel is what one kernel said.
type probedKernel struct {
	version [2]int
	// sets of uses by table and function; exists has all functions.
	allowed, exists map[string]*big.Int
	probed          map[string]*big.Int
}

func writeAllowed(logs []string, file string) error {
	kernels := make(map[[2]int]*probedKernel)
	for _, log := range logs {
		text, err := os.ReadFile(log)
		if err != nil {
			return err
		}
		var k *probedKernel
		for line := range strings.Lines(string(text)) {
			line = strings.TrimRight(line, "\r\n")
			if m := kernelLine.FindStringSubmatch(line); m != nil {
				if k, err = kernelNamed(kernels, m[2]); err != nil {
					return err
				}
			}
			if k != nil {
				k.line(strings.Fields(line))
			}
		}
	}
	sorted := slices.SortedFunc(maps.Values(kernels), func(a, b *probedKernel) int {
		return cmp.Or(cmp.Compare(a.version[0], b.version[0]), cmp.Compare(a.version[1], b.version[1]))
	})
	return os.WriteFile(file, allowedTable(sorted), 0o644)
}

func kernelNamed(kernels map[[2]int]*probedKernel, release string) (*probedKernel, error) {
	var version [2]int
	if _, err := fmt.Sscanf(release, "%d.%d", &version[0], &version[1]); err != nil {
		return nil, fmt.Errorf("release %q: %w", release, err)
	}
	if kernels[version] == nil {
		kernels[version] = &probedKernel{version: version, allowed: map[string]*big.Int{}, exists: map[string]*big.Int{}, probed: map[string]*big.Int{}}
	}
	return kernels[version], nil
}

// line reads "EXISTS table name", "PROBED table use", "ALLOWED table use name".
func (k *probedKernel) line(words []string) {
	switch {
	case len(words) == 3 && words[0] == "EXISTS":
		k.exists[words[1]+" "+words[2]] = new(big.Int)
	case len(words) == 3 && words[0] == "PROBED":
		add(k.probed, words[1], words[2])
	case len(words) == 4 && words[0] == "ALLOWED":
		add(k.allowed, words[1]+" "+words[3], words[2])
	}
}

// add adds a use to a set.
func add(sets map[string]*big.Int, name, use string) {
	i := slices.IndexFunc(bpfuse.Uses, func(u bpfuse.Use) bool { return u.Name == use })
	if i < 0 {
		return
	}
	if sets[name] == nil {
		sets[name] = new(big.Int)
	}
	sets[name].SetBit(sets[name], i, 1)
}

func allowedTable(kernels []*probedKernel) []byte {
	var b bytes.Buffer
	b.WriteString(allowedHead + "kernels")
	for _, k := range kernels {
		fmt.Fprintf(&b, " %d.%d", k.version[0], k.version[1])
	}
	b.WriteString("\nuses")
	for _, u := range bpfuse.Uses {
		b.WriteString(" " + u.Name)
	}
	b.WriteString("\n")
	for _, table := range []string{"helper", "kfunc", "hook"} {
		fmt.Fprintf(&b, "probed %s%s\n", table, sets(kernels, func(k *probedKernel) *big.Int { return cmp.Or(k.probed[table], new(big.Int)) }))
	}
	for _, name := range functionsOf(kernels) {
		fmt.Fprintf(&b, "%s%s\n", name, sets(kernels, func(k *probedKernel) *big.Int {
			if k.exists[name] == nil {
				return nil
			}
			return cmp.Or(k.allowed[name], new(big.Int))
		}))
	}
	return b.Bytes()
}

// functionsOf are those that some program may call on some kernel: of the others
// only the names look as if they were for programs.
func functionsOf(kernels []*probedKernel) (names []string) {
	for _, k := range kernels {
		names = append(names, slices.Collect(maps.Keys(k.allowed))...)
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(name string) bool { return strings.HasPrefix(name, "injectable") })
}

func sets(kernels []*probedKernel, of func(*probedKernel) *big.Int) string {
	var text strings.Builder
	var before *big.Int
	for i, k := range kernels {
		set := of(k)
		switch {
		case set == nil:
			text.WriteString(" -")
		case i > 0 && before != nil && before.Cmp(set) == 0:
			text.WriteString(" =")
		default:
			text.WriteString(" " + set.Text(16))
		}
		before = set
	}
	return text.String()
}
