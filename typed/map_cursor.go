package typed

import (
	"errors"
	"fmt"
	"syscall"
)

// Cursor is the place of a series of BatchLookup or BatchLookupAndDelete calls
// in a map. The zero Cursor is the start; it then belongs to that map and that
// kind of call.
//
//	var c typed.Cursor
//	for !c.Done() {
//		n, err := m.BatchLookup(&c, keys, values)
//		…
//	}
type Cursor struct {
	w *walk
}

// Done says that the end of the map was reached.
func (c *Cursor) Done() bool { return c.w != nil && c.w.done }

// walk is the cursor's walk of a map with a command.
func (c *Cursor) walk(b *boundMap, cmd bpfCommand) (*walk, error) {
	switch {
	case c.w == nil:
		if err := b.Err(); err != nil {
			return nil, err
		}
		c.w = b.newWalk(cmd, 0)
	case c.w.b != b || c.w.cmd != cmd:
		return nil, fmt.Errorf("map %s: the cursor belongs to another map or kind of call", b.name)
	}
	return c.w, nil
}

// batchLookup reads the next elements into the caller's slices.
func batchLookup[K, V any](b *boundMap, cmd bpfCommand, c *Cursor, keys []K, values []V) (int, error) {
	w, err := c.walk(b, cmd)
	if err != nil || w.done || len(keys) == 0 {
		return 0, err
	}
	if err := b.sameLength(len(keys), len(values), b.cpus); err != nil {
		return 0, err
	}
	p := &page[K, V]{keys: keys, values: values}
	if b.padded(len(values), len(bytesOf(values))) {
		p.bytes = make([]byte, len(keys)*b.valueBytes())
	}
	err = p.fill(w)
	if errors.Is(err, errSmallBatch) {
		return 0, fmt.Errorf("map %s: room for %d elements: %w (%w)", b.name, len(keys), err, syscall.ENOSPC)
	}
	return p.n, err
}

// batchUpdate writes values under keys.
func batchUpdate[K, V any](b *boundMap, keys []K, values []V, flags UpdateFlags) (int, error) {
	if err := b.Err(); err != nil {
		return 0, err
	}
	if err := b.sameLength(len(keys), len(values), b.cpus); err != nil {
		return 0, err
	}
	if !b.padded(len(values), len(bytesOf(values))) {
		return b.updateBlock(blockOf(keys, values), flags)
	}
	slots := make([]byte, len(values)*b.stride)
	pack(slots, bytesOf(values), b.stride, len(values))
	return b.updateBlock(blockOf(keys, slots), flags)
}

// batchDelete removes keys.
func batchDelete[K any](b *boundMap, keys []K) (int, error) {
	return b.deleteBlock(blockOf[K, byte](keys, nil))
}
