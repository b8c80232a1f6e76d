package main

import (
	"bytes"
	"debug/elf"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// wantedModules are what tests of hooks need and Debian builds as modules. A
// kernel has some of them built in and some not at all; a test that cannot do
// without says so itself.
var wantedModules = []string{
	"sch_ingress",  // the clsact qdisc
	"cls_bpf",      // tc programs by netlink
	"act_bpf",      // BPF_PROG_TYPE_SCHED_ACT
	"cls_matchall", // what carries it
	"act_mirred",   // redirection in front of a program
	"veth",         // pairs of interfaces
	"dummy",        // interfaces without a peer
	"ifb",          // redirection target
	"tun",          // interfaces with user space at the other end
	"netkit",       // from 6.7 on
	"nf_defrag_ipv4",
	"nf_defrag_ipv6", // netfilter programs with BPF_F_NETFILTER_IP_DEFRAG
	"nf_tables",
	"vcan",
	"rc_loopback", // /dev/lirc0
	"loop",        // file systems in files
	"vfat",
	"nls_cp437",
	"nls_ascii",
	"overlay",
}

// module is one loadable module, uncompressed.
type module struct {
	name string
	data []byte
}

// modulesFor gives the wanted modules of the kernel unpacked at dir with all
// that they depend on, dependencies first.
func modulesFor(dir string, wanted []string) ([]module, error) {
	files, err := moduleFiles(dir)
	if err != nil {
		return nil, err
	}
	var order []module
	seen := map[string]bool{}
	var add func(name string) error
	add = func(name string) error {
		name = strings.ReplaceAll(name, "-", "_") // depends= and file names differ in that
		file, exists := files[name]
		if seen[name] || !exists {
			return nil
		}
		seen[name] = true
		data, err := readModule(file)
		if err != nil {
			return err
		}
		needs, err := dependencies(data)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		for _, n := range needs {
			if err := add(n); err != nil {
				return err
			}
		}
		order = append(order, module{name, data})
		return nil
	}
	for _, name := range wanted {
		if err := add(name); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// moduleFiles finds the modules below dir by their names.
func moduleFiles(dir string) (map[string]string, error) {
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if name, rest, ok := strings.Cut(d.Name(), ".ko"); ok && (rest == "" || rest[0] == '.') {
			files[strings.ReplaceAll(name, "-", "_")] = path
		}
		return nil
	})
	return files, err
}

// decompressors by the end of a module's file name. Both programs are in
// every Debian; zstd modules have not been seen yet.
var decompressors = map[string]string{".xz": "xz", ".gz": "gzip", ".zst": "zstd"}

func readModule(file string) ([]byte, error) {
	if filepath.Ext(file) == ".ko" {
		return os.ReadFile(file)
	}
	tool, ok := decompressors[filepath.Ext(file)]
	if !ok {
		return nil, fmt.Errorf("%s: compressed in an unknown way", file)
	}
	out, err := exec.Command(tool, "-dc", file).Output()
	if err != nil {
		return nil, commandError(tool+" "+file, err)
	}
	return out, nil
}

// dependencies reads depends= from the module's .modinfo section, a row of
// NUL-terminated key=value strings.
func dependencies(ko []byte) ([]string, error) {
	f, err := elf.NewFile(bytes.NewReader(ko))
	if err != nil {
		return nil, err
	}
	s := f.Section(".modinfo")
	if s == nil {
		return nil, fmt.Errorf("no section .modinfo")
	}
	info, err := s.Data()
	if err != nil {
		return nil, err
	}
	for entry := range strings.SplitSeq(string(info), "\x00") {
		if list, ok := strings.CutPrefix(entry, "depends="); ok && list != "" {
			return strings.Split(list, ","), nil
		}
	}
	return nil, nil
}
