package typed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"github.com/bpfgen/bpfgen/typed/internal/bpf"
	"github.com/bpfgen/bpfgen/typed/internal/emulated"
	"github.com/bpfgen/bpfgen/typed/internal/usdt"
	"github.com/bpfgen/bpfgen/typed/internal/userfile"
	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/link"
)

// The maps of libbpf's usdt.bpf.h. A program that asks for no argument has
// neither.
const (
	usdtSpecsMap = "__bpf_usdt_specs"
	usdtIPsMap   = "__bpf_usdt_ip_to_spec_id"
)

// usdtState is what a collection knows of its probes: which slots of the map
// of specs are in use.
type usdtState struct {
	mu   sync.Mutex
	next uint32
	free []uint32
}

// usdtAttacher attaches one probe in all its places.
type usdtAttacher struct {
	prog    *ebpf.Program
	state   *usdtState
	specs   *mapLife // nil where the program has no use for it
	ips     *mapLife // as specs, and only before Linux 5.15
	opts    USDTOptions
	ids     map[string]uint32 // of specs, by the text of the arguments
	undo    []func() error
	cookies bool
}

// attachUSDT attaches to all places of a probe, with a uprobe each, and tells
// the program by a cookie which spec the place has; or, before Linux 5.15, by
// a map of addresses.
func attachUSDT(prog *ebpf.Program, c *Collection, t usdtTarget, opts USDTOptions) (link.Link, error) {
	file, err := userfile.Open(t.path, opts.PID)
	if err != nil {
		return nil, err
	}
	places, position, err := usdt.Places(file.Path, t.provider, t.name)
	if err != nil {
		return nil, err
	}
	a := &usdtAttacher{prog: prog, state: new(usdtState), opts: opts, ids: make(map[string]uint32)}
	if c != nil {
		a.state, a.specs, a.ips = &c.usdt, c.maps[usdtSpecsMap], c.maps[usdtIPsMap]
	}
	a.cookies = havePerfLink(prog)
	if position && a.specs != nil && !a.cookies {
		return nil, fmt.Errorf("arguments of probes in position-independent files need cookies: %w", ebpf.ErrNotSupported)
	}
	return a.attach(file.Path, places)
}

func (a *usdtAttacher) attach(path string, places []usdt.Place) (link.Link, error) {
	ex, err := link.OpenExecutable(path)
	if err != nil {
		return nil, err
	}
	for _, place := range places {
		if err := a.attachPlace(ex, place); err != nil {
			return nil, errors.Join(err, a.detach())
		}
	}
	return emulated.New(a.prog, a.detach), nil
}

func (a *usdtAttacher) attachPlace(ex *link.Executable, place usdt.Place) error {
	id, err := a.spec(place)
	if err != nil {
		return err
	}
	o := &link.UprobeOptions{Address: place.Offset, RefCtrOffset: place.Semaphore, PID: a.opts.PID}
	if a.cookies {
		o.Cookie = uint64(id)
	} else if err := a.mapIP(place.Address, id); err != nil {
		return err
	}
	l, err := ex.Uprobe("", a.prog, o)
	if err != nil {
		return err
	}
	a.undo = append(a.undo, l.Close)
	return nil
}

// spec finds or writes the spec of a place.
func (a *usdtAttacher) spec(place usdt.Place) (uint32, error) {
	if a.specs == nil {
		return 0, nil
	}
	if id, ok := a.ids[place.Args]; ok {
		return id, nil
	}
	var id uint32
	err := a.specs.use(usdtSpecsMap, func(specs *ebpf.Map) (err error) {
		id, err = a.writeSpec(specs, place)
		return err
	})
	return id, err
}

func (a *usdtAttacher) writeSpec(specs *ebpf.Map, place usdt.Place) (uint32, error) {
	value, err := usdt.Encode(binary.NativeEndian, specs.ValueSize(), place, a.opts.Cookie)
	if err != nil {
		return 0, fmt.Errorf("map %s: %w", usdtSpecsMap, err)
	}
	id, err := a.state.take(specs.MaxEntries())
	if err != nil {
		return 0, err
	}
	a.undo = append(a.undo, func() error { a.state.give(id); return nil })
	a.ids[place.Args] = id
	return id, specs.Put(id, value)
}

func (a *usdtAttacher) mapIP(address uint64, id uint32) error {
	if a.ips == nil {
		return nil
	}
	// The key is a C long: this way is for machines of 64 bits alone.
	err := a.ips.use(usdtIPsMap, func(ips *ebpf.Map) error { return ips.Update(address, id, ebpf.UpdateNoExist) })
	if err != nil {
		return fmt.Errorf("map %s: %w", usdtIPsMap, err)
	}
	a.undo = append(a.undo, func() error {
		err := a.ips.use(usdtIPsMap, func(ips *ebpf.Map) error { return ips.Delete(address) })
		if errors.Is(err, os.ErrClosed) { // and with the map, what was in it
			return nil
		}
		return err
	})
	return nil
}

// detach takes everything back, newest first.
func (a *usdtAttacher) detach() error {
	var errs []error
	for i := len(a.undo) - 1; i >= 0; i-- {
		errs = append(errs, a.undo[i]())
	}
	return errors.Join(errs...)
}

// take finds a free slot among size.
func (s *usdtState) take(size uint32) (uint32, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free); n > 0 {
		id := s.free[n-1]
		s.free = s.free[:n-1]
		return id, nil
	}
	if s.next >= size {
		return 0, fmt.Errorf("map %s is full with %d entries: define BPF_USDT_MAX_SPEC_CNT before including usdt.bpf.h", usdtSpecsMap, size)
	}
	s.next++
	return s.next - 1, nil
}

func (s *usdtState) give(id uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, id)
}

// havePerfLink says whether the kernel has links of perf events, and with them
// cookies (Linux ≥ 5.15): only then it looks at the descriptor of the event.
func havePerfLink(prog *ebpf.Program) bool {
	_, err := createLink(bpf.LinkCreate, prog, &linkCreatePerfEvent{linkCreate: newLinkCreate(prog, -1, ebpf.AttachPerfEvent)})
	return errors.Is(err, syscall.EBADF)
}
