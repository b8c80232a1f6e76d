// A user's module with cilium/ebpf v0.19.0, for tests of bpfgen -bpf2go.
module example.com/user

go 1.24.0

toolchain go1.24.13

require github.com/cilium/ebpf v0.19.0

require golang.org/x/sys v0.31.0 // indirect
