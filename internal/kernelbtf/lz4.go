package kernelbtf

import (
	"encoding/binary"
	"errors"
	"io"
)

// lz4Reader reads LZ4's legacy frame, which the kernel's own packing (lz4 -l)
// makes: blocks of at most 8 MiB, each behind its packed size, and no other
// header. Documentation: lz4_Frame_format.md and lz4_Block_format.md of LZ4.
type lz4Reader struct {
	src []byte // behind the magic
	out []byte // of the current block, not yet read
}

const lz4BlockBytes = 8 << 20

var errLZ4 = errors.New("damaged block")

func (r *lz4Reader) Read(p []byte) (int, error) {
	for len(r.out) == 0 {
		if len(r.src) == 0 {
			return 0, io.EOF
		}
		if err := r.next(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.out)
	r.out = r.out[n:]
	return n, nil
}

func (r *lz4Reader) next() (err error) {
	if len(r.src) < 4 {
		return io.ErrUnexpectedEOF
	}
	size := binary.LittleEndian.Uint32(r.src)
	r.src = r.src[4:]
	if uint64(size) > uint64(len(r.src)) {
		return io.ErrUnexpectedEOF
	}
	r.out, err = lz4Block(r.src[:size], make([]byte, 0, lz4BlockBytes))
	r.src = r.src[size:]
	return err
}

// lz4Block unpacks sequences of literals and matches into out's capacity.
func lz4Block(src, out []byte) ([]byte, error) {
	for len(src) > 0 {
		token := int(src[0])
		literals, rest, ok := lz4Length(token>>4, src[1:])
		if !ok || literals > len(rest) || literals > cap(out)-len(out) {
			return nil, errLZ4
		}
		out = append(out, rest[:literals]...)
		src = rest[literals:]
		if len(src) == 0 {
			return out, nil // the last sequence has no match
		}
		if len(src) < 2 {
			return nil, errLZ4
		}
		distance := int(binary.LittleEndian.Uint16(src))
		match, rest, ok := lz4Length(token&15, src[2:])
		match += 4
		if !ok || distance == 0 || distance > len(out) || match > cap(out)-len(out) {
			return nil, errLZ4
		}
		out, src = lz4Copy(out, distance, match), rest
	}
	return out, nil
}

// lz4Length continues a length of 15 with bytes, of which one below 255 is the last.
func lz4Length(n int, src []byte) (int, []byte, bool) {
	if n < 15 {
		return n, src, true
	}
	for i, b := range src {
		n += int(b)
		if n > lz4BlockBytes {
			break
		}
		if b != 255 {
			return n, src[i+1:], true
		}
	}
	return 0, nil, false
}

// lz4Copy repeats what stands distance bytes back; a match may overlap itself.
func lz4Copy(out []byte, distance, n int) []byte {
	for n > 0 {
		from := out[len(out)-distance:]
		from = from[:min(n, len(from))]
		out = append(out, from...)
		n -= len(from)
	}
	return out
}
