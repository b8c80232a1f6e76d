// Package tc lets package typed use rtnetlink, where the kernel has no other
// way to attach a program: clsact filters for tc programs before TCX (Linux
// 6.6), actions, and the programs of routes.
//
// It is imported for that effect alone,
//
//	import _ "github.com/bpfgen/bpfgen/typed/tc"
//
// which generated code does for the programs that need it, so that others do
// not carry a netlink library.
package tc
