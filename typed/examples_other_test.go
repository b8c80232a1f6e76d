//go:build !linux

package typed_test

func setUpExamples() { panic("no kernel that runs BPF programs") }
