package typed

import (
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/cilium/ebpf"
)

// ErrNotLoaded is returned by the methods of a handle whose map, program or
// variable was not loaded: it was disabled, its optional program was left out,
// or the object that was opened does not have it.
var ErrNotLoaded = errors.New("not loaded")

// fixedError is fmt.Errorf("text: %w", err) as data: a variable that a function fills
// is filled in every program, with that function and whatever it refers to.
type fixedError struct {
	text string
	err  *error
}

func (e *fixedError) Error() string { return e.text + ": " + (*e.err).Error() }

func (e *fixedError) Unwrap() error { return *e.err }

// errorAs is [errors.As] without reflection, which not every program has otherwise:
// types with a method As are found by none of those who call it.
func errorAs[E error](err error, found *E) bool {
	return inErrors(err, func(err error) (ok bool) {
		*found, ok = any(err).(E)
		return ok
	})
}

// inErrors calls is for an error and those that it wraps, in the order of errors.As,
// until it is true.
func inErrors(err error, is func(error) bool) bool {
	for err != nil && !is(err) {
		switch wraps := any(err).(type) {
		case interface{ Unwrap() error }:
			err = wraps.Unwrap()
		case interface{ Unwrap() []error }:
			return slices.ContainsFunc(wraps.Unwrap(), func(err error) bool { return inErrors(err, is) })
		default:
			return false
		}
	}
	return err != nil
}

// LayoutError says that a map or variable of the kernel or of an object does
// not have the type or the sizes that the Go side was generated for. No
// pointer has been given to the kernel.
type LayoutError struct {
	// Object is "map flows" or "variable sample_rate".
	Object string
	// Property that differs: "map type", "key size", "value size", "size", …
	Property string
	// Want is what the generated code expects, Got what was found.
	Want, Got string
}

func (e *LayoutError) Error() string {
	return fmt.Sprintf("%s: %s is %s, the generated code expects %s", e.Object, e.Property, e.Got, e.Want)
}

// LoadError says which program the kernel refused. It unwraps to the error of
// the library, which is an [*ebpf.VerifierError] where the verifier spoke;
// printed with %+v it contains the whole verifier log.
type LoadError struct {
	// Program is its C name, Section its SEC() as written in C.
	Program, Section string
	// Remedy is what the user can do, as a clause; empty where nothing is known.
	Remedy string
	Err    error
}

func (e *LoadError) Error() string {
	s := fmt.Sprintf("load program %s (SEC(%q)): %v", e.Program, e.Section, e.Err)
	if e.Remedy != "" {
		s += "; " + e.Remedy
	}
	return s
}

// Format prints the verifier log behind the error for %+v. The errors of the
// library on the way to it would not.
func (e *LoadError) Format(f fmt.State, verb rune) {
	io.WriteString(f, e.Error())
	var verifier *ebpf.VerifierError
	if verb == 'v' && f.Flag('+') && errorAs(e.Err, &verifier) {
		fmt.Fprintf(f, "\n%+v", verifier)
	}
}

func (e *LoadError) Unwrap() error { return e.Err }

// Is says that the program is not loaded, see [ErrNotLoaded].
func (e *LoadError) Is(target error) bool { return target == ErrNotLoaded }

// ErrMapFull is wrapped by the error of a write that found no room: a hash or
// trie with max_entries entries, a full queue.
var ErrMapFull = errors.New("map is full")
