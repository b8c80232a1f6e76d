// Package typedtest has maps, variables, readers and programs in memory that behave
// like those of the kernel, so that code can be tested without root, and on systems
// without BPF: code over generated types ([New]) and code over the interfaces of
// package typed alike ([NewHash] and kin).
//
// A map in memory is the same handle as one of the kernel. What differs is who
// answers its system calls: loops, cursors, options, errors and Close are package
// typed's own. The answers are those of Linux 6.18, held to that by a test which
// gives the same random operations to both. Where kernels differ, or leave open
// what happens, the functions say what is to be relied on. Four things hold for
// all:
//
//   - Keys are compared by their bytes, blank padding fields included.
//   - The order of All and Drain is random, where the kernel does not promise
//     one. As with the kernel, a loop reads many entries at a time, and Drain has
//     removed these before it yields the first.
//   - A value has a lock, for [typed.UpdateLock] and [typed.LookupLock], if a field
//     of it has a type whose name ends in BpfSpinLock, as the generated one's does. Locks,
//     timers and what else belongs to the kernel reads as zero, whatever was written.
//   - [typed.OneCPU] and [typed.EveryCPU] work as in Linux 7.0.
//
// All maps may be used from several goroutines. Programs that fill the maps are
// played by the test, through the same methods. [Fail] makes calls fail. [NewProgram]
// makes a program whose Run calls a function of the test.
//
// A collection that a test puts together owns nothing: its Close closes none of the
// maps in memory, whose own Close does.
//
// Where to go next: maps.go makes maps; memory.go, tables.go and special.go are the
// kernel's part; variables.go global variables; events.go readers, producer.go what they
// have on the other side; programs.go what answers a Run.
package typedtest
