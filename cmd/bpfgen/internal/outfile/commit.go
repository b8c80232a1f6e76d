package outfile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Commit does what Check says. If anything fails, or ctx ends before it is
// done, the directory is as it was. Runs in one directory wait for each other.
//
// A run that is killed leaves temporary files, and, if it was about to change
// several files, a Go file that does not compile and says why (see barrier).
// The next Commit of the stem removes both.
func (p *Plan) Commit(ctx context.Context) ([]Change, error) {
	changes, err := CommitAll(ctx, p)
	if err != nil {
		return nil, err
	}
	return changes[0], nil
}

// CommitAll carries out plans of different directories together: if anything fails,
// all directories are as they were, and a run that is killed leaves none that
// compiles beside one that is older. It gives the changes of each plan.
func CommitAll(ctx context.Context, plans ...*Plan) (changes [][]Change, err error) {
	undoDirs, err := makeDirs(plans)
	defer func() {
		if err != nil {
			err = errors.Join(err, undoDirs())
		}
	}()
	if err != nil {
		return nil, err
	}
	unlock, err := lockAll(ctx, plans)
	defer unlock()
	if err != nil {
		return nil, err
	}
	writing.RLock()
	defer writing.RUnlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if changes, err = checkAll(plans); err != nil {
		return nil, err
	}
	all := transactions{}
	for _, p := range plans {
		all = append(all, &transaction{plan: p})
	}
	defer func() {
		if err != nil {
			changes, err = nil, errors.Join(err, all.rollback())
		}
		all.clean()
	}()
	return changes, all.run(ctx, changes)
}

// makeDirs makes the directories of plans that may. undo removes them again.
func makeDirs(plans []*Plan) (undo func() error, err error) {
	var made []string
	undo = func() error {
		var errs []error
		for _, dir := range slices.Backward(made) {
			errs = append(errs, os.Remove(dir))
		}
		return errors.Join(errs...)
	}
	for _, p := range plans {
		isNew, err := p.makeDir()
		if err != nil {
			return undo, err
		}
		if isNew {
			made = append(made, p.dir)
		}
	}
	return undo, nil
}

// lockAll locks the directories in the order of their paths, so that two runs do not
// wait for each other.
func lockAll(ctx context.Context, plans []*Plan) (unlock func(), err error) {
	var unlocks []func()
	unlock = func() {
		for _, f := range slices.Backward(unlocks) {
			f()
		}
	}
	sorted := slices.SortedFunc(slices.Values(plans), func(a, b *Plan) int { return cmp.Compare(a.dir, b.dir) })
	var locked []fs.FileInfo
	for _, p := range sorted {
		info, err := os.Stat(p.dir)
		if err != nil {
			return unlock, err
		}
		if slices.ContainsFunc(locked, func(other fs.FileInfo) bool { return os.SameFile(info, other) }) {
			continue // by another path
		}
		locked = append(locked, info)
		f, err := lock(ctx, p.dir)
		if err != nil {
			return unlock, err
		}
		unlocks = append(unlocks, f)
	}
	return unlock, nil
}

// checkAll finds everything that forbids one of the plans, and makes room for them.
func checkAll(plans []*Plan) (changes [][]Change, err error) {
	var errs []error
	for _, p := range plans {
		for _, holds := range p.premises {
			if !holds() {
				return nil, ErrOutdated
			}
		}
		c, err := p.Check()
		changes, errs = append(changes, c), append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, p := range plans {
		if err := p.sweep(); err != nil {
			return nil, err
		}
	}
	return changes, nil
}

// transactions are those of plans that are carried out together.
type transactions []*transaction

func (all transactions) run(ctx context.Context, changes [][]Change) error {
	files := 0
	for i, t := range all {
		if err := t.prepareAll(ctx, changes[i]); err != nil {
			return err
		}
		files += len(changed(changes[i]))
	}
	for i, t := range all {
		if files > 1 && len(changed(changes[i])) > 0 {
			if err := t.raiseBarrier(); err != nil {
				return err
			}
		}
	}
	for i, t := range all {
		if err := t.applyAll(ctx, changed(changes[i])); err != nil {
			return err
		}
	}
	for _, t := range all {
		if err := t.plan.removeBarrier(); err != nil {
			return err
		}
	}
	if files > 0 {
		changedAny.Store(true)
	}
	return nil
}

func (all transactions) rollback() error {
	var errs []error
	for _, t := range slices.Backward(all) {
		errs = append(errs, t.rollback())
	}
	return errors.Join(errs...)
}

func (all transactions) clean() {
	for _, t := range all {
		t.clean()
	}
}

// changed are the changes without the files that stay as they are.
func changed(changes []Change) []Change {
	return slices.DeleteFunc(slices.Clone(changes), func(c Change) bool { return c.Kind == Unchanged })
}

// changedAny is true when a Commit of this process has changed a file for good.
var changedAny atomic.Bool

// Changed says whether a Commit of this process has changed a file, and did not
// take it back.
func Changed() bool { return changedAny.Load() }

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
	// backups are the old files under other names, those that were not finished
	// too.
	backups []string
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
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}

// apply puts one prepared file in its place, or takes a stale one away.
func (t *transaction) apply(c Change) error {
	path := t.plan.path(c.Name)
	u := undo{path: path}
	if c.Kind != Created {
		u.backup = t.tempName()
		t.backups = append(t.backups, u.backup)
		if err := t.backup(path, u.backup, c.Kind); err != nil {
			return fmt.Errorf("%s cannot be replaced: %w", path, withoutPath(err))
		}
	}
	if c.Kind != Removed {
		if err := t.plan.disk.rename(t.prepared[c.Name], path); err != nil {
			return fmt.Errorf("%s cannot be written: %w", path, withoutPath(err))
		}
	}
	t.done = append(t.done, u)
	return nil
}

// backup keeps the old file under another name. A file that is replaced stays
// in its place meanwhile: where the file system has no hard links, what is kept
// is a copy.
func (t *transaction) backup(path, backup string, kind Kind) error {
	disk := t.plan.disk
	if kind == Removed {
		return disk.rename(path, backup)
	}
	if disk.link(path, backup) == nil {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	f, err := disk.create(backup)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Chmod(info.Mode().Perm()), f.Close())
}

// rollback takes back everything that apply did, the last first.
func (t *transaction) rollback() error {
	var errs []error
	for i := len(t.done) - 1; i >= 0; i-- {
		u := t.done[i]
		if u.backup == "" {
			if err := t.plan.disk.remove(u.path); err != nil && !errors.Is(err, fs.ErrNotExist) {
				errs = append(errs, err)
			}
			continue
		}
		// Renaming one link of a file over another does nothing: clean
		// removes the backup then.
		if err := t.plan.disk.rename(u.backup, u.path); err != nil {
			errs = append(errs, fmt.Errorf("%s could not be restored; it is in %s: %w", u.path, u.backup, withoutPath(err)))
			t.backups = slices.DeleteFunc(t.backups, func(b string) bool { return b == u.backup })
		}
	}
	if len(errs) == 0 {
		errs = append(errs, t.plan.removeBarrier())
	}
	return errors.Join(errs...)
}

// clean removes what is left of temporary files.
func (t *transaction) clean() {
	for _, temp := range slices.Concat(slices.Collect(maps.Values(t.prepared)), t.backups) {
		t.plan.disk.remove(temp)
	}
}

// create opens a new temporary file with the permissions of an ordinary one,
// which os.CreateTemp does not give.
func (t *transaction) create() (*os.File, error) {
	for {
		f, err := t.plan.disk.create(t.tempName())
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

// sweep removes what runs that were killed have left: temporary files, and barriers
// that guard nothing. The caller holds the lock: no run that lives has any.
func (p *Plan) sweep() error {
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) && e.Type().IsRegular() {
			if err := p.disk.remove(p.path(e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	for _, name := range p.deadBarriers() {
		if err := p.disk.remove(p.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
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
	content := Header + "\n\n" + pkg + "\n\n// bpfgen was interrupted while it changed several files. They may not fit\n// together: run it again, which also removes this file. Where nothing generates\n// the files " + t.plan.stem + "_*.go any more, remove them.\n" +
		"const _ = " + barrierMark + "\n"
	if err := t.prepare(name, []byte(content)); err != nil {
		return err
	}
	return t.plan.disk.rename(t.prepared[name], t.plan.path(name))
}

// barrierMark is what the compiler's error names.
const barrierMark = "bpfgen_was_interrupted_run_it_again"

// IsBarrier says whether a file stands for a run that was killed.
func (p *Plan) IsBarrier(name string) bool {
	if !isBarrierName(name) {
		return false
	}
	content, err := os.ReadFile(p.path(name))
	return err == nil && strings.Contains(string(content), barrierMark)
}

// isBarrierName says whether a file is called like one.
func isBarrierName(name string) bool {
	return slices.ContainsFunc(barrierEnds, func(end string) bool { return strings.HasSuffix(name, end) })
}

// removeBarrier removes the barrier, of this run or of one that was killed.
func (p *Plan) removeBarrier() error {
	var errs []error
	for _, name := range p.ownBarriers() {
		errs = append(errs, p.disk.remove(p.path(name)))
	}
	return errors.Join(errs...)
}

// The ends of barriers' names behind the stem.
var barrierEnds = []string{"_interrupted.go", "_interrupted_test.go"}

// ownBarriers are those of the stem that stand.
func (p *Plan) ownBarriers() (names []string) {
	for _, end := range barrierEnds {
		if p.stem != "" && p.readGo(p.stem+end).header == Header {
			names = append(names, p.stem+end)
		}
	}
	return names
}

// Barriers are the files that stand for runs that were killed and that Commit removes:
// those of the stem, and those of stems that have no other file any more.
func (p *Plan) Barriers() []string {
	return append(p.ownBarriers(), p.deadBarriers()...)
}

// deadBarriers guard nothing: no file of their stem is left. Where no name is one's, which
// is nearly always, no file is read.
func (p *Plan) deadBarriers() (dead []string) {
	if !slices.ContainsFunc(p.goFiles(), isBarrierName) {
		return nil
	}
	ours := slices.Sorted(maps.Keys(p.Ours()))
	for _, name := range ours {
		for _, end := range barrierEnds {
			stem, ok := strings.CutSuffix(name, end)
			if ok && stem != p.stem && !slices.ContainsFunc(ours, func(other string) bool { return other != name && belongs(other, stem, ours) }) {
				dead = append(dead, name)
			}
		}
	}
	return dead
}

// belongs says whether a file may be one of a stem: it is not of a longer stem that has
// a loader.
func belongs(name, stem string, ours []string) bool {
	if !strings.HasPrefix(name, stem+"_") {
		return false
	}
	return !slices.ContainsFunc(ours, func(loader string) bool {
		longer, _, ok := strings.Cut(loader, "_bpfgen")
		return ok && strings.HasPrefix(longer, stem+"_") && strings.HasPrefix(name, longer+"_")
	})
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
