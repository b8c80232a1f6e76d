package cache

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// setClock makes the clock stand at a time.
func setClock(t *testing.T, at time.Time) {
	t.Helper()
	old := now
	now = func() time.Time { return at }
	t.Cleanup(func() { now = old })
}

// put makes an entry that was used last at a time.
func put(t *testing.T, c *Cache, key string, at time.Time) {
	t.Helper()
	c.Put(key, "value of "+key)
	if err := os.Chtimes(c.path(key), at, at); err != nil {
		t.Fatal(err)
	}
}

func has(c *Cache, key string) bool {
	_, err := os.Stat(c.path(key))
	return err == nil
}

func TestTrim(t *testing.T) {
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	c := New(t.TempDir())
	foreign := filepath.Join(c.dir, "ab", "README")
	old, young, used, ahead := Key("old"), Key("young"), Key("used"), Key("ahead")
	put(t, c, old, start.Add(-Unused-time.Minute))
	put(t, c, young, start.Add(-Unused+time.Minute))
	put(t, c, used, start.Add(-2*Unused))
	put(t, c, ahead, start.Add(1000*time.Hour))
	if err := os.MkdirAll(filepath.Dir(foreign), 0o777); err != nil {
		t.Fatal(err)
	}
	write(t, foreign, nil)
	if err := os.Chtimes(foreign, start.Add(-3*Unused), start.Add(-3*Unused)); err != nil {
		t.Fatal(err)
	}

	setClock(t, start)
	var got string
	if !c.Get(used, &got) {
		t.Fatal("an entry is missing")
	}
	c.Trim()
	if has(c, old) || !has(c, young) || !has(c, used) || !has(c, ahead) {
		t.Errorf("old %t, young %t, used %t, ahead %t", has(c, old), has(c, young), has(c, used), has(c, ahead))
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error("a file that is no entry went")
	}

	setClock(t, start.Add(trimInterval-time.Minute)) // young has gone old
	c.Trim()
	if !has(c, young) {
		t.Error("looked for twice a day")
	}
	setClock(t, start.Add(trimInterval+time.Minute))
	c.Trim()
	if has(c, young) {
		t.Error("not looked for the next day")
	}
}

// A clock that was ahead once does not end trimming until it is right again.
func TestTrimAfterAClockThatWasAhead(t *testing.T) {
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	c := New(t.TempDir())
	key := Key("old")
	put(t, c, key, start.Add(-2*Unused))
	write(t, c.trimmed(), nil)
	if err := os.Chtimes(c.trimmed(), start.Add(10*Unused), start.Add(10*Unused)); err != nil {
		t.Fatal(err)
	}
	setClock(t, start)
	c.Trim()
	if has(c, key) {
		t.Error("not trimmed")
	}
}

// The use of an entry is written once an hour.
func TestUse(t *testing.T) {
	start := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	c := New(t.TempDir())
	key := Key("k")
	for _, test := range []struct{ before, after time.Duration }{
		{-usePrecision + time.Minute, -usePrecision + time.Minute},
		{-usePrecision - time.Minute, 0},
		{2 * usePrecision, 0},
	} {
		put(t, c, key, start.Add(test.before))
		setClock(t, start)
		var got string
		if !c.Get(key, &got) {
			t.Fatal("no entry")
		}
		info, err := os.Stat(c.path(key))
		if err != nil {
			t.Fatal(err)
		}
		if ago := info.ModTime().Sub(start); ago != test.after {
			t.Errorf("used %s: it says %s, want %s", test.before, ago, test.after)
		}
	}
}

// Whoever trims, reads and writes at one time finds whole entries or none.
func TestTrimBesideOthers(t *testing.T) {
	dir := t.TempDir()
	long := time.Now().Add(-2 * Unused)
	keys := make([]string, 8)
	for i := range keys {
		keys[i] = Key(fmt.Sprint(i))
		put(t, New(dir), keys[i], long)
	}
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			c := New(dir)
			for range 5 {
				for _, key := range keys {
					var got string
					if c.Get(key, &got) && got != "value of "+key {
						t.Errorf("an entry is %q", got)
					}
					c.Put(key, "value of "+key)
				}
				os.Remove(c.trimmed())
				c.Trim()
			}
		})
	}
	all.Wait()
	for _, key := range keys {
		if !has(New(dir), key) {
			t.Error("an entry that is used is gone")
		}
	}
}

func TestClean(t *testing.T) {
	c := New(t.TempDir())
	c.Put(Key("a"), "a")
	c.Put(Key("b"), "b")
	foreign := filepath.Join(c.dir, "mine")
	write(t, foreign, nil)
	if n, bytes := c.Usage(); n != 2 || bytes < 128 {
		t.Errorf("%d entries of %d bytes", n, bytes)
	}
	if err := c.Clean(); err != nil {
		t.Fatal(err)
	}
	if n, _ := c.Usage(); n != 0 {
		t.Errorf("%d entries are left", n)
	}
	if _, err := os.Stat(foreign); err != nil {
		t.Error("a file that is no entry went")
	}
}
