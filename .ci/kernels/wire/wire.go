// Package wire is what the harness and the /init of its virtual machines have
// to agree on: the order that goes into the initramfs and the records that
// come back over the second serial port.
//
// A record is one line, "\x1e<nonce> <JSON>\n". The nonce is drawn anew for
// every boot, so that nothing a test prints is mistaken for a record. What
// stands between a record that begins a binary and the one that ends it is
// that binary's output, byte for byte.
package wire

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// OrderPath is where the order lies in the initramfs.
const OrderPath = "/order.json"

// ResultPort is the device that the records are written to.
const ResultPort = "/dev/ttyS1"

// Order says what a virtual machine does between boot and reset.
type Order struct {
	Nonce    string
	Modules  []string // paths of uncompressed .ko files in load order
	Env      []string // KEY=value, the whole environment of the binaries
	Binaries []Binary
}

// Binary is one test binary to run.
type Binary struct {
	Path    string        // of the executable
	Args    []string      // without the name of the binary
	Dir     string        // working directory
	Timeout time.Duration // after which it is killed
}

// Kind tells the records apart.
type Kind string

// The kinds of records, in the order in which a boot sends them.
const (
	Up    Kind = "up"    // the guest is ready; Text is its kernel release
	Note  Kind = "note"  // something did not work that a test may not need; Text says what
	Begin Kind = "begin" // the output of binary Index follows
	End   Kind = "end"   // binary Index ended with Exit; Text says why if it did not exit by itself
	Done  Kind = "done"  // everything ran
)

// Record is one message of a guest.
type Record struct {
	Kind  Kind
	Index int           `json:",omitempty"`
	Exit  int           `json:",omitempty"`
	Text  string        `json:",omitempty"`
	Time  time.Duration `json:",omitempty"` // Up: since boot; End: that the binary ran
}

const separator = 0x1e // ASCII RS

// Marshal gives the line that carries r.
func Marshal(nonce string, r Record) ([]byte, error) {
	b, err := json.Marshal(r)
	if err != nil {
		return nil, err
	}
	return fmt.Appendf(nil, "%c%s %s\n", separator, nonce, b), nil
}

// Parse splits what came over the port. The text behind each record, up to
// the next one, is its output. A last line that was cut off is dropped.
func Parse(nonce string, stream []byte) (records []Record, outputs [][]byte, err error) {
	mark := fmt.Appendf(nil, "%c%s ", separator, nonce)
	parts := bytes.Split(stream, mark)
	for _, p := range parts[1:] { // in front of the first: the firmware's and nobody's
		line, output, whole := bytes.Cut(p, []byte("\n"))
		if !whole {
			break
		}
		var r Record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, nil, fmt.Errorf("record %q: %w", line, err)
		}
		records = append(records, r)
		outputs = append(outputs, output)
	}
	return records, outputs, nil
}
