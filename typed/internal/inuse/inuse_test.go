package inuse

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// counted is a Count that knows how often it was released.
type counted struct {
	Count
	released atomic.Int32
	err      error
}

func newCounted() *counted {
	c := new(counted)
	c.Init(func() error {
		c.released.Add(1)
		return c.err
	})
	return c
}

func (c *counted) want(t *testing.T, released int32, when string) {
	t.Helper()
	if got := c.released.Load(); got != released {
		t.Fatalf("%s: released %d times, not %d", when, got, released)
	}
}

func TestCloseWithoutCalls(t *testing.T) {
	c := newCounted()
	c.err = errors.New("release")
	if err := c.Close(); !errors.Is(err, c.err) {
		t.Errorf("Close: %v, not the error of release", err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	if c.Enter() || !c.Closed() {
		t.Error("open after Close")
	}
	c.want(t, 1, "after two calls of Close")
}

func TestTheLastCallReleases(t *testing.T) {
	c := newCounted()
	for range 2 {
		if !c.Enter() {
			t.Fatal("not open")
		}
	}
	if err := c.Close(); err != nil {
		t.Errorf("Close with calls in flight: %v", err)
	}
	if c.Enter() {
		t.Error("Enter after Close")
	}
	c.want(t, 0, "two calls in flight")
	c.Leave()
	c.want(t, 0, "one call in flight")
	c.Leave()
	c.want(t, 1, "no call in flight")
	if c.Enter() {
		t.Error("Enter after the release")
	}
	c.want(t, 1, "after a late call")
}

func TestZeroCount(t *testing.T) {
	var c Count
	if !c.Enter() {
		t.Error("the zero Count is not open")
	}
	c.Leave()
	if err := c.Close(); err != nil || c.Enter() {
		t.Error("Close:", err)
	}
}

// A late call that comes between the last true one and its release must not
// keep it from happening, nor make it happen twice.
func TestLateCallsAroundTheLast(t *testing.T) {
	c := newCounted()
	c.Enter()
	c.Close()
	c.state.Add(1) // a late call has counted itself
	c.Leave()      // the last true call
	c.want(t, 0, "a late call is between")
	if c.late() {
		t.Error("a late call was let in")
	}
	c.want(t, 1, "the late call is gone")
}

// Nothing is in use when it is released, and it is released once, whatever
// calls and closers do.
func TestRelease(t *testing.T) {
	rounds := 3000
	if testing.Short() {
		rounds = 300
	}
	for range rounds {
		c := new(Count)
		var using, released atomic.Int32
		c.Init(func() error {
			if using.Load() != 0 {
				t.Error("released under a call")
			}
			released.Add(1)
			return nil
		})
		var wg sync.WaitGroup
		for i := range 6 {
			wg.Go(func() {
				for range 20 {
					if !c.Enter() {
						return
					}
					using.Add(1)
					runtime.Gosched()
					using.Add(-1)
					c.Leave()
				}
			})
			if i%2 == 1 {
				wg.Go(func() { c.Close() })
			}
		}
		wg.Wait()
		if n := released.Load(); n != 1 {
			t.Fatalf("released %d times", n)
		}
	}
}

// What the last call wrote before it left is seen by release: the counter
// orders them (the race detector looks at plain).
func TestReleaseSeesTheLastCall(t *testing.T) {
	c, plain := new(Count), 0
	c.Init(func() error { plain++; return nil })
	c.Enter()
	left := make(chan struct{})
	go func() {
		plain++
		c.Leave()
		close(left)
	}()
	c.Close()
	<-left
	if plain != 2 {
		t.Error(plain)
	}
}

func TestNoAllocation(t *testing.T) {
	c := newCounted()
	if n := testing.AllocsPerRun(100, func() { c.Enter(); c.Leave() }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkCall(b *testing.B) {
	c := newCounted()
	for b.Loop() {
		if c.Enter() {
			c.Leave()
		}
	}
}

func BenchmarkCallOfTwo(b *testing.B) {
	c := newCounted()
	start := time.Now()
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for range b.N {
				if c.Enter() {
					c.Leave()
				}
			}
		})
	}
	wg.Wait()
	b.ReportMetric(float64(time.Since(start).Nanoseconds())/float64(b.N), "ns/call-and-goroutine")
}
