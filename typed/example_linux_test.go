package typed_test

import (
	"context"
	"fmt"
	"log"
	"net"
	"syscall"

	"github.com/bpfgen/bpfgen/golden/hooks"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
	"golang.org/x/sys/unix"
)

// Examples that use what other packages have on Linux alone.

// Of sockets that share a port, one is chosen by a program.
func ExampleSocketMap() {
	shared := net.ListenConfig{Control: func(_, _ string, c syscall.RawConn) (err error) {
		c.Control(func(fd uintptr) { err = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1) })
		return err
	}}
	shared.SetMultipathTCP(false) // no map takes those listeners
	listener, err := shared.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer listener.Close() // leaves the map
	if err := bpf.Maps.ReuseportSockarray.PutConn(0, listener.(*net.TCPListener)); err != nil {
		log.Fatal(err)
	}
	cookie, err := bpf.Maps.ReuseportSockarray.Lookup(0)
	fmt.Println(cookie != 0, err)
	// Output: true <nil>
}

func ExampleMapHandle_descriptors() {
	if err := bpf.Maps.CgroupArray.PutPath(0, "/sys/fs/cgroup/app"); err != nil {
		log.Fatal(err)
	}
	xsk, err := unix.Socket(unix.AF_XDP, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		log.Fatal(err)
	}
	defer unix.Close(xsk) // leaves the map
	if err := unix.SetsockoptInt(xsk, unix.SOL_XDP, unix.XDP_RX_RING, 64); err != nil {
		log.Fatal(err)
	}
	fmt.Println(bpf.Maps.Xskmap.Put(0, xsk))
	// Output: <nil>
}

// What runs on the first CPU is sampled. A profiler has an event for each.
func ExamplePerfEvent() {
	fd, err := unix.PerfEventOpen(&unix.PerfEventAttr{
		Type: unix.PERF_TYPE_SOFTWARE, Config: unix.PERF_COUNT_SW_CPU_CLOCK,
		Sample: 1_000_000, // nanoseconds
	}, -1, 0, -1, unix.PERF_FLAG_FD_CLOEXEC)
	if err != nil {
		log.Fatal(err)
	}
	defer unix.Close(fd)
	link, err := bpf.Programs.Sample.Attach(fd, nil)
	if err != nil {
		log.Fatal(err)
	}
	defer link.Close()
	fmt.Println("ran:", ran(pause))
	// Output: ran: true
}

// What has no type of its own is attached by the library, on its own object.
func ExampleGeneric() {
	spec, err := hooks.OpenHooks()
	if err != nil {
		log.Fatal(err)
	}
	spec.Only(spec.Programs.Custom) // of SEC("?custom")
	spec.Spec.Programs["custom"].Type = ebpf.XDP
	another, err := spec.Load(nil)
	if err != nil {
		log.Fatal(err)
	}
	defer another.Close()
	err = another.Programs.Custom.Use(func(program *ebpf.Program) error {
		l, err := link.AttachXDP(link.XDPOptions{Program: program, Interface: 1, Flags: link.XDPGenericMode})
		_, err = another.Links.Adopt(l, err) // closes it with the collection
		return err
	})
	if err != nil {
		log.Fatal(err)
	}
	sendPacket()
	runs, err := another.Variables.Runs.Get()
	fmt.Println("ran:", runs > 0, err)
	// Output: ran: true <nil>
}
