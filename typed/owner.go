package typed

import (
	"errors"
	"io"
	"slices"
	"sync"
)

// owner closes what was made of the maps of a collection and must go before
// them: readers and producers. A nil owner owns nothing.
type owner struct {
	mu   sync.Mutex
	open []io.Closer
}

// own makes o.Close close c, until disown is called.
func (o *owner) own(c io.Closer) (disown func()) {
	if o == nil {
		return func() {}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.open = append(o.open, c)
	return func() {
		o.mu.Lock()
		defer o.mu.Unlock()
		o.open = slices.DeleteFunc(o.open, func(other io.Closer) bool { return other == c })
	}
}

// Close closes what is owned, newest first.
func (o *owner) Close() error {
	o.mu.Lock()
	open := o.open
	o.open = nil
	o.mu.Unlock()

	var errs []error
	for _, c := range slices.Backward(open) {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}
