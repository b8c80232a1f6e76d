// Package truth loads every program and creates every map of a folder of
// objects, each alone, on the kernel that it runs on, and prints a line of what
// the kernel said:
//
//	TRUTH {"object":"tcplife_0","program":"tp__inet_sock_set_state","loads":true}
//
// The forecast is compared with these lines (../score.go).
package truth

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/rlimit"

	"github.com/bpfgen/bpfgen/typed"
)

// objectsVariable names the folder.
const objectsVariable = "BPFGEN_TEST_FORECAST"

// line is what came of one program or map.
type line struct {
	Object  string `json:"object"`
	Program string `json:"program,omitempty"`
	Map     string `json:"map,omitempty"`
	Loads   bool   `json:"loads"`
	Error   string `json:"error,omitempty"`
	// Log are the last lines of the verifier's, without its statistics.
	Log []string `json:"log,omitempty"`
}

func TestTruth(t *testing.T) {
	dir := os.Getenv(objectsVariable)
	if dir == "" {
		t.Skip(objectsVariable + " names no folder of objects")
	}
	if err := rlimit.RemoveMemlock(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.o"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no objects in %s (%v)", dir, err)
	}
	printModules()
	loader := loader{types: btf.NewCache()}
	for _, file := range files {
		if err := loader.object(file); err != nil {
			print(line{Object: nameOf(file), Error: err.Error()})
		}
	}
}

// printModules says whose BTF the kernel has loaded.
func printModules() {
	entries, _ := os.ReadDir("/sys/kernel/btf") // not there before 5.4: then no modules are
	for _, e := range entries {
		if e.Name() != "vmlinux" {
			fmt.Println("MODULE", e.Name())
		}
	}
}

func nameOf(file string) string { return strings.TrimSuffix(filepath.Base(file), ".o") }

func print(l line) {
	text, err := json.Marshal(l)
	if err != nil {
		panic(err) // strings and a bool
	}
	fmt.Printf("TRUTH %s\n", text)
}

type loader struct{ types *btf.Cache }

func (l *loader) object(file string) error {
	content, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	spec, err := ebpf.LoadCollectionSpecFromReader(bytes.NewReader(content))
	if err != nil {
		return err
	}
	for name := range spec.Maps {
		err := l.createMap(content, spec.Copy(), name)
		print(result(line{Object: nameOf(file), Map: name}, err))
	}
	for name := range spec.Programs {
		began := time.Now()
		err := l.program(content, spec.Copy(), name)
		if took := time.Since(began); took > 2*time.Second {
			fmt.Printf("SLOW %v %s %s\n", took, nameOf(file), name)
		}
		if errors.Is(err, errDisabled) {
			continue
		}
		print(result(line{Object: nameOf(file), Program: name}, err))
	}
	return nil
}

func result(l line, err error) line {
	if err == nil {
		l.Loads = true
		return l
	}
	l.Error = fmt.Sprintf("%.600v", err)
	var verifier *ebpf.VerifierError
	if errors.As(err, &verifier) {
		l.Log = lastOf(verifier.Log)
	}
	return l
}

// lastOf leaves out the statistics behind the verdict, and the source lines.
func lastOf(log []string) (last []string) {
	for _, text := range slices.Backward(log) {
		if text == "" || strings.HasPrefix(text, "processed ") || strings.HasPrefix(text, "verification time") || strings.HasPrefix(text, "stack depth") {
			continue
		}
		last = append(last, fmt.Sprintf("%.300s", text))
		if len(last) == 4 {
			break
		}
	}
	slices.Reverse(last)
	return last
}

// createMap creates one map. What fills it is left out, but for data sections.
func (l *loader) createMap(content []byte, spec *ebpf.CollectionSpec, name string) error {
	m, maps := spec.Maps[name], spec.Maps
	spec.Maps = map[string]*ebpf.MapSpec{name: m}
	if m.Type == ebpf.StructOpsMap {
		return l.structOps(spec, m, maps)
	}
	spec.Programs, spec.Variables = nil, nil
	if hasRing(spec.Maps) {
		return l.runtime(content, spec)
	}
	return l.load(spec)
}

// hasRing: the runtime rounds up the sizes of ring buffers, which the library does not.
func hasRing(maps map[string]*ebpf.MapSpec) bool {
	for _, m := range maps {
		for ; m != nil; m = m.InnerMap {
			if m.Type == ebpf.RingBuf || m.Type == ebpf.UserRingbuf {
				return true
			}
		}
	}
	return false
}

// runtime loads a part of an object as generated code does.
func (l *loader) runtime(content []byte, one *ebpf.CollectionSpec) error {
	spec, err := typed.Open("truth", bytes.NewReader(content), "")
	if err != nil {
		return err
	}
	prepare(one)
	spec.Spec = one
	coll, err := spec.Load(&ebpf.CollectionOptions{Cache: l.types})
	if err == nil {
		coll.Close()
	}
	return err
}

// structOps creates a map of operations, which wants its programs, and they
// their maps.
func (l *loader) structOps(spec *ebpf.CollectionSpec, ops *ebpf.MapSpec, all map[string]*ebpf.MapSpec) error {
	t, ok := btf.As[*btf.Struct](ops.Value)
	if !ok {
		return errors.New("the value is no struct")
	}
	for name, prog := range spec.Programs {
		if !strings.HasPrefix(prog.AttachTo, t.Name+":") || prog.Type != ebpf.StructOps {
			delete(spec.Programs, name)
			continue
		}
		useMaps(spec.Maps, all, prog)
	}
	spec.Variables = nil
	return l.load(spec)
}

// useMaps adds the maps that a program uses.
func useMaps(used, all map[string]*ebpf.MapSpec, prog *ebpf.ProgramSpec) {
	for _, ins := range prog.Instructions {
		if m := all[ins.Reference()]; m != nil && ins.IsLoadFromMap() {
			used[ins.Reference()] = m
		}
	}
}

// program loads one program with the maps that it uses.
func (l *loader) program(content []byte, spec *ebpf.CollectionSpec, name string) error {
	prog := spec.Programs[name]
	spec.Programs = map[string]*ebpf.ProgramSpec{name: prog}
	used := make(map[string]*ebpf.MapSpec)
	useMaps(used, spec.Maps, prog)
	spec.Maps, spec.Variables = used, nil
	if prog.Type == ebpf.UnspecifiedProgram || prog.Type == ebpf.LSM || prog.Type == ebpf.Tracing {
		return l.typed(content, spec, name)
	}
	if hasRing(used) {
		return l.runtime(content, spec)
	}
	return l.load(spec)
}

func (l *loader) load(spec *ebpf.CollectionSpec) error {
	prepare(spec)
	coll, err := ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{Cache: l.types})
	if err == nil {
		coll.Close()
	}
	return err
}

// errDisabled: the runtime leaves out SEC("?…"), and nothing else loads it.
var errDisabled = errors.New("disabled")

// attachFSession is BPF_TRACE_FSESSION.
const attachFSession = 58

// typed loads with the runtime of generated code, which knows some kinds of
// programs that the library does not.
func (l *loader) typed(content []byte, one *ebpf.CollectionSpec, name string) error {
	spec, err := typed.Open("truth", bytes.NewReader(content), "")
	if err != nil {
		return err
	}
	fixed := spec.Spec.Programs[name]
	if fixed.Type == ebpf.UnspecifiedProgram {
		return errors.New("the section names no type of program")
	}
	switch disabled := strings.HasPrefix(fixed.SectionName, "?"); {
	case disabled && (fixed.AttachType == ebpf.AttachLSMCgroup || fixed.AttachType == attachFSession):
		return errDisabled // the library loads none of these
	case disabled:
		return l.load(one) // the runtime leaves it out
	}
	one.Programs[name] = fixed
	prepare(one)
	spec.Spec = one
	coll, err := spec.Load(&ebpf.CollectionOptions{Cache: l.types})
	if err == nil {
		coll.Close()
	}
	return err
}

// prepare keeps maps from being pinned, and from being filled with programs and
// maps that are not loaded here.
func prepare(spec *ebpf.CollectionSpec) {
	for _, m := range spec.Maps {
		m.Pinning = ebpf.PinNone
		if m.Type == ebpf.ProgramArray || m.Type == ebpf.ArrayOfMaps || m.Type == ebpf.HashOfMaps {
			m.Contents = nil
		}
	}
}
