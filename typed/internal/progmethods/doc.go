// Package progmethods prints the methods that all kinds of programs have, for each
// kind in the table of typed/prog_kinds.go: Go's embedding would promote them, but
// methods that are promoted panic on nil.
//
//	go test ./typed/internal/progmethods -update
//
// It is a package of its own, and reads the table as source, because package typed
// does not compile as long as a new kind has none of them.
package progmethods
