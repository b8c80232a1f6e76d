package clang

// Many objects are stripped by one process: to start it takes longer than the
// compiler needs for the C of an object.

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
)

// Strips are objects that wait to be stripped. While one process is at it, the
// next ones gather. The zero value is ready for use.
type Strips struct {
	mu      sync.Mutex
	running bool
	waiting []*strip
}

// strip is one object.
type strip struct {
	object string
	c      *Compiler
	done   chan struct{}
	// alone is true if it was not stripped with the others.
	alone bool
}

// stripped removes DWARF from an object.
func (c *Compiler) stripped(ctx context.Context, r *Result, object string) error {
	if c.Strips != nil && takesMany(c.Strip) {
		s := &strip{object: object, c: c, done: make(chan struct{})}
		c.Strips.add(ctx, s)
		<-s.done
		if !s.alone {
			return ctx.Err()
		}
	}
	return c.run(ctx, r, c.Strip, []string{"-g", object})
}

// takesMany says whether a command strips all objects that it is given, in place, as
// LLVM's does. A user's may do so with the first alone.
func takesMany(command string) bool {
	version, ok := strings.CutPrefix(filepath.Base(command), "llvm-strip")
	return ok && strings.Trim(version, "-0123456789") == ""
}

func (q *Strips) add(ctx context.Context, s *strip) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.waiting = append(q.waiting, s)
	if !q.running {
		q.running = true
		go q.work(ctx)
	}
}

// work strips what waits until nothing does.
func (q *Strips) work(ctx context.Context) {
	for {
		q.mu.Lock()
		batch := q.waiting
		q.waiting = nil
		q.running = len(batch) > 0
		q.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		for _, group := range groups(batch) {
			strips(ctx, group)
		}
	}
}

// groups are the objects of one command.
func groups(batch []*strip) (all [][]*strip) {
	index := make(map[string]int)
	for _, s := range batch {
		i, ok := index[s.c.Strip]
		if !ok {
			i = len(all)
			index[s.c.Strip], all = i, append(all, nil)
		}
		all[i] = append(all[i], s)
	}
	return all
}

// strips runs the command for all of a group. Where it fails, or says something, each
// is tried alone, so that its error and its words are known.
func strips(ctx context.Context, group []*strip) {
	args := []string{"-g"}
	for _, s := range group {
		args = append(args, s.object)
	}
	var r Result
	err := group[0].c.run(ctx, &r, group[0].c.Strip, args)
	for _, s := range group {
		s.alone = err != nil || len(r.Messages) > 0
		close(s.done)
	}
}
