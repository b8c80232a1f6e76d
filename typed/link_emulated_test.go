package typed

import (
	"errors"
	"reflect"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// emulated embeds a nil link.Link for the sake of one unexported method. Every
// exported one must be its own, or calling it would panic.
func TestEmulatedOverridesLink(t *testing.T) {
	iface := reflect.TypeFor[link.Link]()
	l := emulate(0, func() error { return nil })
	for i := range iface.NumMethod() {
		m := iface.Method(i)
		if !m.IsExported() {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			args := make([]reflect.Value, m.Type.NumIn())
			for i := range args {
				args[i] = reflect.Zero(m.Type.In(i))
			}
			defer func() {
				if p := recover(); p != nil {
					t.Errorf("not overridden: %v", p)
				}
			}()
			reflect.ValueOf(l).MethodByName(m.Name).Call(args)
		})
	}
}

func TestEmulatedDetachesOnce(t *testing.T) {
	broken := errors.New("broken")
	n := 0
	l := emulate(0, func() error { n++; return broken })
	if err := l.Detach(); !errors.Is(err, broken) {
		t.Errorf("detach: %v", err)
	}
	if err := l.Close(); err != nil {
		t.Errorf("close after detach: %v", err)
	}
	if n != 1 {
		t.Errorf("detached %d times", n)
	}
	for name, err := range map[string]error{"update": l.Update(nil), "pin": l.Pin(""), "unpin": l.Unpin()} {
		if !errors.Is(err, ebpf.ErrNotSupported) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := l.Info(); !errors.Is(err, ebpf.ErrNotSupported) {
		t.Errorf("info without a program: %v", err)
	}
	l.prog = 7
	if info, err := l.Info(); err != nil || info.Program != 7 {
		t.Errorf("info: %v, %v", info, err)
	}
}

// fakeLink is a link that says when it is closed.
func fakeLink(closed *[]string, name string, err error) link.Link {
	return &emulated{detach: once(func() error { *closed = append(*closed, name); return err })}
}

// As the kernel's links do.
func TestEmulatedDetachesAsGarbage(t *testing.T) {
	for _, close := range []bool{false, true} {
		calls := make(chan struct{}, 2)
		func() {
			l := emulate(0, func() error { calls <- struct{}{}; return nil })
			if close {
				l.Close()
			}
		}()
		runtime.GC()
		select {
		case <-calls:
		case <-time.After(10 * time.Second):
			t.Errorf("closed: %v: not detached", close)
		}
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
		if len(calls) != 0 {
			t.Errorf("closed: %v: detached twice", close)
		}
	}
}

func TestLinksCloseNewestFirst(t *testing.T) {
	var closed []string
	broken := errors.New("broken")
	l := newLinks(nil)
	l.add("a", fakeLink(&closed, "a", nil))
	l.add("b", fakeLink(&closed, "b", broken))
	l.add("c", fakeLink(&closed, "c", nil))
	if err := l.Close(); !errors.Is(err, broken) {
		t.Errorf("close: %v", err)
	}
	if want := []string{"c", "b", "a"}; !slices.Equal(closed, want) {
		t.Errorf("closed %v, want %v", closed, want)
	}
	if err := l.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
}

func TestLinksAdd(t *testing.T) {
	var closed []string
	l := newLinks(nil)
	broken := errors.New("broken")
	if err := l.Add(nil, broken); !errors.Is(err, broken) {
		t.Errorf("an error of Attach came out as %v", err)
	}
	if err := l.Add(nil, nil); err == nil {
		t.Error("a nil link was accepted")
	}
	l.names[7] = "prog"
	lk := fakeLink(&closed, "x", nil)
	lk.(*emulated).prog = 7
	if err := l.Add(lk, nil); err != nil {
		t.Fatal(err)
	}
	if of := l.Of("prog"); len(of) != 1 || of[0] != lk {
		t.Errorf("links of prog: %v", of)
	}
	if !l.Release(lk) || l.Release(lk) {
		t.Error("release does not say whether the link was there")
	}
	if err := l.Close(); err != nil || len(closed) != 0 {
		t.Errorf("a released link was closed: %v, %v", closed, err)
	}
}

func TestLinksDetach(t *testing.T) {
	var closed []string
	l := newLinks(nil)
	for _, name := range []string{"a", "b", "a"} {
		l.add(name, fakeLink(&closed, name+string('0'+rune(len(l.open))), nil))
	}
	if err := l.Detach("a"); err != nil {
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
	if err := l.Detach("none"); err != nil {
		t.Error(err)
	}
}
