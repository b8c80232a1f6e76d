//go:build linux

package typed

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/cilium/ebpf"
	"golang.org/x/sys/unix"
)

// A soak test of maps of all classes: collections are loaded, and while many
// goroutines call everything that their handles have, others close the handles and
// the collection, and others take descriptors and look whether anybody touches what
// is behind them. See event_soak_test.go.

// soakThings are what arguments of methods refer to, for as long as the test takes.
type soakThings struct {
	soak    *soak
	program *ebpf.Program
	conn    syscall.Conn
	inner   *innerHash
	cgroup  string
	files   map[MapClass]int // descriptors that a class takes
	classes []AnyMap         // a zero handle of each class that the kernel has
	specs   map[reflect.Type]*ebpf.MapSpec
	calls   atomic.Int64
}

func newSoakThings(t *testing.T, s *soak) *soakThings {
	listener, conn := tcpPair(t)
	things := &soakThings{
		soak: s, program: returns(t, ebpf.SocketFilter, ebpf.AttachNone, 0), conn: conn,
		inner: testMap[innerHash](t, innerSpec()), cgroup: newCgroup(t),
		files: make(map[MapClass]int), specs: make(map[reflect.Type]*ebpf.MapSpec),
	}
	open := func(path string) int {
		f := got(os.Open(path))(t)
		t.Cleanup(func() { f.Close() })
		return int(f.Fd())
	}
	socket := got(conn.File())(t)
	reuseport := got(listener.File())(t)
	self := got(OpenPID(os.Getpid()))(t)
	t.Cleanup(func() { socket.Close(); reuseport.Close(); self.Close() })
	for _, class := range []MapClass{ClassSockMap, ClassSockHash, ClassSkStorage} {
		things.files[class] = int(socket.Fd())
	}
	things.files[ClassReusePortSockArray], things.files[ClassXSKMap] = int(reuseport.Fd()), int(reuseport.Fd())
	things.files[ClassCgroupArray], things.files[ClassCgrpStorage] = open(things.cgroup), open(things.cgroup)
	things.files[ClassInodeStorage], things.files[ClassTaskStorage] = open(os.DevNull), int(self.Fd())
	things.files[ClassDevMap], things.files[ClassDevMapProg] = 1, 1 // an interface
	clock := got(unix.PerfEventOpen(&unix.PerfEventAttr{
		Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK, Size: uint32(unsafe.Sizeof(unix.PerfEventAttr{})),
	}, -1, 0, -1, unix.PERF_FLAG_FD_CLOEXEC))(t)
	t.Cleanup(func() { unix.Close(clock) })
	things.files[ClassPerfEventArray] = clock
	for h, spec := range everyClass() {
		if spec == nil {
			continue
		}
		m, err := ebpf.NewMap(spec)
		if err != nil {
			sinceKernel(t, 6, 9, "all types of maps")
			t.Fatal(err)
		}
		must(t, m.Close())
		things.classes = append(things.classes, h)
		things.specs[reflect.TypeOf(h)] = spec
	}
	return things
}

// load makes a collection that has a map of each class, and its handles.
func (s *soakThings) load() (*Collection, []AnyMap) {
	spec := &ebpf.CollectionSpec{Maps: make(map[string]*ebpf.MapSpec)}
	for _, h := range s.classes {
		name := className(h)
		spec.Maps[name] = s.specs[reflect.TypeOf(h)].Copy()
		spec.Maps[name].Name = name
	}
	c, err := newCollectionSpec("soak", spec).Load(nil)
	if err != nil {
		s.soak.t.Error(err)
		return nil, nil
	}
	var handles []AnyMap
	for _, none := range s.classes {
		h := newLike(none)
		BindMap(c, h, className(none))
		handles = append(handles, h)
	}
	return c, handles
}

// round loads a collection, and closes it under everybody's hands.
func (s *soakThings) round() {
	c, handles := s.load()
	if c == nil {
		return
	}
	var callers sync.WaitGroup
	for range 5 {
		callers.Go(func() { s.callAll(handles) })
	}
	for range 2 {
		callers.Go(func() {
			for range 5 {
				time.Sleep(time.Duration(rand.IntN(2000)) * time.Microsecond)
				s.tell("Close", handles[rand.IntN(len(handles))].(io.Closer).Close())
			}
			s.tell("Close of the collection", c.Close())
		})
	}
	callers.Wait()
	for _, h := range handles {
		if err := h.Handle().Err(); !errors.Is(err, os.ErrClosed) {
			s.soak.t.Errorf("%s is not closed: %v", h.Name(), err)
		}
	}
}

// callAll calls methods of the handles in any order until all are closed.
func (s *soakThings) callAll(handles []AnyMap) {
	for n := 0; n < 20 || slices.ContainsFunc(handles, func(h AnyMap) bool { return h.Handle().Err() == nil }); n++ {
		h := handles[rand.IntN(len(handles))]
		v := reflect.ValueOf(h)
		i := rand.IntN(v.NumMethod())
		if name := v.Type().Method(i).Name; name != "Close" {
			s.call(h, name, v.Method(i))
		}
	}
}

// call calls a method, runs its loop, and closes what it returned.
func (s *soakThings) call(h AnyMap, name string, method reflect.Value) {
	defer func() {
		if p := recover(); p != nil {
			s.soak.t.Errorf("%s.%s panics: %v", className(h), name, p)
		}
	}()
	s.calls.Add(1)
	var args []reflect.Value
	for i := range method.Type().NumIn() {
		args = append(args, s.argument(h, method.Type().In(i)))
	}
	results := method.Call(args)
	for _, r := range results {
		switch v := r.Interface().(type) {
		case error:
			s.tell(className(h)+"."+name, v)
		case *ebpf.Map: // of CloneMap; that of Map is the handle's
			if name != "Map" && v != nil {
				must(s.soak.t, v.Close())
			}
		case io.Closer:
			if !isNil(v) {
				s.tell("Close of what "+name+" returned", v.Close())
			}
		case func() error:
			s.loop(results[0])
			s.tell(className(h)+"."+name, v())
		}
	}
}

// loop runs the loop over a map, a few times around.
func (s *soakThings) loop(seq reflect.Value) {
	left := 4
	yield := reflect.MakeFunc(seq.Type().In(0), func([]reflect.Value) []reflect.Value {
		left--
		return []reflect.Value{reflect.ValueOf(left > 0)}
	})
	seq.Call([]reflect.Value{yield})
}

// tell wants no error that a foreign descriptor or foreign memory gives.
func (s *soakThings) tell(what string, err error) {
	if errors.Is(err, os.ErrClosed) { // wraps EBADF, too
		return
	}
	if errors.Is(err, unix.EBADF) || errors.Is(err, unix.EFAULT) || errors.Is(err, unix.ENOTDIR) {
		s.soak.t.Errorf("%s: %v", what, err)
	}
}

// argument is one of a type that the method of a class takes.
func (s *soakThings) argument(h AnyMap, typ reflect.Type) reflect.Value {
	switch {
	case typ == reflect.TypeFor[string]():
		return reflect.ValueOf(s.cgroup)
	case typ == reflect.TypeFor[int]():
		return reflect.ValueOf(s.files[h.Shape().Class])
	case typ == reflect.TypeFor[syscall.Conn]():
		return reflect.ValueOf(s.conn)
	case typ == reflect.TypeFor[LoadedProgram]():
		return reflect.ValueOf(s.program)
	case typ == reflect.TypeFor[*innerHash]():
		return reflect.ValueOf(s.inner)
	case typ == reflect.TypeFor[*ebpf.MapSpec]():
		return reflect.ValueOf(innerSpec())
	case typ.Kind() == reflect.Pointer:
		return reflect.New(typ.Elem())
	case typ == reflect.TypeFor[[]odd]():
		return reflect.ValueOf(onEach(oddValue(1)))
	case typ == reflect.TypeFor[[]uint64]():
		return reflect.ValueOf(make([]uint64, 20))
	case typ.Kind() == reflect.Func:
		return reflect.MakeFunc(typ, func([]reflect.Value) []reflect.Value {
			runtime.Gosched()
			return []reflect.Value{reflect.Zero(typ.Out(0))}
		})
	}
	return reflect.Zero(typ)
}

// churnMaps makes maps, writes what nobody else does, and looks whether it is still
// there: a call that reached the descriptor of another map would be seen.
func (s *soak) churnMaps() {
	mark := bytes.Repeat([]byte{0xa5}, 8)
	for !s.stop.Load() {
		for _, kind := range []ebpf.MapType{ebpf.Hash, ebpf.Array} {
			if err := markedMap(kind, mark); err != nil {
				s.t.Error(err)
				return
			}
		}
	}
}

func markedMap(kind ebpf.MapType, mark []byte) error {
	m, err := ebpf.NewMap(arraySpec(kind, 8, 2))
	if err != nil {
		return err
	}
	err = m.Put(uint32(0), mark)
	time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
	var value []byte
	if err == nil {
		err = m.Lookup(uint32(0), &value)
	}
	if err == nil && !bytes.Equal(value, mark) {
		err = errors.New("a foreign map was written to")
	}
	return errors.Join(err, m.Close())
}

func TestSoakMaps(t *testing.T) {
	needKernel(t)
	s := &soak{t: t}
	things := newSoakThings(t, s)
	things.round() // what is opened once stays open
	runtime.GC()
	before, goroutines := descriptors(t), runtime.NumGoroutine()
	for range 2 {
		s.wg.Go(s.churn)
		s.wg.Go(s.churnMaps)
	}
	rounds := 0
	for end := time.Now().Add(soakFor(t)); time.Now().Before(end); rounds++ {
		things.round()
	}
	s.stop.Store(true)
	s.wg.Wait()
	if after := descriptors(t); !slices.Equal(after, before) {
		t.Errorf("descriptors %v, before %v", after, before)
	}
	for limit := time.Now().Add(later); runtime.NumGoroutine() > goroutines && time.Now().Before(limit); {
		time.Sleep(time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines, before %d", n, goroutines)
	}
	t.Logf("%d collections of %d maps, %d calls: no foreign descriptor touched, no panic, nothing left open", rounds, len(things.classes), things.calls.Load())
}

// The memory of an array may be asked for from any goroutine: the race detector looks
// at the library's object, which keeps it.
func TestSoakArrayMemory(t *testing.T) {
	needKernel(t)
	for range 100 {
		spec := arraySpec(ebpf.Array, 8, 2)
		spec.Flags = flagMmapable
		m := testMap[ArrayMap[uint32, int64]](t, spec)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				if _, err := ArrayMemory(m); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		must(t, m.Close())
	}
}

// Pin, Unpin and IsPinned may be called from any goroutine, too: the race detector
// looks at the library's objects.
func TestSoakPins(t *testing.T) {
	needKernel(t)
	dir := got(os.MkdirTemp(bpffs(t), "bpfgen-test-"))(t)
	t.Cleanup(func() { os.RemoveAll(dir) })
	prog := new(SocketFilter)
	prog.base().life = newProgramLife(got(returns(t, ebpf.SocketFilter, ebpf.AttachNone, 0).Clone())(t))
	defer prog.Close()
	m := testMap[ArrayMap[uint32, int64]](t, arraySpec(ebpf.Array, 8, 2))
	var wg sync.WaitGroup
	for i := range 4 {
		path := filepath.Join(dir, strconv.Itoa(i))
		for _, h := range []interface {
			Pin(path string) error
			Unpin() error
			IsPinned() bool
		}{prog, m.Handle()} {
			wg.Go(func() {
				for range 50 {
					_ = h.Pin(path)
					h.IsPinned()
					_ = h.Unpin()
				}
			})
		}
	}
	wg.Wait()
	must(t, errors.Join(prog.Unpin(), m.Unpin()))
}
