package typed_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"time"

	mapsall "github.com/bpfgen/bpfgen/golden/maps-all"
	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/typedtest"
	"github.com/cilium/ebpf"
)

// One example for each family of hooks. They are compiled and not run, but for
// those with an output: attaching needs a kernel with the hook. Programs and maps
// are those of a collection that Load of generated code returned; [examples] in the
// repository are whole programs, run in kernels by their tests.

// collection is what generated code has.
type collection struct {
	*typed.Collection
	Programs struct {
		CountPackets *typed.XDP
		Classify     *typed.TC
		Filter       *typed.Netfilter
		Police       *typed.CgroupSKB
		OnConnect    *typed.Kprobe
		OnTCP        *typed.KprobeMulti
		OnMalloc     *typed.Uprobe
		OnQuery      *typed.USDT
		OnExec       *typed.Tracepoint
		OnSwitch     *typed.RawTracepoint
		OnOpen       *typed.Fentry
		OnFileOpen   *typed.LSM
		ListTasks    *typed.Iter
		OnMessage    *typed.SkMsg
		Redirect     *typed.SkLookup
		Sample       *typed.PerfEvent
		Encapsulate  *typed.LWTXmit
		Compute      *typed.Syscall
	}
	Maps mapsall.MapsAllCollectionMaps
}

var bpf collection

// Add keeps a link until the collection is closed.
func ExampleLinks_Add() {
	err := bpf.Links.Add(bpf.Programs.CountPackets.Attach(1, nil))
	if err != nil {
		log.Fatal(err)
	}
	err = bpf.Links.Pin("/sys/fs/bpf/app") // outlives the process
	if err != nil {
		log.Fatal(err)
	}
}

// Programs whose section says where are attached; the others are named.
func ExampleCollection_AttachAll() {
	rest, err := bpf.AttachAll()
	var failed *typed.AttachError
	if errors.As(err, &failed) {
		log.Fatal(failed.Program, failed.Target, failed.Remedy)
	}
	for _, program := range rest {
		fmt.Println(program) // program classify (SEC("tc")) needs an interface and a direction
	}
}

// A program of XDP on an interface, and another in its place, without a moment in
// which neither runs.
func ExampleUpdatableLink_Update() {
	link, err := bpf.Programs.CountPackets.Attach(1, &typed.XDPOptions{Mode: typed.XDPDriver})
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	var another collection // of another version
	if err := link.Update(another.Programs.CountPackets); err != nil {
		log.Fatal(err)
	}
}

// A run needs no interface. In memory, it needs no kernel.
func ExampleXDP_Run() {
	program := typedtest.NewProgram[typed.XDP](func(run *typedtest.Run) error {
		run.Return = uint32(typed.XDPDrop)
		return nil
	})
	verdict, packet, err := program.Run(make([]byte, 64), nil, nil)
	fmt.Println(verdict == typed.XDPDrop, len(packet), err)
	// Output: true 64 <nil>
}

func ExampleTC() {
	link, err := bpf.Programs.Classify.AttachEgress(1, &typed.TCOptions{Via: typed.TCXOnly})
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	first, err := bpf.Programs.Classify.AttachEgress(1, &typed.TCOptions{Anchor: typed.Before(link)})
	if err != nil {
		log.Fatal(err)
	}
	defer first.Close()
}

func ExampleNetfilter() {
	link, err := bpf.Programs.Filter.Attach(2 /* NFPROTO_IPV4 */, 1 /* NF_INET_LOCAL_IN */, &typed.NetfilterOptions{Priority: -128})
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
}

func ExampleCgroupSKB() {
	link, err := bpf.Programs.Police.Attach("/sys/fs/cgroup/app", &typed.CgroupOptions{LinkOnly: true})
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
}

func ExampleKprobe() {
	link, err := bpf.Programs.OnConnect.Attach(nil) // where SEC("kprobe/tcp_connect") says
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	other, err := bpf.Programs.OnConnect.AttachTo("udp_sendmsg", &typed.KprobeOptions{Cookie: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer other.Close()
}

func ExampleKprobeMulti() {
	cookies := map[string]uint64{"tcp_connect": 1, "tcp_close": 2}
	link, err := bpf.Programs.OnTCP.AttachSymbols([]string{"tcp_connect", "tcp_close"}, &typed.KprobeMultiOptions{
		Cookie: func(symbol string) uint64 { return cookies[symbol] },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
}

func ExampleUprobe() {
	link, err := bpf.Programs.OnMalloc.AttachTo("libc.so.6", "malloc", &typed.UprobeOptions{PID: os.Getpid()})
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
}

func ExampleUSDT() {
	link, err := bpf.Programs.OnQuery.AttachTo("/usr/sbin/mysqld", "mysql", "query__start", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
}

func ExampleTracepoint() {
	link, err := bpf.Programs.OnExec.AttachTo("sched", "sched_process_exec", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
}

func ExampleRawTracepoint() {
	link, err := bpf.Programs.OnSwitch.AttachTo("sched_switch", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
}

// Where programs of this family go is settled when they are loaded.
func ExampleFentry() {
	var spec struct {
		*typed.CollectionSpec
		Programs struct {
			OnOpen *typed.ProgramSpec[typed.Fentry]
		}
	}
	spec.Programs.OnOpen.SetTarget("vfs_open") // before Load
	link, err := bpf.Programs.OnOpen.Attach(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
}

func ExampleLSM() {
	link, err := bpf.Programs.OnFileOpen.Attach(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
}

func ExampleIter() {
	tasks, err := bpf.Programs.ListTasks.Open(&typed.IterOptions{PID: os.Getpid()})
	if err != nil {
		log.Fatal(err)
	}
	defer tasks.Close()
	text, err := io.ReadAll(tasks)
	fmt.Printf("%s %v", text, err)
}

func ExampleSkMsg() {
	link, err := bpf.Programs.OnMessage.Attach(bpf.Maps.Sockmap)
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	conn, err := net.Dial("tcp", "192.0.2.1:80")
	if err != nil {
		log.Fatal(err)
	}
	if err := bpf.Maps.Sockmap.PutConn(0, conn.(*net.TCPConn)); err != nil {
		log.Fatal(err)
	}
}

func ExampleSkLookup() {
	netns, err := os.Open("/proc/self/ns/net")
	if err != nil {
		log.Fatal(err)
	}
	defer netns.Close()
	link, err := bpf.Programs.Redirect.Attach(int(netns.Fd()))
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
}

func ExamplePerfEvent() {
	var fd int // of unix.PerfEventOpen
	link, err := bpf.Programs.Sample.Attach(fd, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
}

func ExampleLWTXmit() {
	route, err := bpf.Programs.Encapsulate.Attach("10.1.0.0/16", 1, &typed.LWTOptions{Headroom: 20})
	if err != nil {
		log.Fatal(err)
	}
	defer route.Close() // removes the route
}

func ExampleStructOps() {
	link, err := bpf.Maps.StructOps.Attach()
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
}

// A program that is not attached but run, with a context of the caller's type.
func ExampleRunSyscall() {
	type args struct{ A, B uint32 }
	program := typedtest.NewProgram[typed.Syscall](func(run *typedtest.Run) error {
		ctx := typedtest.ContextOf[args](run)
		run.Return = ctx.A + ctx.B
		return nil
	})
	var each time.Duration
	ret, err := typed.RunSyscall(program, &args{1, 2}, &typed.RunOptions{Duration: &each})
	fmt.Println(ret, err)
	// Output: 3 <nil>
}

// The first alternative that the kernel has.
func ExampleCollectionSpec_FirstOf() {
	var spec struct {
		*typed.CollectionSpec
		Programs struct {
			OnOpen       *typed.ProgramSpec[typed.Fentry]
			OnOpenKprobe *typed.ProgramSpec[typed.Kprobe]
		}
	}
	spec.FirstOf(spec.Programs.OnOpen, spec.Programs.OnOpenKprobe)
	coll, err := spec.Load(nil)
	if err != nil {
		log.Fatal(err)
	}
	for _, skipped := range coll.Skipped() {
		fmt.Println(skipped.Name, skipped.Err)
	}
}

// A collection out of what an earlier run has pinned.
func ExampleFromPins() {
	spec, err := mapsall.OpenMapsAll()
	if err != nil {
		log.Fatal(err)
	}
	pinned, err := typed.FromPins(spec, "/sys/fs/bpf/app", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer pinned.Close()
	if err := pinned.Maps.Hash.Err(); errors.Is(err, typed.ErrNotLoaded) {
		fmt.Println(err) // hash is not pinned in /sys/fs/bpf/app
	}
}

// Classes whose values are descriptors of what the kernel has.

func ExampleLoadedProgram() {
	if err := bpf.Maps.ProgArray.Put(1, bpf.Programs.CountPackets); err != nil { // a tail call
		log.Fatal(err)
	}
	if err := bpf.Maps.DevmapProg.Put(0, 2, bpf.Programs.CountPackets); err != nil { // interface 2
		log.Fatal(err)
	}
	if err := bpf.Maps.CpumapProg.Put(0, 192, bpf.Programs.CountPackets); err != nil { // a queue of 192 packets
		log.Fatal(err)
	}
}

func ExampleMapHandle_mapOfMaps() {
	inner, err := bpf.Maps.ArrayOfMaps.NewInner(&ebpf.MapSpec{Type: ebpf.Hash, KeySize: 4, ValueSize: 16, MaxEntries: 8})
	if err != nil {
		log.Fatal(err)
	}
	defer inner.Close()
	if err := bpf.Maps.ArrayOfMaps.Put(0, inner); err != nil {
		log.Fatal(err)
	}
	maps, errf := bpf.Maps.ArrayOfMaps.All()
	for index, each := range maps { // each is open as long as the body runs
		fmt.Println(index, each.Handle().MaxEntries())
	}
	if err := errf(); err != nil {
		log.Fatal(err)
	}
}

func ExampleSocketMap() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	if err := bpf.Maps.ReuseportSockarray.PutConn(0, listener.(*net.TCPListener)); err != nil {
		log.Fatal(err)
	}
	if err := bpf.Maps.CgroupArray.PutPath(0, "/sys/fs/cgroup/app"); err != nil {
		log.Fatal(err)
	}
	var xsk int // the descriptor of an AF_XDP socket
	if err := bpf.Maps.Xskmap.Put(0, xsk); err != nil {
		log.Fatal(err)
	}
}

func ExampleNewCgroupStorageKey() {
	key, err := typed.NewCgroupStorageKey("/sys/fs/cgroup/app", ebpf.AttachCGroupInetEgress)
	if err != nil {
		log.Fatal(err)
	}
	value, err := bpf.Maps.CgroupStorage.Lookup(key)
	fmt.Println(value.Count, err)
}

func ExampleStackBuildID() {
	frames, err := bpf.Maps.StackTrace.Lookup(7) // the id that bpf_get_stackid gave
	if err != nil {
		log.Fatal(err)
	}
	for _, address := range frames {
		fmt.Printf("%#x\n", address)
	}
}

func ExampleArena() {
	memory, err := bpf.Maps.Arena.Memory()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(memory.Size())
}
