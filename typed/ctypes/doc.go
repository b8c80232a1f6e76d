// Package ctypes has what C has and Go has not, for the types that bpfgen
// generates: integers of a fixed byte order ([BE32]), numbers at any offset
// ([Uint32]), bool of any byte ([Bool]), pointers of the BPF machine
// ([Pointer]), addresses ([IPv4], [IPv6]) and text in arrays of char
// ([CString], [SetCString]).
//
// All of them are their bytes in C and nothing else, so that they stand in
// structs that are copied from and to the kernel. Numbers print and marshal as
// numbers, addresses as addresses.
//
// The rest is what the methods of generated types call, and nobody needs to
// call by hand: [Load], [Store], [Bits], [SignedBits], [SetBits], [Bit], [Tail]
// and the prefixes of LPM tries ([PutLPMPrefix]).
//
// The package imports nothing but the standard library.
package ctypes
