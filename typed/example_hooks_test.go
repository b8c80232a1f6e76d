package typed_test

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"time"
	"unsafe"

	"github.com/bpfgen/bpfgen/golden/hooks"
	mapsall "github.com/bpfgen/bpfgen/golden/maps-all"
	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/typedtest"
	"github.com/cilium/ebpf"
)

// One example for each family of hooks. bpf is a collection of
// golden/hooks/hooks.c that Load of generated code returned, with maps of
// golden/maps-all besides; TestExamplesInKernel makes it, and runs these Examples
// in a network namespace and a cgroup (/sys/fs/cgroup/app) of their own.

// Add keeps a link until the collection is closed.
func ExampleLinks_Add() {
	defer bpf.Links.Close() // Close of the collection does it, too
	err := bpf.Links.Add(bpf.Programs.Meter.AttachEgress("/sys/fs/cgroup/app", nil))
	if err != nil {
		log.Fatal(err)
	}
	if err := bpf.Links.Pin("/sys/fs/bpf/links"); err != nil { // outlives the process
		log.Fatal(err)
	}
	for program, link := range bpf.Links.All() {
		fmt.Println(program, link.IsPinned())
	}
	if err := bpf.Links.Unpin(); err != nil { // and no more
		log.Fatal(err)
	}
	// Output: meter true
}

// Programs whose section says where are attached; the others are named.
func ExampleCollection_AttachAll() {
	spec, err := hooks.OpenHooks()
	if err != nil {
		log.Fatal(err)
	}
	spec.Only(spec.Programs.ListTasks, spec.Programs.Classify)
	app, err := spec.Load(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer app.Close() // and its links

	rest, err := app.AttachAll()
	var failed *typed.AttachError
	if errors.As(err, &failed) {
		log.Fatal(failed.Program, failed.Target, failed.Remedy)
	}
	for name := range app.Links.All() {
		fmt.Println("attached:", name)
	}
	for _, program := range rest {
		fmt.Println(program)
	}
	// Output:
	// attached: list_tasks
	// program classify (SEC("tc")) needs an interface and a direction
}

// A program of XDP on an interface, and another in its place, without a moment in
// which neither runs.
func ExampleUpdatableLink_Update() {
	link, err := bpf.Programs.CountPackets.Attach(1, &typed.XDPOptions{Mode: typed.XDPGeneric})
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	spec, err := hooks.OpenHooks() // another version of it
	if err != nil {
		log.Fatal(err)
	}
	spec.Only(spec.Programs.CountPackets)
	another, err := spec.Load(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer another.Close()
	if err := link.Update(another.Programs.CountPackets); err != nil {
		log.Fatal(err)
	}
	sendPacket()
	runs, err := another.Variables.Runs.Get()
	fmt.Println("ran:", runs > 0, err)
	// Output: ran: true <nil>
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
	link, err := bpf.Programs.Classify.AttachEgress(1, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	fmt.Println("ran:", ran(sendPacket))
	// Output: ran: true
}

// Several programs on an interface, in an order: only links of TCX have one.
func ExampleBefore() {
	last, err := bpf.Programs.Classify.AttachEgress(1, &typed.TCOptions{Via: typed.TCXOnly}) // Linux 6.6
	if err != nil {
		log.Fatal(err)
	}
	defer last.Close()
	first, err := bpf.Programs.Count.AttachEgress(1, &typed.TCOptions{Anchor: typed.Before(last)})
	if err != nil {
		log.Fatal(err)
	}
	defer first.Close()
	fmt.Println("ran:", ran(sendPacket))
	// Output: ran: true
}

// A program of a slot runs on what is redirected through it.
func ExampleXDPDevMap() {
	const slot, ifindex = 0, 1
	if err := bpf.Maps.DevmapProg.Put(slot, ifindex, bpf.Programs.OnPort); err != nil {
		log.Fatal(err)
	}
	found, err := bpf.Maps.DevmapProg.Lookup(slot)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("interface", found.Ifindex)
	// Output: interface 1
}

func ExampleNetkit() {
	device, err := net.InterfaceByName("nk0") // of ip link add nk0 type netkit
	if err != nil {
		log.Fatal(err)
	}
	link, err := bpf.Programs.OnPair.Attach(device.Index, &typed.NetkitOptions{Anchor: typed.AtHead()})
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	fmt.Println("ran:", ran(sendByNetkit))
	// Output: ran: true
}

func ExampleSchedAct() {
	link, err := bpf.Programs.Mirror.AttachIngress(1, &typed.SchedActOptions{Priority: 10})
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close() // removes the filter that carries the action
	fmt.Println("ran:", ran(sendPacket))
	// Output: ran: true
}

func ExampleNetfilter() {
	link, err := bpf.Programs.Filter.Attach(2 /* NFPROTO_IPV4 */, 1 /* NF_INET_LOCAL_IN */, &typed.NetfilterOptions{Priority: -128})
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	fmt.Println("ran:", ran(sendPacket))
	// Output: ran: true
}

func ExampleCgroupSKB() {
	link, err := bpf.Programs.Police.Attach("/sys/fs/cgroup/app", &typed.CgroupOptions{LinkOnly: true})
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	fmt.Println("ran:", ran(sendPacket))
	// Output: ran: true
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
	fmt.Println("ran:", ran(sendPacket))
	// Output: ran: true
}

func ExampleKprobe() {
	link, err := bpf.Programs.OnConnect.Attach(nil) // where SEC("kprobe/tcp_v4_connect") says
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	other, err := bpf.Programs.OnConnect.AttachTo("udp_sendmsg", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer other.Close()
	fmt.Println("ran:", ran(sendPacket)) // by udp_sendmsg
	// Output: ran: true
}

func ExampleKprobeMulti() {
	cookies := map[string]uint64{"udp_sendmsg": 1, "tcp_close": 2}
	link, err := bpf.Programs.OnTcp.AttachSymbols([]string{"udp_sendmsg", "tcp_close"}, &typed.KprobeMultiOptions{
		Cookie: func(symbol string) uint64 { return cookies[symbol] },
	})
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	fmt.Println("ran:", ran(sendPacket))
	// Output: ran: true
}

func ExampleUprobe() {
	link, err := bpf.Programs.OnCall.AttachTo(executable, "fire", nil) // "libc.so.6" is found, too
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	fmt.Println("ran:", ran(execute))
	// Output: ran: true
}

// Many functions by one link, a pattern or places in the file, with a number each.
func ExampleUprobeMulti() {
	link, err := bpf.Programs.OnCalls.AttachTo(executable, "fire*", nil)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("ran:", ran(execute))
	link.Close()

	places := []typed.UprobePlace{{Offset: fireOffset, Cookie: 1}}
	link, err = bpf.Programs.OnCalls.AttachOffsets(executable, places, &typed.UprobeMultiOptions{PID: os.Getpid()})
	if err != nil {
		log.Fatal(err)
	}
	link.Close()
	// Output: ran: true
}

func ExampleUSDT() {
	link, err := bpf.Programs.OnQuery.AttachTo(executable, "test", "fired", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	fmt.Println("ran:", ran(execute))
	// Output: ran: true
}

func ExampleTracepoint() {
	link, err := bpf.Programs.OnExec.AttachTo("sched", "sched_process_exec", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	fmt.Println("ran:", ran(execute))
	// Output: ran: true
}

func ExampleRawTracepoint() {
	link, err := bpf.Programs.OnSwitch.AttachTo("sched_switch", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	fmt.Println("ran:", ran(pause))
	// Output: ran: true
}

// Where programs of this family go is settled when they are loaded.
func ExampleFentry() {
	spec, err := hooks.OpenHooks()
	if err != nil {
		log.Fatal(err)
	}
	spec.Only(spec.Programs.OnOpen)
	spec.Programs.OnOpen.SetTarget("vfs_statx") // instead of SEC("fentry/vfs_open")
	bpf, err := spec.Load(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer bpf.Close()
	if err := bpf.Links.Add(bpf.Programs.OnOpen.Attach(nil)); err != nil {
		log.Fatal(err)
	}
	os.Stat("/dev/null")
	runs, err := bpf.Variables.Runs.Get()
	fmt.Println("ran:", runs > 0, err)
	// Output: ran: true <nil>
}

func ExampleFentryMulti() {
	link, err := bpf.Programs.OnVfs.AttachTo("vfs_ope*", nil) // Linux 7.2
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	fmt.Println("ran:", ran(openFile))
	// Output: ran: true
}

// A function of another BPF program is replaced: verdict of classify, which is
// loaded first.
func ExampleFreplace() {
	spec, err := hooks.OpenHooks()
	if err != nil {
		log.Fatal(err)
	}
	spec.Only(spec.Programs.NewVerdict)
	spec.Programs.NewVerdict.SetTargetProgram(bpf.Programs.Classify, "verdict") // before Load
	another, err := spec.Load(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer another.Close()

	packet := make([]byte, 64)
	before, _, err := bpf.Programs.Classify.Run(packet, nil, nil)
	if err != nil {
		log.Fatal(err)
	}
	link, err := another.Programs.NewVerdict.Attach()
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close() // the function is what it was
	after, _, err := bpf.Programs.Classify.Run(packet, nil, nil)
	fmt.Println(before, after, err)
	// Output: 0 1 <nil>
}

// A hook of the security modules, for the processes of a cgroup.
func ExampleLSMCgroup() {
	link, err := bpf.Programs.OnBind.Attach("/sys/fs/cgroup/app", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	fmt.Println("ran:", ran(bindSocket))
	// Output: ran: true
}

func ExampleLSM() {
	link, err := bpf.Programs.OnFileOpen.Attach(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	fmt.Println("ran:", ran(openFile))
	// Output: ran: true
}

func ExampleIter() {
	tasks, err := bpf.Programs.ListTasks.Open(&typed.IterOptions{TID: os.Getpid()})
	if err != nil {
		log.Fatal(err)
	}
	defer tasks.Close()
	text, err := io.ReadAll(tasks)
	fmt.Printf("%s%v\n", text, err)
	// Output:
	// a thread
	// <nil>
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
	defer conn.Close() // leaves the map
	if err := bpf.Maps.Sockmap.PutConn(0, conn.(*net.TCPConn)); err != nil {
		log.Fatal(err)
	}
	fmt.Println("ran:", ran(func() { conn.Write([]byte("message")) }))
	// Output: ran: true
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
	conn, err := net.Dial("tcp", "192.0.2.1:80") // answers
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	if err := bpf.Maps.Sockhash.PutConn(mapsall.MapsAllKey{Id: 1}, conn.(*net.TCPConn)); err != nil {
		log.Fatal(err)
	}
	fmt.Println("ran:", ran(func() { conn.Write([]byte("message")) }))
	// Output: ran: true
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
	fmt.Println("ran:", ran(func() { conn.WriteTo([]byte("to itself"), conn.LocalAddr()) }))
	// Output: ran: true
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
	fmt.Println("ran:", ran(sendPacket))
	// Output: ran: true
}

func ExampleLWTXmit() {
	route, err := bpf.Programs.Encapsulate.Attach("10.1.0.0/16", 1, &typed.LWTOptions{Headroom: 20})
	if err != nil {
		log.Fatal(err)
	}
	defer route.Close() // removes the route
	fmt.Println("ran:", ran(func() { sendTo("10.1.0.1:9") }))
	// Output: ran: true
}

// An infrared receiver. Of a machine without one, this is the output.
func ExampleLircMode2() {
	device, err := os.Open("/dev/lirc0")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer device.Close()
	link, err := bpf.Programs.Decode.Attach(int(device.Fd()))
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	// Output: open /dev/lirc0: no such file or directory
}

// A struct of functions is attached as a whole; its programs can be told apart
// from those that were left out.
func ExampleStructOpsProgram() {
	if err := bpf.Programs.SlowSsthresh.Err(); err != nil {
		log.Fatal(err) // disabled, or not in this object
	}
	link, err := bpf.Maps.Slow.Attach()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(link.Name(), link.Close())
	// Output: slow <nil>
}

func ExampleStructOps() {
	link, err := bpf.Maps.Slow.Attach() // a congestion control of TCP
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	known, err := os.ReadFile("/proc/sys/net/ipv4/tcp_available_congestion_control")
	fmt.Println(strings.Contains(string(known), "bpf_slow"), err)
	// Output: true <nil>
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
	spec, err := hooks.OpenHooks()
	if err != nil {
		log.Fatal(err)
	}
	spec.Only(spec.Programs.Decode, spec.Programs.Classify, spec.Programs.CountPackets)
	spec.FirstOf(spec.Programs.Decode, spec.Programs.Classify, spec.Programs.CountPackets)
	another, err := spec.Load(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer another.Close()
	fmt.Println(another.Programs.Classify.Loaded())
	for _, skipped := range another.Skipped() {
		if skipped.Name == "decode" {
			fmt.Println(skipped.Name, errors.Is(skipped.Err, ebpf.ErrNotSupported))
		}
	}
	// Output:
	// true
	// decode true
}

// A collection out of what an earlier run has pinned.
func ExampleFromPins() {
	if err := os.MkdirAll("/sys/fs/bpf/app", 0o700); err != nil {
		log.Fatal(err)
	}
	if err := bpf.Programs.Announce.Pin("/sys/fs/bpf/app/announce"); err != nil { // by an earlier run
		log.Fatal(err)
	}
	defer bpf.Programs.Announce.Unpin()

	spec, err := hooks.OpenHooks()
	if err != nil {
		log.Fatal(err)
	}
	pinned, err := typed.FromPins(spec, "/sys/fs/bpf/app", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer pinned.Close()
	verdict, _, err := pinned.Programs.Announce.Run(make([]byte, 64), nil, nil)
	fmt.Println(verdict, err)
	fmt.Println(pinned.Programs.Classify.Err())
	// Output:
	// 2 <nil>
	// not loaded: classify is not pinned as /sys/fs/bpf/app/classify
}

// Classes whose values are descriptors of what the kernel has.

func ExampleLoadedProgram() {
	if err := bpf.Maps.ProgArray.Put(1, bpf.Programs.CountPackets); err != nil { // a tail call
		log.Fatal(err)
	}
	if err := bpf.Maps.DevmapProg.Put(0, 1, bpf.Programs.OnPort); err != nil { // interface 1
		log.Fatal(err)
	}
	if err := bpf.Maps.CpumapProg.Put(0, 192, bpf.Programs.OnCpu); err != nil { // a queue of 192 packets
		log.Fatal(err)
	}
	fmt.Println(bpf.Maps.ProgArray.Delete(1))
	// Output: <nil>
}

// Slots that have no program take the interface, or the size of the queue, alone.
func ExampleMapHandle_devMap() {
	if err := bpf.Maps.Devmap.Put(0, 1); err != nil { // interface 1
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
	// Output: 0 1
}

// What an inner map is like stands in the spec of the outer one.
func ExampleMapHandle_mapOfMaps() {
	spec, err := mapsall.OpenMapsAll()
	if err != nil {
		log.Fatal(err)
	}
	inner, err := bpf.Maps.ArrayOfMaps.NewInner(spec.Maps.ArrayOfMaps.InnerMap)
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

	key := mapsall.MapsAllKey{Id: 1}
	if err := bpf.Maps.HashOfMaps.Put(key, inner); err != nil {
		log.Fatal(err)
	}
	found, err := bpf.Maps.HashOfMaps.Lookup(key) // the caller closes it
	if err != nil {
		log.Fatal(err)
	}
	defer found.Close()
	fmt.Println(found.Put(mapsall.MapsAllKey{}, mapsall.MapsAllValue{}))
	// Output:
	// 0 8
	// <nil>
}

func ExampleNewCgroupStorageKey() {
	link, err := bpf.Programs.Police.Attach("/sys/fs/cgroup/app", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	ran(sendPacket)
	key, err := typed.NewCgroupStorageKey("/sys/fs/cgroup/app", ebpf.AttachCGroupInetEgress)
	if err != nil {
		log.Fatal(err)
	}
	value, err := bpf.Maps.ByCgroup.Lookup(key)
	fmt.Println(value.Count > 0, err)

	id, err := typed.CgroupID("/sys/fs/cgroup/app") // the short form of the key
	if err != nil {
		log.Fatal(err)
	}
	values, err := bpf.Maps.ByCgroupAndCpu.Lookup(id)
	fmt.Println(typed.SumOf(values, func(v *hooks.HooksValue) uint64 { return v.Count }) > 0, err)
	// Output:
	// true <nil>
	// true <nil>
}

// What a program keeps about an object of the kernel is found by a descriptor of
// the object.
func ExampleStorageLike_objects() {
	process, err := typed.OpenPID(os.Getpid())
	if err != nil {
		log.Fatal(err)
	}
	defer process.Close()
	if err := bpf.Maps.TaskStorage.Put(int(process.Fd()), mapsall.MapsAllValue{Count: 1}); err != nil {
		log.Fatal(err)
	}
	ofProcess, err := bpf.Maps.TaskStorage.Lookup(int(process.Fd()))
	fmt.Println(ofProcess.Count, err)

	conn, err := net.Dial("tcp", "192.0.2.1:80")
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	_, err = bpf.Maps.SkStorage.LookupConn(conn.(*net.TCPConn))
	fmt.Println(errors.Is(err, ebpf.ErrKeyNotExist))

	file, err := os.Open("/proc/self/exe")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	_, err = bpf.Maps.InodeStorage.Lookup(int(file.Fd()))
	fmt.Println(errors.Is(err, ebpf.ErrKeyNotExist))

	cgroup, err := os.Open("/sys/fs/cgroup/app")
	if err != nil {
		log.Fatal(err)
	}
	defer cgroup.Close()
	_, err = bpf.Maps.CgrpStorage.Lookup(int(cgroup.Fd()))
	fmt.Println(errors.Is(err, ebpf.ErrKeyNotExist))
	// Output:
	// 1 <nil>
	// true
	// true
	// true
}

func ExampleStackBuildID() {
	link, err := bpf.Programs.OnExec.AttachTo("sched", "sched_process_exec", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	ran(execute)
	id, err := bpf.Variables.StackId.Get() // that bpf_get_stackid gave
	if err != nil {
		log.Fatal(err)
	}
	frames, err := bpf.Maps.Stacks.Lookup(uint32(id))
	fmt.Println(len(frames) > 0, err) // addresses in the kernel
	// Output: true <nil>
}

func ExampleArena() {
	memory, err := bpf.Maps.Arena.Memory()
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(memory.Size())
	// Output: 16384
}
