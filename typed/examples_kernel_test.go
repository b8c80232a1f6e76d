package typed_test

import (
	"flag"
	"maps"
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bpfgen/bpfgen/golden/hooks"
	mapsall "github.com/bpfgen/bpfgen/golden/maps-all"
	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/internal/probed"
)

// Examples that need a kernel: what they find there, and which kernels they are
// for. TestExamplesInKernel (examples_linux_test.go) runs them, in a process of
// their own; the process of the tests leaves them out.

// bpf is what these Examples use: the collection of golden/hooks, with maps of
// golden/maps-all besides.
var bpf struct {
	*typed.Collection
	Programs  hooks.HooksCollectionPrograms
	Variables hooks.HooksCollectionVariables
	Maps      struct {
		hooks.HooksCollectionMaps
		mapsall.MapsAllCollectionMaps
	}
}

// executable is one with the functions fire and fire_again and the probe test:fired.
var executable string

// fireOffset is where fire lies in its file.
const fireOffset = probed.FireOffset

// needs says which kernels have what an Example shows.
type needs struct {
	// since is the first kernel, by version and by the configuration of
	// Debian's: "5.10".
	since string
	// host is what the machine lacks on which the tests are developed.
	host string
}

const (
	kprobes     = "kprobes"
	trampolines = "BPF trampolines"
)

// kernelExamples are the Examples that need a kernel.
var kernelExamples = map[string]needs{
	"ExampleArena":                  {since: "6.9"},
	"ExampleCgroupSKB":              {since: "5.10"},
	"ExampleCgroupSKBAny":           {since: "5.10"},
	"ExampleCollectionSpec_FirstOf": {since: "5.10"},
	"ExampleCollection_AttachAll":   {since: "5.10"},
	"ExampleFentry":                 {since: "5.10", host: trampolines},
	"ExampleFentryMulti":            {since: "7.2", host: trampolines},
	"ExampleFreplace":               {since: "5.10", host: trampolines},
	"ExampleFromPins":               {since: "5.10"},
	"ExampleGeneric":                {since: "5.10"},
	"ExampleIter":                   {since: "6.1"},
	"ExampleKprobe":                 {since: "5.10", host: kprobes},
	"ExampleKprobeMulti":            {since: "6.12", host: kprobes}, // Debian's 6.1 has no CONFIG_FPROBE
	"ExampleLSM":                    {since: "5.10", host: trampolines},
	"ExampleLSMCgroup":              {since: "6.1", host: trampolines},
	"ExampleLWTXmit":                {since: "5.10"},
	"ExampleLinks_Add":              {since: "5.10"},
	"ExampleLircMode2":              {since: "5.10"},
	"ExampleLoadedProgram":          {since: "5.10"},
	"ExampleMapHandle_descriptors":  {since: "5.10"},
	"ExampleMapHandle_devMap":       {since: "5.10"},
	"ExampleMapHandle_mapOfMaps":    {since: "5.10"},
	"ExampleNetfilter":              {since: "6.4"},
	"ExampleNetkit":                 {since: "6.7", host: "netkit"},
	"ExampleNewCgroupStorageKey":    {since: "5.10"},
	"ExamplePerfEvent":              {since: "5.10"},
	"ExamplePerfEventArray":         {since: "5.10"},
	"ExampleRawTracepoint":          {since: "5.10"},
	"ExampleRingBuf":                {since: "5.10"},
	"ExampleSchedAct":               {since: "5.10", host: "act_bpf"},
	"ExampleSkLookup":               {since: "5.10"},
	"ExampleSkMsg":                  {since: "5.10"},
	"ExampleSkSKBAny":               {since: "5.10"},
	"ExampleSocketFilter":           {since: "5.10"},
	"ExampleSocketMap":              {since: "5.10"},
	"ExampleStackBuildID":           {since: "5.10"},
	"ExampleStorageLike_objects":    {since: "6.2"},
	"ExampleStructOps":              {since: "6.4"},
	"ExampleStructOpsProgram":       {since: "6.4"},
	"ExampleTC":                     {since: "5.10"},
	"ExampleBefore":                 {since: "6.6"},
	"ExampleTracepoint":             {since: "5.10"},
	"ExampleUSDT":                   {since: "5.10"},
	"ExampleUpdatableLink_Update":   {since: "5.10"},
	"ExampleUprobe":                 {since: "5.10"},
	"ExampleUprobeMulti":            {since: "6.6"},
	"ExampleUserRingBuf":            {since: "6.1"},
	"ExampleXDPDevMap":              {since: "5.10"},
}

// examplesVariable is set in the environment of the process that runs these Examples.
const examplesVariable = "BPFGEN_TEST_EXAMPLES"

func TestMain(m *testing.M) {
	flag.Parse()
	if os.Getenv(examplesVariable) != "" {
		setUpExamples()
	} else {
		skip := flag.Lookup("test.skip")
		patterns := []string{"^(" + strings.Join(slices.Sorted(maps.Keys(kernelExamples)), "|") + ")$"}
		if given := skip.Value.String(); given != "" {
			patterns = append(patterns, given)
		}
		if err := skip.Value.Set(strings.Join(patterns, "|")); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

// ran causes an event until a program of bpf has counted it.
func ran(event func()) bool {
	runs := func() uint64 {
		n, err := bpf.Variables.Runs.Get()
		if err != nil {
			panic(err)
		}
		return n
	}
	before := runs()
	for range 100 {
		event()
		if runs() > before {
			return true
		}
		time.Sleep(10 * time.Millisecond)
	}
	return false
}

// The events.

func sendTo(address string) {
	c, err := net.Dial("udp", address)
	if err != nil {
		panic(err)
	}
	defer c.Close()
	c.Write([]byte("datagram")) // that nobody reads it may be an error
}

func sendPacket()   { sendTo("127.0.0.1:9") }
func sendByNetkit() { sendTo("10.98.0.2:9") }
func pause()        { time.Sleep(time.Millisecond) }

func execute() { exec.Command(executable).Run() }

func openFile() {
	if f, err := os.Open("/dev/null"); err == nil {
		f.Close()
	}
}

func bindSocket() {
	if c, err := net.ListenPacket("udp", "127.0.0.1:0"); err == nil {
		c.Close()
	}
}
