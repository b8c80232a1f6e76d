package outfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"time"
)

// Commit does what Check says. If anything fails, the directory is as it was.
func (p *Plan) Commit() (changes []Change, err error) {
	changes, err = p.Check()
	if err != nil {
		return nil, err
	}
	t := &transaction{plan: p}
	defer func() {
		if err != nil {
			changes, err = nil, errors.Join(err, t.rollback())
		}
		t.clean()
	}()
	for _, c := range changes {
		if c.Kind == Created || c.Kind == Replaced {
			if err := t.prepare(c.Name, p.files[c.Name].content); err != nil {
				return nil, err
			}
		}
	}
	for _, c := range changes {
		if c.Kind != Unchanged {
			if err := t.apply(c); err != nil {
				return nil, err
			}
		}
	}
	return changes, nil
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
		return fmt.Errorf("cannot write to the output directory: %w", err)
	}
	if t.prepared == nil {
		t.prepared = make(map[string]string)
	}
	t.prepared[name] = f.Name()
	defer func() { err = errors.Join(err, f.Close()) }()
	if info, err := os.Lstat(t.plan.path(name)); err == nil {
		if err := f.Chmod(info.Mode().Perm()); err != nil {
			return err
		}
	}
	_, err = f.Write(content)
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

func (t *transaction) tempName() string {
	return t.plan.path(".bpfgen-" + strconv.Itoa(os.Getpid()) + "-" + strconv.FormatInt(time.Now().UnixNano(), 36))
}
