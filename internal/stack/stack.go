// Package stack grows stacks in time. A goroutine starts with a few kilobytes and
// doubles them by copying whenever a call does not fit, with all frames that are
// there. Parsers and printers are deep soon: in a process that lives for some
// milliseconds, growing is a tenth of its time.
package stack

// Grow makes room for deep calls on the stack of this goroutine.
//
//go:noinline
func Grow() {
	var room [60 << 10]byte
	use(&room)
}

//go:noinline
func use(*[60 << 10]byte) {}
