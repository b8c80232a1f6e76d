package typed_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"time"
	"unsafe"

	mapsall "github.com/bpfgen/bpfgen/golden/maps-all"
	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/typedtest"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
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
		OnAlloc      *typed.UprobeMulti
		OnVFS        *typed.FentryMulti
		NewVerdict   *typed.Freplace
		OnBind       *typed.LSMCgroup
		OnPort       *typed.XDPDevMap
		OnPair       *typed.Netkit
		Mirror       *typed.SchedAct
		Meter        *typed.CgroupSKBAny
		Snoop        *typed.SocketFilter
		Split        *typed.SkSKBAny
		Decode       *typed.LircMode2
		SlowStart    *typed.StructOpsProgram
		Custom       *typed.Generic
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

// A program of a slot runs on what is redirected through it.
func ExampleXDPDevMap() {
	const slot, ifindex = 0, 2
	if err := bpf.Maps.DevmapProg.Put(slot, ifindex, bpf.Programs.OnPort); err != nil {
		log.Fatal(err)
	}
}

func ExampleNetkit() {
	link, err := bpf.Programs.OnPair.Attach(5, &typed.NetkitOptions{Anchor: typed.AtHead()})
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
}

func ExampleSchedAct() {
	link, err := bpf.Programs.Mirror.AttachIngress(2, &typed.SchedActOptions{Priority: 10})
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close() // removes the filter that carries the action
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

// SEC("cgroup/skb") names no direction, so that one program serves both.
func ExampleCgroupSKBAny() {
	in, err := bpf.Programs.Meter.AttachIngress("/sys/fs/cgroup/app", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer in.Close()
	out, err := bpf.Programs.Meter.AttachEgress("/sys/fs/cgroup/app", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer out.Close()
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

// Many functions by one link, a pattern or places in the file, with a number each.
func ExampleUprobeMulti() {
	link, err := bpf.Programs.OnAlloc.AttachTo("libc.so.6", "*alloc", &typed.UprobeMultiOptions{PID: os.Getpid()})
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	places, err := bpf.Programs.OnAlloc.AttachOffsets("/usr/bin/app", []typed.UprobePlace{{Offset: 0x11f0, Cookie: 1}}, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer places.Close()
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

func ExampleFentryMulti() {
	link, err := bpf.Programs.OnVFS.AttachTo("vfs_*", nil) // Linux 7.2
	if errors.Is(err, ebpf.ErrNotSupported) {
		fmt.Println(err)
		return
	}
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
}

// A function of another BPF program is replaced: verdict of classify, which is
// loaded first.
func ExampleFreplace() {
	var spec struct {
		*typed.CollectionSpec
		Programs struct {
			NewVerdict *typed.ProgramSpec[typed.Freplace]
		}
	}
	spec.Programs.NewVerdict.SetTargetProgram(bpf.Programs.Classify, "verdict") // before Load
	link, err := bpf.Programs.NewVerdict.Attach()
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close() // the function is what it was
}

// A hook of the security modules, for the processes of a cgroup.
func ExampleLSMCgroup() {
	link, err := bpf.Programs.OnBind.Attach("/sys/fs/cgroup/app", nil)
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

func ExampleSkSKBAny() {
	parser, err := bpf.Programs.Split.AttachParser(bpf.Maps.Sockhash)
	if err != nil {
		log.Fatal(err)
	}
	defer parser.Close()
	verdict, err := bpf.Programs.Split.AttachStreamVerdict(bpf.Maps.Sockhash)
	if err != nil {
		log.Fatal(err)
	}
	defer verdict.Close()
}

func ExampleSocketFilter() {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	link, err := bpf.Programs.Snoop.Attach(conn.(*net.UDPConn))
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close() // else the filter goes with the socket
}

// A filter returns how many bytes of the packet are kept.
func ExampleSocketFilter_Run() {
	program := typedtest.NewProgram[typed.SocketFilter](func(run *typedtest.Run) error {
		run.Return = uint32(min(len(run.Packet), 20))
		return nil
	})
	kept, _, err := program.Run(make([]byte, 64), nil, nil)
	fmt.Println(kept, err)
	// Output: 20 <nil>
}

// A dissector fills in what it found in the packet.
func ExampleFlowDissector_Run() {
	program := typedtest.NewProgram[typed.FlowDissector](func(run *typedtest.Run) error {
		run.Packet = make([]byte, unsafe.Sizeof(typed.FlowKeys{}))
		(*typed.FlowKeys)(unsafe.Pointer(&run.Packet[0])).Dport.Set(443)
		return nil
	})
	_, keys, err := program.Run(make([]byte, 64), nil)
	fmt.Println(keys.Dport, err)
	// Output: 443 <nil>
}

// A test of code that asks where a connection would go: the program is played.
func ExampleSkLookup_Run() {
	program := typedtest.NewProgram[typed.SkLookup](func(run *typedtest.Run) error {
		if typedtest.ContextOf[typed.SkLookupContext](run).LocalPort == 7777 {
			run.Return = 1 // SK_PASS
		}
		return nil
	})
	for _, port := range []uint32{7777, 80} {
		verdict, err := program.Run(&typed.SkLookupContext{LocalPort: port}, nil)
		fmt.Println(port, verdict, err)
	}
	// Output:
	// 7777 1 <nil>
	// 80 0 <nil>
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

// An infrared receiver.
func ExampleLircMode2() {
	device, err := os.Open("/dev/lirc0")
	if err != nil {
		log.Fatal(err)
	}
	defer device.Close()
	link, err := bpf.Programs.Decode.Attach(int(device.Fd()))
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
}

// What has no type of its own is attached by the library, on its own object.
func ExampleGeneric() {
	err := bpf.Programs.Custom.Use(func(program *ebpf.Program) error {
		l, err := link.AttachRawLink(link.RawLinkOptions{Target: 1, Program: program, Attach: ebpf.AttachXDP})
		if err != nil {
			return err
		}
		return l.Pin("/sys/fs/bpf/custom")
	})
	if err != nil {
		log.Fatal(err)
	}
}

// A struct of functions is attached as a whole; its programs can be told apart
// from those that were left out.
func ExampleStructOpsProgram() {
	if err := bpf.Programs.SlowStart.Err(); err != nil {
		log.Fatal(err) // disabled, or not in this object
	}
	link, err := bpf.Maps.StructOps.Attach()
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
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

// Slots that have no program take the interface, or the size of the queue, alone.
func ExampleMapHandle_devMap() {
	if err := bpf.Maps.Devmap.Put(0, 2); err != nil { // interface 2
		log.Fatal(err)
	}
	if err := bpf.Maps.Cpumap.Put(0, 192); err != nil {
		log.Fatal(err)
	}
	slots, errf := bpf.Maps.Devmap.All()
	for slot, ifindex := range slots {
		fmt.Println(slot, ifindex)
	}
	if err := errf(); err != nil {
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
	found, err := bpf.Maps.HashOfMaps.Lookup(mapsall.MapsAllKey{Id: 1}) // the caller closes it
	if err != nil {
		log.Fatal(err)
	}
	defer found.Close()
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

	id, err := typed.CgroupID("/sys/fs/cgroup/app") // the short form of the key
	if err != nil {
		log.Fatal(err)
	}
	values, err := bpf.Maps.PercpuCgroupStorage.Lookup(id)
	fmt.Println(len(values), err)
}

// What a program keeps about an object of the kernel is found by a descriptor of
// the object.
func ExampleStorageLike_objects() {
	conn, err := net.Dial("tcp", "192.0.2.1:80")
	if err != nil {
		log.Fatal(err)
	}
	ofConn, err := bpf.Maps.SkStorage.LookupConn(conn.(*net.TCPConn))
	fmt.Println(ofConn.Count, err)

	process, err := typed.OpenPID(os.Getpid())
	if err != nil {
		log.Fatal(err)
	}
	defer process.Close()
	ofProcess, err := bpf.Maps.TaskStorage.Lookup(int(process.Fd()))
	fmt.Println(ofProcess.Count, err)

	file, err := os.Open("/etc/hosts")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	ofFile, err := bpf.Maps.InodeStorage.Lookup(int(file.Fd()))
	fmt.Println(ofFile.Count, err)

	cgroup, err := os.Open("/sys/fs/cgroup/app")
	if err != nil {
		log.Fatal(err)
	}
	defer cgroup.Close()
	ofCgroup, err := bpf.Maps.CgrpStorage.Lookup(int(cgroup.Fd()))
	fmt.Println(ofCgroup.Count, err)
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
