package outfile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Commit does what Check says. If anything fails, or ctx ends before it is
// done, the directory is as it was. Runs in one directory wait for each other.
//
// A run that is killed leaves temporary files, and, if it was about to change
// several files, a Go file that does not compile and says why (see barrier).
// The next Commit of the stem removes both.
func (p *Plan) Commit(ctx context.Context) (changes []Change, err error) {
	made, err := p.makeDir()
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil && made {
			err = errors.Join(err, os.Remove(p.dir))
		}
	}()
	unlock, err := lock(ctx, p.dir)
	if err != nil {
		return nil, err
	}
	defer unlock()
	writing.RLock()
	defer writing.RUnlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	changes, err = p.Check()
	if err != nil {
		return nil, err
	}
	if err := p.sweep(); err != nil {
		return nil, err
	}
	t := &transaction{plan: p}
	defer func() {
		if err != nil {
			changes, err = nil, errors.Join(err, t.rollback())
		}
		t.clean()
	}()
	if err := t.prepareAll(ctx, changes); err != nil {
		return nil, err
	}
	if err := t.applyAll(ctx, changes); err != nil {
		return nil, err
	}
	return changes, p.removeBarrier()
}

// makeDir makes the directory of a plan that may (NewBelow).
func (p *Plan) makeDir() (made bool, err error) {
	if !p.make {
		return false, nil
	}
	err = os.Mkdir(p.dir, 0o777)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	return err == nil, err
}

// writing is held by every Commit that has begun.
var writing sync.RWMutex

// Stop waits for every Commit that has begun, and lets none begin. It is for a
// process that is about to end; those whose ctx is done take back what they did.
func Stop() { writing.Lock() }

// prepareAll writes every new content beside the old.
func (t *transaction) prepareAll(ctx context.Context, changes []Change) error {
	for _, c := range changes {
		if err := ctx.Err(); err != nil {
			return err
		}
		if c.Kind == Created || c.Kind == Replaced {
			if err := t.prepare(c.Name, t.plan.files[c.Name].content); err != nil {
				return err
			}
		}
	}
	return nil
}

// applyAll puts everything in its place.
func (t *transaction) applyAll(ctx context.Context, changes []Change) error {
	changes = slices.DeleteFunc(slices.Clone(changes), func(c Change) bool { return c.Kind == Unchanged })
	if len(changes) > 1 {
		if err := t.raiseBarrier(); err != nil {
			return err
		}
	}
	for _, c := range changes {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := t.apply(c); err != nil {
			return err
		}
	}
	return nil
}

// transaction knows how to take back what was done.
type transaction struct {
	plan *Plan
	// prepared are the complete new files, by name.
	prepared map[string]string
	// done are the changes that were made, in order.
	done []undo
}

// undo takes one change back: the backup returns, or what was created goes.
type undo struct {
	path, backup string
}

// prepare writes the new content beside the old.
func (t *transaction) prepare(name string, content []byte) (err error) {
	f, err := t.create()
	if err != nil {
		return fmt.Errorf("%s cannot be written: %w", t.plan.path(name), withoutPath(err))
	}
	if t.prepared == nil {
		t.prepared = make(map[string]string)
	}
	t.prepared[name] = f.Name()
	defer func() {
		if err = errors.Join(err, f.Close()); err != nil {
			err = fmt.Errorf("%s cannot be written: %w", t.plan.path(name), withoutPath(err))
		}
	}()
	if info, err := os.Lstat(t.plan.path(name)); err == nil {
		if err := f.Chmod(info.Mode().Perm()); err != nil {
			return err
		}
	}
	_, err = f.Write(content)
	return err
}

// withoutPath is why something failed, without the name of a temporary file,
// which says nothing to the user.
func withoutPath(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

// apply puts one prepared file in its place, or takes a stale one away.
func (t *transaction) apply(c Change) error {
	path := t.plan.path(c.Name)
	u := undo{path: path}
	if c.Kind != Created {
		u.backup = t.tempName()
		if err := backup(path, u.backup, c.Kind); err != nil {
			return err
		}
	}
	t.done = append(t.done, u)
	if c.Kind == Removed {
		return nil
	}
	return os.Rename(t.prepared[c.Name], path)
}

// backup keeps the old file under another name. A file that is replaced stays
// in its place meanwhile, where the file system has hard links.
func backup(path, backup string, kind Kind) error {
	if kind == Replaced && os.Link(path, backup) == nil {
		return nil
	}
	return os.Rename(path, backup)
}

// rollback takes back everything that apply did, the last first.
func (t *transaction) rollback() error {
	var errs []error
	for i := len(t.done) - 1; i >= 0; i-- {
		u := t.done[i]
		if u.backup == "" {
			if err := os.Remove(u.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
			continue
		}
		// Renaming one link of a file over another does nothing: clean
		// removes the backup then.
		if err := os.Rename(u.backup, u.path); err != nil {
			errs = append(errs, fmt.Errorf("%s could not be restored; it is in %s: %w", u.path, u.backup, err))
			t.done[i].backup = ""
		}
	}
	if len(errs) == 0 {
		errs = append(errs, t.plan.removeBarrier())
	}
	return errors.Join(errs...)
}

// clean removes what is left of temporary files.
func (t *transaction) clean() {
	for _, temp := range t.prepared {
		os.Remove(temp)
	}
	for _, u := range t.done {
		if u.backup != "" {
			os.Remove(u.backup)
		}
	}
}

// create opens a new temporary file with the permissions of an ordinary one,
// which os.CreateTemp does not give.
func (t *transaction) create() (*os.File, error) {
	for {
		f, err := os.OpenFile(t.tempName(), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if !errors.Is(err, fs.ErrExist) {
			return f, err
		}
	}
}

// tempPrefix is what the names of temporary files begin with. The Go toolchain
// does not see such files.
const tempPrefix = ".bpfgen-"

func (t *transaction) tempName() string {
	return t.plan.path(tempPrefix + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatInt(time.Now().UnixNano(), 36))
}

// sweep removes the temporary files of runs that were killed. The caller holds
// the lock: no run that lives has any.
func (p *Plan) sweep() error {
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) && e.Type().IsRegular() {
			if err := os.Remove(p.path(e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// The barrier is a Go file that does not compile. It stands in the directory
// while several files change, which no file system does in one step: whoever
// finds a part of them old and a part new, because the run was killed, gets a
// compiler error that says what to do, and no program.

// barrierName is the name of the barrier's file: that of a test where the files
// of the plan are of one.
func (p *Plan) barrierName() string {
	for name := range p.files {
		if strings.HasSuffix(name, "_test.go") {
			return p.stem + "_interrupted_test.go"
		}
	}
	return p.stem + "_interrupted.go"
}

// raiseBarrier is undone by removeBarrier.
func (t *transaction) raiseBarrier() error {
	pkg := t.plan.packageClause()
	if pkg == "" || t.plan.stem == "" {
		return nil // no Go file among them
	}
	name := t.plan.barrierName()
	content := Header + "\n\n" + pkg + "\n\n// bpfgen was interrupted while it changed several files. They may not fit\n// together: run it again, which also removes this file.\n" +
		"const _ = bpfgen_was_interrupted_run_it_again\n"
	if err := t.prepare(name, []byte(content)); err != nil {
		return err
	}
	return os.Rename(t.prepared[name], t.plan.path(name))
}

// removeBarrier removes the barrier, of this run or of one that was killed.
func (p *Plan) removeBarrier() error {
	if p.stem == "" {
		return nil
	}
	path := p.path(p.barrierName())
	if _, err := os.Lstat(path); err != nil || p.readGo(filepath.Base(path)).header != Header {
		return nil
	}
	return os.Remove(path)
}

// packageClause is that of the plan's Go files, "" if it has none.
func (p *Plan) packageClause() string {
	for _, f := range p.files {
		for line := range strings.Lines(string(f.content)) {
			if strings.HasPrefix(line, "package ") {
				return strings.TrimSpace(line)
			}
		}
	}
	return ""
}
