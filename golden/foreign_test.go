package golden

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// emulators run the binaries of other architectures, "" where the machine does
// it itself: the layout oracle, on big-endian and on 32 bits.
var emulators = []struct{ goarch, emulator string }{
	{"386", ""}, // qemu-i386 crashes Go
	{"arm", "qemu-arm-static"},
	{"arm64", "qemu-aarch64-static"},
	{"s390x", "qemu-s390x-static"},
}

// TestForeign runs what the layout oracle can show without a kernel on every
// GOARCH: Go reads the bytes that clang made for that byte order, and writes
// the same.
func TestForeign(t *testing.T) {
	for _, e := range emulators {
		t.Run(e.goarch, func(t *testing.T) {
			var runner []string
			if e.emulator != "" {
				path, err := exec.LookPath(e.emulator)
				if err != nil {
					missing(t, e.emulator+" is not installed (apt-get install qemu-user-static)")
				}
				runner = append(runner, path)
			} else if runtime.GOARCH != "amd64" {
				missing(t, "386 binaries need an amd64 machine")
			}
			binary := filepath.Join(t.TempDir(), "layout.test")
			goTool(t, ".", e.goarch, "test", "-c", "-o", binary, "./layout")
			args := append(runner, binary, "-test.run", "^(TestObject|TestTail)$", "-test.v")
			cmd := exec.CommandContext(t.Context(), args[0], args[1:]...)
			cmd.Dir = "layout"
			out, err := cmd.CombinedOutput()
			if err != nil || !bytes.Contains(out, []byte("--- PASS: TestObject")) {
				t.Errorf("%v: %v\n%s", cmd, err, out)
			}
		})
	}
}
