package cache

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestEntries(t *testing.T) {
	c := New(filepath.Join(t.TempDir(), "cache"))
	key := Key("a", "b")
	var got map[string][]byte
	if c.Get(key, &got) {
		t.Error("an empty cache has an entry")
	}
	c.Put(key, map[string][]byte{"x.o": {1, 2}})
	if !c.Get(key, &got) || string(got["x.o"]) != "\x01\x02" {
		t.Errorf("got %v", got)
	}
}

// Whatever happens to an entry's bytes, it is not taken for good, and is written
// anew.
func TestDamagedEntryIsNone(t *testing.T) {
	c := New(t.TempDir())
	key := Key("k")
	c.Put(key, "value")
	whole, err := os.ReadFile(c.path(key))
	if err != nil {
		t.Fatal(err)
	}
	for i := range whole {
		damaged := append([]byte(nil), whole...)
		damaged[i] ^= 1
		write(t, c.path(key), damaged)
		var got string
		if c.Get(key, &got) {
			t.Fatalf("byte %d is damaged and the entry gives %q", i, got)
		}
	}
	write(t, c.path(key), whole[:len(whole)-1])
	var got string
	if c.Get(key, &got) {
		t.Errorf("a truncated entry gives %q", got)
	}
	c.Put(key, "value")
	if !c.Get(key, &got) || got != "value" {
		t.Errorf("written anew it gives %q", got)
	}
}

// An entry under another's name is damaged, too.
func TestEntryKnowsItsKey(t *testing.T) {
	c := New(t.TempDir())
	a, b := Key("a"), Key("b")
	c.Put(a, "a")
	if err := os.MkdirAll(filepath.Dir(c.path(b)), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(c.path(a), c.path(b)); err != nil {
		t.Fatal(err)
	}
	var got string
	if c.Get(b, &got) {
		t.Errorf("the entry of another key gives %q", got)
	}
}

func TestKeyPartsHaveBorders(t *testing.T) {
	if Key("ab", "c") == Key("a", "bc") || Key("a") == Key("a", "") {
		t.Error("different parts have one key")
	}
}

func TestProgramIsReadAgainWhenItChanges(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(t.TempDir(), "cc")
	write(t, path, []byte("one"))
	first, err := New(dir).Program(path)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := New(dir).Program(path); again != first || err != nil {
		t.Errorf("%s, %v, want %s", again, err, first)
	}
	write(t, path, []byte("other"))
	if other, err := New(dir).Program(path); other == first || err != nil {
		t.Errorf("%s, %v after a change", other, err)
	}
}

func write(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o666); err != nil {
		t.Fatal(err)
	}
}

// Neither its size nor its time says that a program is another: some other bytes of
// as many, with the time set back.
func TestProgramIsReadAgainThoughItsTimeIsSetBack(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(t.TempDir(), "cc")
	write(t, path, []byte("one"))
	if inode(path) == "" {
		t.Skip("this system does not say when a file changed")
	}
	before, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	first, err := New(dir).Program(path)
	if err != nil || first != Hash([]byte("one")) {
		t.Fatalf("%s, %v, want SHA-256", first, err)
	}
	time.Sleep(20 * time.Millisecond) // a tick of the file system's clock
	write(t, path, []byte("two"))
	if err := os.Chtimes(path, before.ModTime(), before.ModTime()); err != nil {
		t.Fatal(err)
	}
	if second, err := New(dir).Program(path); second != Hash([]byte("two")) || err != nil {
		t.Errorf("%s, %v after a change", second, err)
	}
}
