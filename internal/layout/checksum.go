package layout

import (
	"fmt"
	"hash/crc32"
)

// Checksum of an object: its CRC-32C and its size in bytes, "86a072c0 4". It is
// compared each time the object is opened, and processors have an instruction
// for this one.
func Checksum(object []byte) string {
	return fmt.Sprintf("%08x %d", crc32.Checksum(object, crc32.MakeTable(crc32.Castagnoli)), len(object))
}
