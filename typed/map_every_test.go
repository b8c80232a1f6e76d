//go:build linux

package typed

import (
	"io"
	"os"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// Every method of every class, by reflection: what is not loaded or was closed
// says so, whatever is asked of it, and no method is forgotten here. What
// methods do where they work, the tests of each class show.

// everyClass has a handle of each class and how to create its map.
func everyClass() map[AnyMap]*ebpf.MapSpec {
	page := uint32(os.Getpagesize())
	return map[AnyMap]*ebpf.MapSpec{
		new(flows):                                      flowSpec(ebpf.Hash, 2),
		new(ArrayMap[uint32, int64]):                    arraySpec(ebpf.Array, 8, 2),
		new(PerCPUHashMap[uint32, odd]):                 arraySpec(ebpf.PerCPUHash, 5, 2),
		new(PerCPUArrayMap[uint32, odd]):                arraySpec(ebpf.PerCPUArray, 5, 2),
		new(LPMTrie[blockKey, uint32]):                  lpmSpec(8, 2),
		new(Queue[int64]):                               queueSpec(ebpf.Queue),
		new(Stack[int64]):                               queueSpec(ebpf.Stack),
		new(BloomFilter[flowKey]):                       {Type: ebpf.BloomFilter, ValueSize: 24, MaxEntries: 2},
		new(ProgramArray[uint32]):                       arraySpec(ebpf.ProgramArray, 4, 2),
		new(ArrayOfHashes):                              outerSpec(ebpf.ArrayOfMaps),
		new(HashOfHashes):                               outerSpec(ebpf.HashOfMaps),
		new(CgroupArray[uint32]):                        arraySpec(ebpf.CGroupArray, 4, 2),
		new(XSKMap[uint32]):                             arraySpec(ebpf.XSKMap, 4, 2),
		new(SockMap[uint32]):                            arraySpec(ebpf.SockMap, 8, 2),
		new(SockHash[uint32]):                           arraySpec(ebpf.SockHash, 8, 2),
		new(ReusePortSockArray[uint32]):                 arraySpec(ebpf.ReusePortSockArray, 8, 2),
		new(DevMap[uint32]):                             arraySpec(ebpf.DevMap, 4, 2),
		new(DevMapProg[uint32]):                         arraySpec(ebpf.DevMap, 8, 2),
		new(CPUMap[uint32]):                             arraySpec(ebpf.CPUMap, 4, 1),
		new(CPUMapProg[uint32]):                         arraySpec(ebpf.CPUMap, 8, 1),
		new(SkStorage[uint64]):                          storageSpec(ebpf.SkStorage),
		new(InodeStorage[uint64]):                       storageSpec(ebpf.InodeStorage),
		new(TaskStorage[uint64]):                        storageSpec(ebpf.TaskStorage),
		new(CgrpStorage[uint64]):                        storageSpec(ebpf.CgroupStorage),
		new(CgroupStorage[CgroupStorageKey, int64]):     cgroupStorageSpec(ebpf.CGroupStorage, 16),
		new(PerCPUCgroupStorage[CgroupStorageKey, odd]): {Type: ebpf.PerCPUCGroupStorage, KeySize: 16, ValueSize: 5},
		new(StackTraceMap[uint32]):                      arraySpec(ebpf.StackTrace, 8*20, 2),
		new(StructOpsMap[congestionOps]):                nil, // by the library from an object, see TestStructOps
		new(Arena):                                      {Type: ebpf.Arena, MaxEntries: 2, Flags: unix.BPF_F_MMAPABLE},
		new(RingBufMap[testEvent]):                      {Type: ebpf.RingBuf, MaxEntries: page},
		new(PerfEventMap[testEvent]):                    {Type: ebpf.PerfEventArray, KeySize: 4, ValueSize: 4, MaxEntries: 2},
		new(UserRingBufMap[testEvent]):                  {Type: ebpf.UserRingbuf, MaxEntries: page},
		new(OpaqueMap):                                  arraySpec(ebpf.Array, 8, 2),
	}
}

// className is "HashMap" for *HashMap[…].
func className(h AnyMap) string {
	name, _, _ := strings.Cut(reflect.TypeOf(h).Elem().Name(), "[")
	return name
}

func TestEveryMethodOfNoMap(t *testing.T) {
	needKernel(t)
	for h := range everyClass() {
		t.Run(className(h), func(t *testing.T) {
			everyMethodFails(t, h, ErrNotLoaded)
			none := reflect.Zero(reflect.TypeOf(h)).Interface().(AnyMap) // of a zero collection
			everyMethodFails(t, none, ErrNotLoaded)
			failsWith(t, "bind", bindMap(h, "test", nil), ErrNotLoaded)
			everyMethodFails(t, h, ErrNotLoaded)
		})
	}
}

func TestEveryMethodOfAClosedMap(t *testing.T) {
	needKernel(t)
	for h, spec := range everyClass() {
		if spec == nil {
			continue
		}
		t.Run(className(h), func(t *testing.T) {
			m, err := ebpf.NewMap(spec)
			if err != nil {
				sinceKernel(t, 6, 9, "the map type, up to arenas")
			}
			must(t, err)
			must(t, bindMap(h, "test", m))
			must(t, h.(io.Closer).Close())
			everyMethodFails(t, h, os.ErrClosed)
		})
	}
}

func TestEveryClassIsTested(t *testing.T) {
	tested := make(map[MapClass]bool)
	for h := range everyClass() {
		tested[h.Shape().Class] = true
	}
	for class := range mapClasses {
		if !tested[class] {
			t.Errorf("no test has a map of class %d, %v", class, classes[class].types)
		}
	}
}

// tells are methods that say what a handle is, and never fail.
var tells = []string{"CPUs", "Close", "Depth", "Handle", "IsPinned", "Layout", "Loaded", "Map", "MaxEntries", "Name", "Ops", "Shape", "TakesPrograms"}

// everyMethodFails calls all methods of a handle and demands the error.
func everyMethodFails(t *testing.T, h AnyMap, want error) {
	t.Helper()
	everyMethodOf(t, reflect.ValueOf(h), want)
	everyMethodOf(t, reflect.ValueOf(h.Handle()), want)
}

func everyMethodOf(t *testing.T, v reflect.Value, want error) {
	t.Helper()
	for i := range v.NumMethod() {
		name := v.Type().Method(i).Name
		if slices.Contains(tells, name) {
			if m := v.Method(i); m.Type().NumIn() == 0 && name != "Close" {
				m.Call(nil) // does not panic
			}
			continue
		}
		failsWith(t, name, callWithAnything(t, v.Method(i)), want)
	}
}

// callWithAnything calls a method with arguments that are good for a map that
// works, and gives its error: the last result, or what the last result returns
// after the loop over the first.
func callWithAnything(t *testing.T, method reflect.Value) error {
	t.Helper()
	var args []reflect.Value
	for i := range method.Type().NumIn() {
		args = append(args, anything(t, method.Type().In(i)))
	}
	results := method.Call(args)
	last := results[len(results)-1]
	if last.Kind() == reflect.Func {
		yield := results[0].Type().In(0)
		results[0].Call([]reflect.Value{reflect.MakeFunc(yield, func([]reflect.Value) []reflect.Value {
			t.Error("the loop ran")
			return []reflect.Value{reflect.ValueOf(false)}
		})})
		last = last.Call(nil)[0]
	}
	err, _ := last.Interface().(error)
	return err
}

// anything is an argument of a type: not nil, one element for keys, one for each
// CPU for the values of these.
func anything(t *testing.T, typ reflect.Type) reflect.Value {
	t.Helper()
	switch {
	case typ == reflect.TypeFor[string]():
		return reflect.ValueOf(newCgroup(t)) // for PutPath
	case typ == reflect.TypeFor[syscall.Conn]():
		_, conn := tcpPair(t)
		return reflect.ValueOf(conn)
	case typ == reflect.TypeFor[LoadedProgram]():
		return reflect.ValueOf(returns(t, ebpf.SocketFilter, ebpf.AttachNone, 0))
	case typ == reflect.TypeFor[*innerHash]():
		return reflect.ValueOf(testMap[innerHash](t, innerSpec()))
	case typ == reflect.TypeFor[*ebpf.MapSpec]():
		return reflect.ValueOf(innerSpec())
	case typ.Kind() == reflect.Pointer:
		return reflect.New(typ.Elem())
	case typ == reflect.TypeFor[[]odd]():
		return reflect.ValueOf(onEach(oddValue(1)))
	case typ == reflect.TypeFor[[]uint64]():
		return reflect.ValueOf(make([]uint64, 20)) // the frames of a stack
	case typ.Kind() == reflect.Slice:
		return reflect.MakeSlice(typ, 1, 1)
	case typ.Kind() == reflect.Func:
		return reflect.MakeFunc(typ, func([]reflect.Value) []reflect.Value {
			t.Error("the function was called")
			return []reflect.Value{reflect.ValueOf(false)}
		})
	}
	return reflect.Zero(typ)
}
