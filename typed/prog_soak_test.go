//go:build linux

package typed

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	nl "github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// A soak test of programs, links and variables: collections are loaded, and while
// many goroutines run and attach their programs, update, pin and detach the links,
// and read and write the variables, others close all of these and the collection.
// Others take descriptors, programs and memory and look whether anybody touches
// what is theirs. See map_soak_test.go.

// soakedSections are the kinds that the test attaches, each with what its program
// returns, which no program of churnPrograms does.
var soakedSections = map[string]int32{
	"raw_tp/sched_switch": 0, "xdp": 2, "cgroup_skb/egress": 1, "socket": 5, "tc": 3, "sk_lookup": 1, "iter/task": 0,
}

// ownPackets are the sections whose programs run on a packet and give what they
// return.
var ownPackets = map[string]bool{"xdp": true, "cgroup_skb/egress": true, "socket": true, "tc": true}

// soakedPrograms are what arguments of methods refer to.
type soakedPrograms struct {
	soak    *soak
	dir     string // of a bpf file system
	cgroup  string
	netns   int
	conn    syscall.Conn
	things  *soakThings // for its tell
	calls   atomic.Int64
	links   atomic.Int64
	reading atomic.Int64
}

// soakChild marks the process that has a network namespace of its own.
const soakChild = "BPFGEN_TEST_SOAK_CHILD"

func TestSoakPrograms(t *testing.T) {
	sinceKernel(t, 5, 13, "floats in BTF, of which the object has one")
	if os.Getenv(soakChild) != "" {
		soakPrograms(t)
		return
	}
	cmd := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=0")
	cmd.Env = append(os.Environ(), soakChild+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		if _, text, ok := strings.Cut(line, "_test.go:"); ok {
			_, text, _ = strings.Cut(text, ": ")
			t.Log(strings.TrimSpace(text))
		}
	}
}

func soakPrograms(t *testing.T) {
	lo, err := nl.LinkByName("lo")
	must(t, err)
	must(t, nl.LinkSetUp(lo))
	netns := got(os.Open("/proc/self/ns/net"))(t)
	defer netns.Close()
	listener, conn := tcpPair(t)
	defer listener.Close()
	dir := got(os.MkdirTemp(bpffs(t), "bpfgen-test-"))(t)
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &soak{t: t}
	p := &soakedPrograms{
		soak: s, dir: dir, cgroup: newCgroup(t), netns: int(netns.Fd()), conn: conn, things: &soakThings{soak: s},
	}
	p.round() // what is opened once stays open
	runtime.GC()
	before, goroutines := descriptors(t), runtime.NumGoroutine()
	for _, churn := range []func(){s.churn, s.churnMaps, s.churnPrograms, s.churnMemory} {
		s.wg.Go(churn)
	}
	rounds := 0
	for end := time.Now().Add(soakFor(t)); time.Now().Before(end); rounds++ {
		p.round()
	}
	s.stop.Store(true)
	s.wg.Wait()
	settled := func() bool {
		runtime.GC() // the library leaves the memory of its variables to it
		return slices.Equal(descriptors(t), before) && runtime.NumGoroutine() <= goroutines && mappedMaps(t) == 0
	}
	for limit := time.Now().Add(later); !settled() && time.Now().Before(limit); {
		time.Sleep(time.Millisecond)
	}
	if after := descriptors(t); !slices.Equal(after, before) {
		t.Errorf("descriptors %v, before %v", after, before)
	}
	if n := runtime.NumGoroutine(); n > goroutines {
		t.Errorf("%d goroutines, before %d", n, goroutines)
	}
	if n := mappedMaps(t); n != 0 {
		t.Errorf("%d mappings of maps are left", n)
	}
	t.Logf("%d collections, %d calls of programs and variables, %d of links, %d readers and producers: nothing foreign touched, no panic, nothing left",
		rounds, p.calls.Load(), p.links.Load(), p.reading.Load())
}

// mappedMaps counts the memory of maps that is mapped.
func mappedMaps(t *testing.T) int {
	t.Helper()
	return strings.Count(string(got(os.ReadFile("/proc/self/maps"))(t)), "anon_inode:bpf-map")
}

// soakedCollection is a collection with its handles.
type soakedCollection struct {
	*Collection
	programs map[string]AnyProgram // by section
	counter  *Variable[uint64]
	start    *Variable[uint64]
	rate     *Constant[uint32]
	ring     *RingBufMap[uint64]
	perf     *PerfEventMap[uint64]
	user     *UserRingBufMap[uint64] // nil where the kernel has none
}

func (p *soakedPrograms) load() *soakedCollection {
	t := p.soak.t
	spec := openGolden(t, variablesAll)
	delete(spec.Spec.Programs, "touch")
	for section, ret := range soakedSections {
		prog := sectionSpec(t, section, countHit(ret))
		prog.Name = nameOfSection(section)
		spec.Spec.Programs[prog.Name] = prog
	}
	for _, m := range []*ebpf.MapSpec{
		{Name: hitsName, Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1},
		{Name: "ring", Type: ebpf.RingBuf, MaxEntries: 4096}, {Name: "perf", Type: ebpf.PerfEventArray},
		{Name: "user", Type: ebpf.UserRingbuf, MaxEntries: 4096},
	} {
		if m.Type != ebpf.UserRingbuf || releaseIs(t, 6, 1) {
			spec.Spec.Maps[m.Name] = m
		}
	}
	coll, err := newCollectionSpec("soak", spec.Spec).Load(nil)
	if err != nil {
		t.Errorf("%+v", err)
		return nil
	}
	c := &soakedCollection{
		Collection: coll, programs: make(map[string]AnyProgram),
		counter: variable[uint64](coll, "counter"), start: variable[uint64](coll, "start"), rate: constant[uint32](coll, "rate"),
		ring: new(RingBufMap[uint64]), perf: new(PerfEventMap[uint64]), user: new(UserRingBufMap[uint64]),
	}
	BindMap(coll, c.ring, "ring")
	BindMap(coll, c.perf, "perf")
	BindMap(coll, c.user, "user")
	bindSoaked[RawTracepoint](c, "raw_tp/sched_switch")
	bindSoaked[XDP](c, "xdp")
	bindSoaked[CgroupSKB](c, "cgroup_skb/egress")
	bindSoaked[SocketFilter](c, "socket")
	bindSoaked[TC](c, "tc")
	bindSoaked[SkLookup](c, "sk_lookup")
	bindSoaked[Iter](c, "iter/task")
	return c
}

func nameOfSection(section string) string { return strings.ReplaceAll(section, "/", "_") }

func bindSoaked[P any](c *soakedCollection, section string) {
	var h *P
	bindProgram(c.Collection, &h, nameOfSection(section))
	c.programs[section] = any(h).(AnyProgram)
}

// round loads a collection, and closes it under everybody's hands.
func (p *soakedPrograms) round() {
	c := p.load()
	if c == nil {
		return
	}
	var callers sync.WaitGroup
	for range 3 {
		callers.Go(func() { p.until(c, p.callProgram) })
	}
	for range 2 {
		callers.Go(func() { p.until(c, p.callLink) })
		callers.Go(func() { p.until(c, p.useVariables) })
	}
	callers.Go(func() { p.until(c, p.useEvents) })
	for range 2 {
		callers.Go(func() { p.close(c) })
	}
	callers.Wait()
	for section, h := range c.programs {
		if err := h.Err(); !errors.Is(err, os.ErrClosed) {
			p.soak.t.Errorf("%s is not closed: %v", section, err)
		}
	}
	if _, err := c.counter.Get(); !errors.Is(err, os.ErrClosed) {
		p.soak.t.Errorf("the variable is not closed: %v", err)
	}
	must(p.soak.t, emptyDir(p.dir)) // which detaches what was pinned
}

// emptyDir removes what is in a directory.
func emptyDir(dir string) error {
	entries, err := os.ReadDir(dir)
	for _, e := range entries {
		err = errors.Join(err, os.Remove(filepath.Join(dir, e.Name())))
	}
	return err
}

// close closes some of the programs, and then all.
func (p *soakedPrograms) close(c *soakedCollection) {
	for range 3 {
		time.Sleep(time.Duration(rand.IntN(5000)) * time.Microsecond)
		p.things.tell("Close of a program", anyOf(c.programs).(io.Closer).Close())
	}
	time.Sleep(time.Duration(rand.IntN(5000)) * time.Microsecond)
	p.things.tell("Close of the collection", c.Close())
}

// anyOf is one of the values.
func anyOf[V any](m map[string]V) (v V) {
	n := rand.IntN(len(m))
	for _, v = range m {
		if n--; n < 0 {
			break
		}
	}
	return v
}

// until calls do until the collection is closed, and some more.
func (p *soakedPrograms) until(c *soakedCollection, do func(*soakedCollection)) {
	defer func() {
		if what := recover(); what != nil {
			p.soak.t.Errorf("panic: %v", what)
		}
	}()
	for more := 5; more > 0; {
		do(c)
		if c.closed.Load() {
			more--
		}
	}
}

func (p *soakedPrograms) callProgram(c *soakedCollection) {
	p.calls.Add(1)
	var section string
	n := rand.IntN(len(c.programs))
	for section = range c.programs {
		if n--; n < 0 {
			break
		}
	}
	h := c.programs[section]
	v := reflect.ValueOf(h)
	i := rand.IntN(v.NumMethod())
	name := v.Type().Method(i).Name
	if name == "Close" {
		return
	}
	results := v.Method(i).Call(p.arguments(name, v.Method(i).Type()))
	p.checkRun(section, name, results)
	p.take(c, h, name, results)
}

// checkRun wants what the program returns: that of another is seen.
func (p *soakedPrograms) checkRun(section, name string, results []reflect.Value) {
	if name != "Run" || !ownPackets[section] || !results[len(results)-1].IsNil() {
		return
	}
	if ret := results[0].Uint(); ret != uint64(soakedSections[section]) {
		p.soak.t.Errorf("%s: a program ran that returns %d", section, ret)
	}
}

// take closes what a method returned, or gives it to the collection.
func (p *soakedPrograms) take(c *soakedCollection, h AnyProgram, name string, results []reflect.Value) {
	what := fmt.Sprintf("%s.%s", reflect.TypeOf(h).Elem().Name(), name)
	if last, ok := results[len(results)-1].Interface().(error); ok {
		p.things.tell(what, last)
		return
	}
	for _, r := range results {
		switch v := r.Interface().(type) {
		case AnyLink:
			if !isNil(v) && rand.IntN(2) == 0 {
				p.things.tell(what, c.Links.Add(v, nil))
			} else if !isNil(v) {
				p.onLink(c, v)
				p.things.tell(what, v.Close())
			}
		case *ebpf.Program: // of CloneProgram; that of Program is the handle's
			if name == "CloneProgram" {
				must(p.soak.t, v.Close())
			}
		case io.ReadCloser:
			_, err := v.Read(make([]byte, 100))
			if err != nil && !errors.Is(err, io.EOF) {
				p.things.tell(what, err)
			}
			p.things.tell(what, v.Close())
		}
	}
}

// arguments are those of a method of a program or link.
func (p *soakedPrograms) arguments(name string, typ reflect.Type) (args []reflect.Value) {
	for i := range typ.NumIn() {
		args = append(args, p.argument(name, typ.In(i)))
	}
	return args
}

func (p *soakedPrograms) argument(method string, typ reflect.Type) reflect.Value {
	switch {
	case typ.Kind() == reflect.String && method == "Pin":
		return reflect.ValueOf(filepath.Join(p.dir, fmt.Sprint(rand.IntN(20))))
	case typ.Kind() == reflect.String && method == "AttachTo":
		return reflect.ValueOf("sched_wakeup")
	case typ.Kind() == reflect.String:
		return reflect.ValueOf(p.cgroup)
	case typ.Kind() == reflect.Int && rand.IntN(2) == 0:
		return reflect.ValueOf(p.netns) // to SkLookup; others have no such interface
	case typ.Kind() == reflect.Int:
		return reflect.ValueOf(loIndex)
	case typ == reflect.TypeFor[syscall.Conn]():
		return reflect.ValueOf(p.conn)
	case typ == reflect.TypeFor[[]byte]():
		return reflect.ValueOf(make([]byte, 64))
	case typ.Kind() == reflect.Func:
		return reflect.MakeFunc(typ, func([]reflect.Value) []reflect.Value {
			runtime.Gosched()
			return []reflect.Value{reflect.Zero(typ.Out(0))}
		})
	}
	return reflect.Zero(typ)
}

// callLink calls a method of one of the collection's links.
func (p *soakedPrograms) callLink(c *soakedCollection) {
	links := slices.Collect(func(yield func(*Link) bool) {
		for _, l := range c.Links.All() {
			if !yield(l) {
				return
			}
		}
	})
	if len(links) == 0 {
		runtime.Gosched()
		return
	}
	l := links[rand.IntN(len(links))]
	p.onLink(c, l)
	if rand.IntN(8) == 0 {
		c.Links.Release(l)
		p.things.tell("Close of a link", l.Close())
	}
	if rand.IntN(50) == 0 {
		p.things.tell("Pin of all links", c.Links.Pin(filepath.Join(p.dir)))
		p.things.tell("Unpin of all links", c.Links.Unpin())
	}
}

// onLink calls any method of a link, and replaces its program.
func (p *soakedPrograms) onLink(c *soakedCollection, l AnyLink) {
	p.links.Add(1)
	v := reflect.ValueOf(l)
	i := rand.IntN(v.NumMethod())
	m := v.Type().Method(i)
	var args []reflect.Value
	for j := range v.Method(i).Type().NumIn() {
		in := v.Method(i).Type().In(j)
		arg := p.argument(m.Name, in)
		for _, h := range c.programs {
			if reflect.TypeOf(h) == in {
				arg = reflect.ValueOf(h)
			}
		}
		args = append(args, arg)
	}
	results := v.Method(i).Call(args)
	if err, ok := results[len(results)-1].Interface().(error); ok {
		p.things.tell("Link."+m.Name, err)
	}
}

// The values that variables have in a soak test.
const soakMark = 0xa5a5a5a5a5a5a5a5

func (p *soakedPrograms) useVariables(c *soakedCollection) {
	p.calls.Add(1)
	n, err := c.start.Get()
	if err == nil && n != 42 && n != soakMark {
		p.soak.t.Errorf("the variable is %#x", n)
	}
	p.things.tell("Get", err)
	p.things.tell("Set", c.start.Set(soakMark))
	n, err = AtomicLoad(c.start)
	if err == nil && n != 42 && n != soakMark {
		p.soak.t.Errorf("the variable is %#x", n)
	}
	p.things.tell("AtomicLoad", err)
	_, err = AtomicAdd(c.counter, 1)
	p.things.tell("AtomicAdd", err)
	if rate, err := c.rate.Get(); err == nil && rate != 10 {
		p.soak.t.Errorf("the constant is %d", rate)
	}
	runtime.Gosched()
}

// useEvents opens readers and producers, some of which nobody closes but the
// collection.
func (p *soakedPrograms) useEvents(c *soakedCollection) {
	p.reading.Add(1)
	leave := rand.IntN(4) == 0
	for _, open := range []func() (io.Closer, error){
		func() (io.Closer, error) { return c.ring.NewReader(nil) },
		func() (io.Closer, error) { return c.perf.NewReader(&PerfOptions{PerCPUBuffer: os.Getpagesize()}) },
		func() (io.Closer, error) { return c.user.NewProducer() },
	} {
		r, err := open()
		p.things.tell("open a reader", err)
		if err == nil && !leave {
			p.things.tell("close a reader", r.Close())
		}
	}
}

// churnPrograms makes programs, and looks whether they are the same that they were:
// a run or an attachment that reached the descriptor of another would be seen by
// what it returns.
func (s *soak) churnPrograms() {
	spec := sectionSpec(s.t, "xdp", nil)
	spec.Instructions = countHit(1)[8:] // r0 = 1
	for !s.stop.Load() {
		prog, err := ebpf.NewProgram(spec)
		if err != nil {
			s.t.Error(err)
			return
		}
		time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
		ret, _, err := prog.Test(make([]byte, 64))
		if err = errors.Join(err, prog.Close()); err != nil || ret != 1 {
			s.t.Errorf("a foreign program was touched: %d, %v", ret, err)
		}
	}
}

// churnMemory maps memory where that of variables was, and looks whether anybody
// writes there.
func (s *soak) churnMemory() {
	mark := bytes.Repeat([]byte{0x5a}, os.Getpagesize())
	for !s.stop.Load() {
		mem, err := unix.Mmap(-1, 0, len(mark), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err != nil {
			s.t.Error(err)
			return
		}
		copy(mem, mark)
		time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
		if !bytes.Equal(mem, mark) {
			s.t.Error("foreign memory was written to")
		}
		must(s.t, unix.Munmap(mem))
	}
}
