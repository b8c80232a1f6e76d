package typedtest_test

// testKey has padding, which is part of the key.
type testKey struct {
	ID   uint32
	Kind uint8
	_    [3]byte
}

type testValue struct {
	A uint64
	B [3]uint32
	_ [4]byte
}
