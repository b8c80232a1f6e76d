package typedtest_test

import (
	"errors"
	"fmt"

	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/typedtest"
)

// block is code under test: it asks for an interface, which a map of the kernel
// has as well as one in memory.
func block(blocked typed.Map[uint32, uint64], address uint32) (hits uint64, err error) {
	if hits, err = blocked.Lookup(address); err == nil {
		return hits, nil
	}
	return 0, blocked.Put(address, 0)
}

func ExampleNewHash() {
	blocked := typedtest.NewHash[uint32, uint64](2)
	fmt.Println(block(blocked, 7))
	fmt.Println(block(blocked, 8))
	_, err := block(blocked, 9) // an error as of the kernel
	fmt.Println(errors.Is(err, typed.ErrMapFull))

	// The program that counts in the map is played by the test.
	if err := blocked.Put(7, 3); err != nil {
		fmt.Println(err)
	}
	fmt.Println(block(blocked, 7))
	// Output:
	// 0 <nil>
	// 0 <nil>
	// true
	// 3 <nil>
}
