package outfile

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// insideEnv makes TestFileSystems the process that has mounts of its own.
const insideEnv = "BPFGEN_TEST_FILE_SYSTEM"

// fileSystems are real ones. FAT has no hard links and no permissions, and takes
// names that differ in case for one; overlayfs has its files in two layers, and
// copies one of the lower layer up when it is linked.
var fileSystems = map[string]func(t *testing.T, dir string){
	"tmpfs":   func(t *testing.T, dir string) { mount(t, "tmpfs", dir, "tmpfs", "size=1m") },
	"vfat":    mountFAT,
	"overlay": mountOverlay,
	"ramfs":   func(t *testing.T, dir string) { mount(t, "ramfs", dir, "ramfs", "") },
}

// A commit does on every file system what it does on the usual ones: one of the
// versions, whatever ends it, and nothing beside it after the next run.
func TestFileSystems(t *testing.T) {
	if name := os.Getenv(insideEnv); name != "" {
		if err := syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, ""); err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		fileSystems[name](t, dir)
		onFileSystem(t, name, dir)
		return
	}
	if os.Geteuid() != 0 {
		t.Skip("only root mounts file systems")
	}
	for name := range fileSystems {
		t.Run(name, func(t *testing.T) {
			if !known(t, name) {
				t.Skipf("this kernel has no %s; .ci/kernels runs this test with it", name)
			}
			cmd := exec.Command(os.Args[0], "-test.run", "^TestFileSystems$", "-test.v")
			cmd.Env = append(os.Environ(), insideEnv+"="+name)
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
			out, err := cmd.CombinedOutput()
			if err != nil || !bytes.Contains(out, []byte("killed, ")) {
				t.Fatalf("%v\n%s", err, out)
			}
			t.Logf("%s", out)
		})
	}
}

// known says whether the kernel has a file system. In a guest of .ci/kernels all
// must be there.
func known(t *testing.T, name string) bool {
	list, err := os.ReadFile("/proc/filesystems")
	if err != nil {
		t.Fatal(err)
	}
	return inGuest() || bytes.Contains(list, []byte("\t"+name+"\n"))
}

// inGuest says whether this is a virtual machine of .ci/kernels, which is slow.
func inGuest() bool {
	name := os.Getenv("BPFGEN_KERNEL")
	return name != "" && name != "host"
}

func mount(t *testing.T, source, dir, kind, options string) {
	t.Helper()
	if err := syscall.Mount(source, dir, kind, 0, options); err != nil {
		t.Fatalf("%s: %v", kind, err)
	}
	t.Cleanup(func() { syscall.Unmount(dir, syscall.MNT_DETACH) })
}

// mountOverlay mounts one with version 1 in its lower layer.
func mountOverlay(t *testing.T, dir string) {
	below := t.TempDir() // layers cannot lie on another overlay
	mount(t, "tmpfs", below, "tmpfs", "size=2m")
	layers := []any{filepath.Join(below, "lower"), filepath.Join(below, "upper"), filepath.Join(below, "work")}
	for _, layer := range layers {
		if err := os.Mkdir(layer.(string), 0o777); err != nil {
			t.Fatal(err)
		}
	}
	if err := writeVersion(t.Context(), layers[0].(string), 1); err != nil {
		t.Fatal(err)
	}
	mount(t, "overlay", dir, "overlay", fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", layers...))
	oneVersion(t, dir)
}

// mountFAT makes a FAT16 file system in a file, and mounts that.
func mountFAT(t *testing.T, dir string) {
	image := filepath.Join(t.TempDir(), "image")
	if err := os.WriteFile(image, fat16(), 0o600); err != nil {
		t.Fatal(err)
	}
	file, err := os.OpenFile(image, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	control, err := os.OpenFile("/dev/loop-control", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer control.Close()
	loop := freeLoop(t, control, file)
	mount(t, loop, dir, "vfat", "codepage=437,iocharset=ascii")
	if err := os.WriteFile(filepath.Join(dir, "link"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Link(filepath.Join(dir, "link"), filepath.Join(dir, "other")); err == nil {
		t.Error("FAT has hard links")
	}
	os.Remove(filepath.Join(dir, "link"))
}

// freeLoop makes a block device of a file, until it is not mounted any more.
func freeLoop(t *testing.T, control, file *os.File) string {
	t.Helper()
	for range 100 { // others look for one, too
		n, err := unix.IoctlRetInt(int(control.Fd()), unix.LOOP_CTL_GET_FREE)
		if err != nil {
			t.Fatal(err)
		}
		path := fmt.Sprintf("/dev/loop%d", n)
		device, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		config := unix.LoopConfig{Fd: uint32(file.Fd()), Info: unix.LoopInfo64{Flags: unix.LO_FLAGS_AUTOCLEAR}}
		err = unix.IoctlLoopConfigure(int(device.Fd()), &config)
		t.Cleanup(func() { device.Close() })
		if err == nil {
			return path
		}
		if !errors.Is(err, unix.EBUSY) {
			t.Fatal(err)
		}
	}
	t.Fatal("no loop device is free")
	return ""
}

// fat16 is an empty file system of 4 MB with clusters of one sector: what mkfs.fat
// writes (Microsoft's FAT specification, "Boot Sector and BPB").
func fat16() []byte {
	const sector, sectors, fatSectors, rootEntries = 512, 8192, 32, 512
	image := make([]byte, sectors*sector)
	le := binary.LittleEndian
	copy(image, "\xeb\x3c\x90mkfs.fat")
	le.PutUint16(image[11:], sector)
	image[13] = 1               // sectors of a cluster
	le.PutUint16(image[14:], 1) // reserved: this one
	image[16] = 2               // allocation tables
	le.PutUint16(image[17:], rootEntries)
	le.PutUint16(image[19:], sectors)
	image[21] = 0xf8 // a fixed disk
	le.PutUint16(image[22:], fatSectors)
	image[38] = 0x29
	copy(image[43:], "TEST       FAT16   ")
	le.PutUint16(image[510:], 0xaa55)
	for table := range 2 {
		le.PutUint32(image[(1+table*fatSectors)*sector:], 0xfffffff8)
	}
	return image
}

// onFileSystem is what must be true everywhere.
func onFileSystem(t *testing.T, name, dir string) {
	for v := 1; v < 5; v++ {
		if err := writeVersion(t.Context(), dir, v); err != nil {
			t.Fatal(err)
		}
		oneVersion(t, dir)
		noTemps(t, dir)
	}
	refused := killWriters(t, dir)
	letters(t, name, dir)
	if name != "ramfs" { // which has no limit
		fillUp(t, dir)
	}
	readOnly(t, dir)
	t.Logf("killed, two writers at a time; %d times refused by the compiler until the next run", refused)
}

// killWriters kills two processes that write at one time, soon after they have begun.
func killWriters(t *testing.T, dir string) (refused int) {
	kills := 20
	if inGuest() {
		kills = 8
	}
	for i := range kills {
		before := loader(dir)
		var writers []*exec.Cmd
		for range 2 {
			cmd := exec.Command(os.Args[0])
			cmd.Env = append(os.Environ(), writerEnv+"="+dir)
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			writers = append(writers, cmd)
		}
		for start := time.Now(); loader(dir) == before && time.Since(start) < 20*time.Second; {
			time.Sleep(time.Millisecond) // in a virtual machine, processes take their time to start
		}
		time.Sleep(time.Duration(i*379%5000) * time.Microsecond)
		for _, cmd := range writers {
			if err := cmd.Process.Kill(); err != nil {
				t.Fatalf("a writer ended by itself: %v", err)
			}
			cmd.Wait()
		}
		if barrier(t, dir) {
			refused++
		} else {
			oneVersion(t, dir)
		}
		if err := writeVersion(t.Context(), dir, i); err != nil {
			t.Fatal(err)
		}
		if barrier(t, dir) {
			t.Fatal("the barrier is still there after the next run")
		}
		oneVersion(t, dir)
		noTemps(t, dir)
	}
	return refused
}

// loader is a file that every version has.
func loader(dir string) string {
	content, _ := os.ReadFile(filepath.Join(dir, "a_bpfgen.go"))
	return string(content)
}

// letters has a file of somebody else whose name differs in case alone: on FAT it is
// the one that would be written.
func letters(t *testing.T, name, dir string) {
	if err := writeVersion(t.Context(), dir, 2); err != nil { // has no a_types.go
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "A_Types.go")
	if err := os.WriteFile(foreign, []byte("package a\n"), 0o666); err != nil {
		t.Fatal(err)
	}
	err := writeVersion(t.Context(), dir, 3)
	content, readErr := os.ReadFile(foreign)
	if readErr != nil || string(content) != "package a\n" {
		t.Errorf("the file of somebody else is %q, %v", content, readErr)
	}
	if caseless := name == "vfat"; caseless != (err != nil) {
		t.Errorf("a file whose name differs in case: %v", err)
	}
	if err := os.Remove(foreign); err != nil {
		t.Fatal(err)
	}
}

// fillUp leaves less and less room.
func fillUp(t *testing.T, dir string) {
	filler := filepath.Join(dir, "filler")
	full, written := 0, 0
	for pages := range 12 {
		os.Remove(filler)
		if err := writeVersion(t.Context(), dir, 1); err != nil {
			t.Fatal(err)
		}
		fill(t, filler, pages)
		before := readSmall(t, dir)
		err := writeVersion(t.Context(), dir, 2)
		after := readSmall(t, dir)
		switch {
		case err == nil:
			written++
		case !maps.Equal(before, after):
			t.Errorf("%d pages free: %v, and %v became %v", pages, err, before, after)
		case !errors.Is(err, syscall.ENOSPC):
			t.Errorf("%d pages free: %v", pages, err)
		default:
			full++
		}
		noTempsBut(t, dir)
	}
	if full == 0 || written == 0 {
		t.Errorf("too small %d times, large enough %d times", full, written)
	}
	os.Remove(filler)
}

// fill writes to a file until the disk is full but for some pages.
func fill(t *testing.T, path string, pages int) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	size := int64(0)
	for block := make([]byte, 1<<16); len(block) > 511; {
		n, err := f.Write(block)
		size += int64(n)
		if err != nil {
			block = block[:len(block)/2]
		}
	}
	if err := f.Truncate(size - int64(pages)*4096); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// readSmall is readAll without the filler.
func readSmall(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if e.Name() == "filler" {
			continue
		}
		content, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(content)
	}
	return files
}

func noTempsBut(t *testing.T, dir string) {
	t.Helper()
	for name := range readSmall(t, dir) {
		if strings.HasPrefix(name, tempPrefix) {
			t.Errorf("%s is left", name)
		}
	}
}

// readOnly mounts the file system anew, so that nothing can be written.
func readOnly(t *testing.T, dir string) {
	if err := writeVersion(t.Context(), dir, 1); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	before := readSmall(t, dir)
	if err := writeVersion(t.Context(), dir, 2); !errors.Is(err, syscall.EROFS) {
		t.Errorf("nothing can be written: %v", err)
	}
	if err := writeVersion(t.Context(), dir, 1); err != nil {
		t.Errorf("nothing was to be written: %v", err)
	}
	if after := readSmall(t, dir); !maps.Equal(before, after) {
		t.Errorf("%v became %v", before, after)
	}
}
