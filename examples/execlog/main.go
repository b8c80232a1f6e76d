// Command execlog logs the beginning and the end of processes: two types of
// events from one perf event array.
//
// Run it as root:
//
//	go run ./examples/execlog
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"time"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/cilium/ebpf/rlimit"
	"golang.org/x/sys/unix"
)

//go:generate go run github.com/bpfgen/bpfgen/cmd/bpfgen -cc clang-19 execlog execlog.c -- -I../include -I../../golden/include

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout); err != nil {
		log.Fatal(err)
	}
}

// run logs until ctx ends.
func run(ctx context.Context, w io.Writer) error {
	if err := rlimit.RemoveMemlock(); err != nil { // kernels before 5.11
		return err
	}
	spec, err := openExeclog()
	if err != nil {
		return err
	}
	bpf, err := spec.Load(nil)
	if err != nil {
		return err
	}
	defer bpf.Close()
	events, err := bpf.Maps.Events.NewReader(nil)
	if err != nil {
		return err
	}
	if _, err := bpf.AttachAll(); err != nil {
		return err
	}
	return newLog(w, events).Run(ctx)
}

// newLog says what is done with which type of event.
func newLog(w io.Writer, events typed.EventReader[execlogEventHeader]) *typed.Switch[execlogEventHeader, execlogEventKind] {
	s := typed.NewSwitch(events, func(h execlogEventHeader) execlogEventKind { return h.Kind })
	typed.Case(s, execlogEventKindExec, func(ev *execlogExecEvent, _ []byte) error {
		return printLine(w, ev.Header, ev.FilenameString())
	})
	typed.Case(s, execlogEventKindExit, func(ev *execlogExitEvent, _ []byte) error {
		return printLine(w, ev.Header, ev.CommString()+": "+ending(ev))
	})
	s.OnError(func(err error) error {
		var lost *typed.LostSamplesError
		if !errors.As(err, &lost) {
			return err
		}
		_, err = fmt.Fprintln(w, err)
		return err
	})
	return s
}

func printLine(w io.Writer, h execlogEventHeader, text string) error {
	when := typed.Boot.Time(h.Time)
	_, err := fmt.Fprintf(w, "%s  pid %-7d %-15v %s\n", when.Format(time.DateTime+".000"), h.Pid, h.Kind, text)
	return err
}

// ending says how a process ended.
func ending(ev *execlogExitEvent) string {
	if ev.Signal() == 0 {
		return fmt.Sprint("exit status ", ev.Code())
	}
	name := unix.SignalName(unix.Signal(ev.Signal()))
	if ev.Dumped() != 0 {
		name += " (core dumped)"
	}
	return name
}
