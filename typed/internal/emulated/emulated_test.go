package emulated

import (
	"errors"
	"reflect"
	"runtime"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// Link embeds a nil link.Link for the sake of one unexported method. Every
// exported one must be its own, or calling it would panic.
func TestEmulatedOverridesLink(t *testing.T) {
	iface := reflect.TypeFor[link.Link]()
	l := ByID(0, func() error { return nil })
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
	l := ByID(0, func() error { n++; return broken })
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

// As the kernel's links do.
func TestEmulatedDetachesAsGarbage(t *testing.T) {
	for _, close := range []bool{false, true} {
		calls := make(chan struct{}, 2)
		func() {
			l := ByID(0, func() error { calls <- struct{}{}; return nil })
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
