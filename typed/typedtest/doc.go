// Package typedtest has maps in memory that behave like those of the kernel,
// so that code written against the interfaces of package typed
// ([typed.Map] and kin, [typed.EventReader]) can be tested without root, and
// on systems without BPF.
//
// What a map does is what Linux 6.18 does, held to that by a test which gives
// the same random operations to both. Where kernels differ, or leave open what
// happens, the types say what is to be relied on. Three things hold for all:
//
//   - Keys are compared by their bytes, blank padding fields included.
//   - The order of All and Drain is random, where the kernel does not promise
//     one. A loop sees the entries of when it began.
//   - [typed.UpdateLock] and [typed.LookupLock] are taken as if the value had a
//     struct bpf_spin_lock.
//
// All maps may be used from several goroutines. Programs that fill the maps are
// played by the test, through the same methods.
//
// Where to go next: store.go is the table that all maps with keys are made of;
// map.go and percpu.go the maps; queue.go those without keys; events.go the
// readers, producer.go what they have on the other side.
package typedtest
