// Package hook lets package typedtest make handles of package typed that are not
// the kernel's. Package typed sets what is here when it is initialised.
package hook

import "github.com/bpfgen/bpfgen/typed/internal/bpf"

var (
	// BindMap makes h, a typed.AnyMap, the handle of a map in memory.
	BindMap func(h any, name string, m bpf.Map) error
	// MapOf is the map that BindMap has bound; nil for handles of the kernel.
	MapOf func(h any) bpf.Map
	// BindVariable makes h, a *typed.VariableHandle, a variable in memory. value is
	// a pointer to its first value.
	BindVariable func(h any, name string, value any, readOnly bool) error
	// BindProgram makes h, the handle of a program of any kind, one in memory: run
	// is what it does when it is run.
	BindProgram func(h any, name string, run func(*bpf.Run) error)
)
