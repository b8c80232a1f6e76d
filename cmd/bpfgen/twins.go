package main

// Idents that would write the same files, because they differ in case only, or by
// an -output-stem: the second run would replace what the first one gave.

import (
	"fmt"
	"path/filepath"

	"github.com/bpfgen/bpfgen/cmd/bpfgen/internal/gogen"
)

// otherIdent is an error if a go:generate line of the working directory writes the
// files of a single run under another ident. Lines that cannot be read are no
// business of this run; an ident that was renamed has no line any more.
func (c *cli) otherIdent(o *genOptions) error {
	dir, err := c.workingDirectory()
	if err != nil {
		return err
	}
	lines, err := gogen.InDirectory(dir, c.env)
	if err != nil {
		return nil
	}
	r := &repo{}
	for _, line := range lines {
		_ = r.add(c, line)
	}
	for _, j := range r.jobs {
		if j.gen == nil || j.gen.ident == o.ident || !j.sameFiles(o) {
			continue
		}
		return fmt.Errorf("ident %s: its files are called %s_…, as are those of the ident %s (%s): give one of them another -output-stem", o.ident, o.stem, j.gen.ident, j.place())
	}
	return nil
}

// sameFiles says whether a line writes the files of o.
func (j *job) sameFiles(o *genOptions) bool {
	f := j.flags()
	return f.stem == o.stem && f.suffix == o.suffix && filepath.Clean(f.directory()) == filepath.Clean(o.directory())
}
