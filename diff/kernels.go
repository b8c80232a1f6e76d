package diff

// Which kernels load the old object and not the new.

import (
	"errors"
	"fmt"
	"strings"

	"github.com/bpfgen/bpfgen/forecast"
)

// kernels compares forecasts for both objects.
func (c *comparison) kernels() error {
	if len(c.opts.Kernels) == 0 {
		return nil
	}
	old, err := c.old.asObject()
	if err != nil {
		return err
	}
	new, err := c.new.asObject()
	if err != nil {
		return err
	}
	for _, kernel := range c.opts.Kernels {
		was, err := forecast.Check(old, kernel)
		if errors.Is(err, forecast.ErrByteOrder) {
			continue
		}
		if err != nil {
			return err
		}
		is, err := forecast.Check(new, kernel)
		if err != nil {
			return err
		}
		c.newFailures(was, is, kernel.Name(), "")
	}
	return nil
}

// newFailures are programs and maps that fail where they did not, and new ones that
// fail and with them the whole object. of is said behind their names.
func (c *comparison) newFailures(was, is *forecast.Report, kernel, of string) {
	for _, list := range []struct {
		kind     string
		old, new []forecast.Result
	}{{"map ", was.Maps, is.Maps}, {"program ", was.Programs, is.Programs}} {
		failed := make(map[string]bool)
		for _, r := range list.old {
			failed[r.Name] = r.Verdict == forecast.Fails
		}
		for _, r := range list.new {
			before, known := failed[r.Name]
			// What is new breaks a kernel if that loaded the old and loads this, too.
			counts := !before && (known || was.Verdict != forecast.Fails && !strings.HasPrefix(r.Section, "?"))
			if r.Verdict == forecast.Fails && counts {
				c.newFailure(list.kind+r.Name+of, r, kernel)
			}
		}
	}
}

// newFailure adds the kernel to what changed of the program or map.
func (c *comparison) newFailure(place string, r forecast.Result, kernel string) {
	for _, f := range r.Findings {
		if f.Verdict != forecast.Fails {
			continue
		}
		why := fmt.Sprintf("%s: %s", f.Cause, f.What)
		if at := f.Place(); at != "" {
			why += " (" + at + ")"
		}
		c.changeOf(place).breaks(Kernels, why, kernel)
	}
}

// changeOf is a change of a place, a new one if nothing else changed there.
func (c *comparison) changeOf(place string) *Change {
	for _, what := range []string{"helpers", "kernel functions", "relocations", "section", "instructions", ""} {
		for _, ch := range c.changes {
			if ch.Place == place && (ch.What == what || what == "") {
				return ch
			}
		}
	}
	return c.add(Change{Class: Code, Place: place, What: "forecast"})
}
