// Package golden holds what bpfgen makes of each behaviour of C, one
// directory a behaviour: <case>/<case>.c, the objects that golden/build.sh
// makes of it, model.txt (what btfparse read), and the generated package, or
// errors.txt where there must be none, and warnings.txt where there are any.
//
//	go test ./golden            compares, and everything below
//	go test ./golden -update    rewrites model.txt, packages, errors and warnings
//
// case.txt, where there is one, has a line "key: value" for each option of the
// case, the command line's and clang's.
//
// An update is refused as long as a package does not compile for every GOARCH.
//
// The tests, one file each: golden_test.go compares the cases, generates them
// many times over and vets them for every GOARCH; corpus_test.go does the same
// with objects that others wrote; lost_test.go counts the members of C that
// are reachable from Go. The layout oracle, which lets clang and the kernel
// check what the accessors read and write, is the package golden/layout.
package golden
