package typed

import (
	"errors"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/bpfgen/bpfgen/typed/internal/emulated"
	"github.com/cilium/ebpf/link"
)

// testLink is a link that writes down when it is closed.
func testLink(closed *[]string, name string, err error) *Link {
	return newLink(name, fakeLink(closed, name, err))
}

func TestLinksCloseNewestFirst(t *testing.T) {
	var closed []string
	broken := errors.New("broken")
	l := new(Links)
	for _, lk := range []*Link{testLink(&closed, "a", nil), testLink(&closed, "b", broken), testLink(&closed, "c", nil)} {
		if err := l.Add(lk, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); !errors.Is(err, broken) {
		t.Errorf("close: %v", err)
	}
	if want := []string{"c", "b", "a"}; !slices.Equal(closed, want) {
		t.Errorf("closed %v, want %v", closed, want)
	}
	if err := l.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	if err := l.Add(testLink(&closed, "late", nil), nil); !errors.Is(err, os.ErrClosed) || closed[len(closed)-1] != "late" {
		t.Errorf("a link added after Close: %v, closed %v", err, closed)
	}
}

func TestLinksAdd(t *testing.T) {
	var closed []string
	l := new(Links)
	broken := errors.New("broken")
	if err := l.Add((*Link)(nil), broken); !errors.Is(err, broken) {
		t.Errorf("an error of Attach came out as %v", err)
	}
	for _, lk := range []AnyLink{nil, (*Link)(nil), (*UpdatableLink[XDP])(nil), new(UpdatableLink[XDP])} {
		if err := l.Add(lk, nil); !errors.Is(err, os.ErrInvalid) {
			t.Errorf("a nil link: %v", err)
		}
	}
	if _, err := l.Adopt(nil, nil); !errors.Is(err, os.ErrInvalid) {
		t.Errorf("adopt nil: %v", err)
	}
	prog := &XDP{program{name: "prog"}}
	lk := testLink(&closed, "prog", nil)
	if err := l.Add(&UpdatableLink[XDP]{lk}, nil); err != nil {
		t.Fatal(err)
	}
	if of := l.Of(prog); len(of) != 1 || of[0] != lk {
		t.Errorf("links of prog: %v", of)
	}
	if !l.Release(lk) || l.Release(lk) {
		t.Error("release does not say whether the link was there")
	}
	if err := l.Close(); err != nil || len(closed) != 0 {
		t.Errorf("a released link was closed: %v, %v", closed, err)
	}
}

func TestLinksCloseOf(t *testing.T) {
	var closed []string
	l := new(Links)
	for i, name := range []string{"a", "b", "a"} {
		l.open = append(l.open, newLink(name, fakeLink(&closed, name+string('0'+rune(i)), nil)))
	}
	if err := l.CloseOf(&XDP{program{name: "a"}}); err != nil {
		t.Error(err)
	}
	if want := []string{"a2", "a0"}; !slices.Equal(closed, want) {
		t.Errorf("closed %v, want %v", closed, want)
	}
	var left []string
	for name := range l.All() {
		left = append(left, name)
	}
	if !slices.Equal(left, []string{"b"}) {
		t.Errorf("left %v", left)
	}
	for _, none := range []Attachable{nil, (*XDP)(nil), &XDP{program{name: "none"}}} {
		if err := l.CloseOf(none); err != nil {
			t.Error(err)
		}
	}
}

// Links are closed once, whoever does it, and say so afterwards.
func TestLinkClose(t *testing.T) {
	var detached atomic.Int32
	l := newLink("prog", emulated.ByID(7, func() error { detached.Add(1); return nil }))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				_, _ = l.Info()
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := detached.Load(); n != 1 {
		t.Errorf("detached %d times", n)
	}
	_, info := l.Info()
	for name, err := range map[string]error{
		"info": info, "pin": l.Pin("x"), "unpin": l.Unpin(), "detach": l.Detach(),
		"update": (&UpdatableLink[XDP]{l}).Update(new(XDP)),
		"use":    l.Use(func(link.Link) error { t.Error("used after Close"); return nil }),
	} {
		if !errors.Is(err, os.ErrClosed) {
			t.Errorf("%s after Close: %v", name, err)
		}
	}
}

// Close does not take a link from under a call.
func TestLinkCloseInUse(t *testing.T) {
	detached := false
	l := newLink("prog", emulated.ByID(7, func() error { detached = true; return nil }))
	err := l.Use(func(link.Link) error {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if detached {
			t.Error("detached under a call")
		}
		return nil
	})
	if err != nil || !detached {
		t.Errorf("detached after the call: %v, %v", detached, err)
	}
}

// A link that is pinned elsewhere gets its old name back where pinning all
// fails.
func TestLinksPinTakesBack(t *testing.T) {
	var steps []string
	l := new(Links)
	for _, p := range []*pinnable{{steps: &steps, name: "a"}, {steps: &steps, name: "b"}, {steps: &steps, name: "c", err: errors.New("full")}} {
		p.Link = emulated.ByID(7, func() error { return nil })
		l.open = append(l.open, newLink(p.name, p))
	}
	if err := l.open[0].Pin("/before/a"); err != nil {
		t.Fatal(err)
	}
	steps = nil
	dir := t.TempDir()
	if err := l.Pin(dir); err == nil {
		t.Fatal("pinned")
	}
	want := []string{"a at " + dir + "/a", "b at " + dir + "/b", "b not pinned", "a at /before/a"}
	if !slices.Equal(steps, want) {
		t.Errorf("%q\nwant %q", steps, want)
	}
}

// pinnable is a link that writes down its pins.
type pinnable struct {
	*emulated.Link
	steps *[]string
	name  string
	err   error
}

func (p *pinnable) Pin(path string) error {
	if p.err == nil {
		*p.steps = append(*p.steps, p.name+" at "+path)
	}
	return p.err
}

func (p *pinnable) Unpin() error {
	*p.steps = append(*p.steps, p.name+" not pinned")
	return nil
}

// fakeLink is a link that says when it is closed.
func fakeLink(closed *[]string, name string, err error) link.Link {
	return &closing{close: func() error { *closed = append(*closed, name); return err }}
}

type closing struct {
	link.Link
	close func() error
}

func (c *closing) Close() error { return c.close() }
