// Package bench compares typed maps with the library's untyped calls and with
// the bare system call. Its benchmarks do the same work in all three ways in
// turns, so that what else the machine does hits all alike, and report times and
// their ratios:
//
//	go test ./typed/bench -bench .
//
// docs/benchmarks.md has results.
package bench
