package main

import (
	"errors"
	"runtime"
	"runtime/debug"
	"sync"
)

// forEach calls f for 0 … n-1, as many at a time as there are processors. The
// error joins those of all calls, in order.
func forEach(n int, f func(i int) error) error {
	if n == 1 {
		return caught(func() error { return f(0) })
	}
	errs := make([]error, n)
	slots := make(chan struct{}, parallelism())
	var wg sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			errs[i] = caught(func() error { return f(i) })
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// parallelism is how many things that need a processor are done at a time.
func parallelism() int { return runtime.GOMAXPROCS(0) }

// start begins a call whose result is wanted later.
func start[T any](f func() (T, error)) func() (T, error) {
	var value T
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		err = caught(func() error {
			var err error
			value, err = f()
			return err
		})
	}()
	return func() (T, error) {
		<-done
		return value, err
	}
}

// caught turns a panic into an error: a goroutine's would end the program.
func caught(f func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = panicked{v, debug.Stack()}
		}
	}()
	return f()
}
