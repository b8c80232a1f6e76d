// Package layout is the layout oracle: it lets clang and the kernel say what
// the accessors of the generated packages must read and write. Nothing that it
// compares with comes from bpfgen.
//
// The C side is golden/include/layout.h: from one list of members and values
// clang makes initialised bytes, a program that stores and one that compares.
// The Go side is records_test.go: the same members and values, read and
// written through the generated package. Then
//
//   - TestObject reads the initialised bytes of the object, and compares what
//     Go writes with them, byte by byte. It needs neither kernel nor privilege,
//     so golden's TestForeign runs it on big-endian and on 32 bits too;
//   - TestKernel lets the program store and Go read, then Go store and the
//     program compare, through a map in a real kernel.
package layout
