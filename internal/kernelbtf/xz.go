package kernelbtf

// ulikunitz/xz reads streams whose only filter is LZMA2. The kernel packs its
// x86 images with one more, BCJ x86, which turns relative addresses of calls
// into absolute ones, so that equal targets are equal bytes. This file undoes
// it. The formats: xz-file-format.txt of XZ Utils, sections 3 and 5.

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/ulikunitz/xz"
	"github.com/ulikunitz/xz/lzma"
)

const (
	xzStreamHeader = 12
	xzBCJx86       = 0x04
	xzLZMA2        = 0x21
	// maxXZDictionary is twice what xz -9e makes of the largest preset.
	maxXZDictionary = 128 << 20
)

var errXZ = errors.New("damaged header")

func openXZ(packed []byte) (io.Reader, error) {
	h, err := parseXZBlock(packed)
	if err != nil {
		return nil, err
	}
	if h.dictionary > maxXZDictionary {
		return nil, fmt.Errorf("needs a dictionary of %d MiB", h.dictionary>>20)
	}
	if !h.bcj {
		return xz.NewReader(bytes.NewReader(packed))
	}
	lz, err := lzma.Reader2Config{DictCap: int(h.dictionary)}.NewReader2(bytes.NewReader(h.data))
	if err != nil {
		return nil, err
	}
	code, err := readAll("LZMA2", lz, maxFile)
	if err != nil {
		return nil, err
	}
	undoBCJ(code)
	return bytes.NewReader(code), nil
}

// xzBlock is the header of the first block of a stream.
type xzBlock struct {
	bcj        bool
	dictionary int64
	data       []byte
}

func parseXZBlock(packed []byte) (h xzBlock, err error) {
	if len(packed) < xzStreamHeader+2 || packed[xzStreamHeader] == 0 {
		return h, nil // no block: the library says what is wrong
	}
	block := packed[xzStreamHeader:]
	size := (int(block[0]) + 1) * 4
	if size > len(block) {
		return h, errXZ
	}
	h.data = block[size:]
	fields := bytes.NewReader(block[2 : size-4])
	for _, present := range []byte{0x40, 0x80} { // sizes, packed and unpacked
		if block[1]&present != 0 {
			if _, err := binary.ReadUvarint(fields); err != nil {
				return h, errXZ
			}
		}
	}
	for range int(block[1]&3) + 1 {
		if err := h.filter(fields); err != nil {
			return h, err
		}
	}
	return h, nil
}

func (h *xzBlock) filter(fields *bytes.Reader) error {
	id, err := binary.ReadUvarint(fields)
	n, err2 := binary.ReadUvarint(fields)
	if err != nil || err2 != nil || n > uint64(fields.Len()) {
		return errXZ
	}
	properties := make([]byte, n)
	_, _ = fields.Read(properties) // there are as many
	switch {
	case id == xzBCJx86 && n == 0:
		h.bcj = true
	case id == xzLZMA2 && n == 1:
		h.dictionary, err = lzma.DecodeDictCap(properties[0])
		return err
	default:
		return fmt.Errorf("filter %#x, which bpfgen does not read; unpack the file first", id)
	}
	return nil
}

// undoBCJ makes relative the addresses of CALL (E8) and JMP (E9) that were made
// absolute: those whose top byte is 00 or FF. A candidate that overlaps an
// earlier one, which was none, is one only if the bytes in common could not
// have been taken for an address: near keeps where those earlier ones stand,
// bit i for one that is i+1 bytes before.
func undoBCJ(code []byte) {
	last, near := -8, 0
	for i := 0; i+5 <= len(code); i++ {
		if code[i]&0xfe != 0xe8 {
			continue
		}
		near = near << min(i-last-1, 7) & 7
		if i-last > 3 {
			near = 0
		}
		last = i
		if near != 0 && (near == 3 || near > 4 || isSignByte(code[i+4-overlap(near)])) || !isSignByte(code[i+4]) {
			near = near<<1 | 1
			continue
		}
		address := code[i+1 : i+5]
		binary.LittleEndian.PutUint32(address, relative(binary.LittleEndian.Uint32(address), uint32(i+5), near))
		i += 4
	}
}

// overlap is how many bytes of a candidate's address the nearest earlier
// candidate reaches into.
func overlap(near int) int { return [8]int{0, 1, 2, 2, 3, 3, 3, 3}[near] }

func isSignByte(b byte) bool { return b == 0x00 || b == 0xff }

func relative(absolute, next uint32, near int) uint32 {
	for {
		to := absolute - next
		bits := overlap(near) * 8
		if near == 0 || !isSignByte(byte(to>>(24-bits))) {
			to &= 0x1ffffff
			return to | -(to & 0x1000000)
		}
		absolute = to ^ (1<<(32-bits) - 1)
	}
}
