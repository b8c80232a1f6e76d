package typed

import (
	"os"
	"sync"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/features"
	"github.com/cilium/ebpf/rlimit"
)

// Helpers of the tests that need a kernel.

// needKernel makes sure that maps can be created. In CI that is required;
// elsewhere the test is skipped with the reason.
func needKernel(t testing.TB) {
	t.Helper()
	if err := kernelAccess(); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no access to BPF, which CI requires: %v", err)
		}
		t.Skipf("needs access to BPF (root): %v", err)
	}
}

var kernelAccess = sync.OnceValue(func() error {
	if err := rlimit.RemoveMemlock(); err != nil {
		return err
	}
	m, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 4, MaxEntries: 1})
	if err != nil {
		return err
	}
	return m.Close()
})

// sinceKernel skips the test on kernels older than the feature. On others the
// test runs, and fails if the feature is not there.
func sinceKernel(t testing.TB, major, minor uint32, feature string) {
	t.Helper()
	needKernel(t)
	code, err := features.LinuxVersionCode()
	if err != nil {
		t.Fatal(err)
	}
	if code>>8 < major<<8|minor {
		t.Skipf("%s: Linux %d.%d, this is %d.%d", feature, major, minor, code>>16, code>>8&0xff)
	}
}

// mapPointer says that *M is a type of maps.
type mapPointer[M any] interface {
	*M
	AnyMap
}

// bindSpecOf is what generated code does with BindMapSpec.
func bindSpecOf[P AnyMap](c *CollectionSpec, dst **MapSpec[P], name string) {
	var like P
	*dst = (*MapSpec[P])(BindMapSpec(c, name, like))
}

// testMap creates a map and its handle, closed after the test.
func testMap[M any, P mapPointer[M]](t testing.TB, spec *ebpf.MapSpec) *M {
	t.Helper()
	needKernel(t)
	m, err := ebpf.NewMap(spec)
	if err != nil {
		t.Fatalf("create %s: %v", spec.Type, err)
	}
	h := new(M)
	if err := bindOwn(P(h), "test", m); err != nil {
		t.Fatalf("bind %s: %v", spec.Type, err)
	}
	t.Cleanup(func() { P(h).Handle().Close() })
	if err := P(h).Shape().checkSpec("test", spec); err != nil {
		t.Fatalf("check the spec of %s: %v", spec.Type, err)
	}
	return h
}

// bindMap makes h the handle of m, which may be nil.
func bindMap(h AnyMap, name string, m *ebpf.Map) error {
	var life *mapLife
	if m != nil {
		life = newMapLife(m)
	}
	return h.Handle().c.bind(h.Shape(), name, life)
}

// checkMapSpec compares a type with a spec.
func checkMapSpec(h AnyMap, name string, spec *ebpf.MapSpec) error {
	return h.Shape().checkSpec(name, spec)
}
