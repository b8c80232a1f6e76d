package kernelbtf

// The first file of a tar archive (POSIX.1 pax, ustar interchange format). Package
// archive/tar knows users and groups, too, and brings cgo for these: a program
// with cgo takes milliseconds longer to start.

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

const tarBlock = 512

var errTar = errors.New("tar: damaged header")

func isTar(b []byte) bool {
	const at = 257 // of the magic in a header of POSIX or GNU tar
	return len(b) > at+5 && string(b[at:at+5]) == "ustar"
}

// firstInTar is the content of the first regular file.
func firstInTar(archive []byte) ([]byte, error) {
	for len(archive) >= tarBlock {
		header := archive[:tarBlock]
		if header[0] == 0 { // the end is two blocks of zeroes
			break
		}
		size, err := tarSize(header)
		if err != nil {
			return nil, err
		}
		content := archive[tarBlock:]
		if size > int64(len(content)) {
			return nil, fmt.Errorf("tar: truncated: %d bytes of %d are there", len(content), size)
		}
		switch header[156] { // typeflag
		case '0', 0:
			return content[:size], nil
		}
		archive = content[min(int64(len(content)), (size+tarBlock-1)/tarBlock*tarBlock):]
	}
	return nil, errors.New("tar: no file in it")
}

// tarSize is the size of what follows a header whose checksum is right. Sizes of
// 8 GiB and more, which have other forms, are more than is read.
func tarSize(header []byte) (int64, error) {
	sum := int64(0)
	for i, b := range header {
		if 148 <= i && i < 156 { // the checksum itself counts as blanks
			b = ' '
		}
		sum += int64(b)
	}
	want, err := tarNumber(header[148:156])
	if err != nil || sum != want {
		return 0, errTar
	}
	return tarNumber(header[124:136])
}

// tarNumber is octal, with blanks before and blanks or zero bytes behind.
func tarNumber(field []byte) (int64, error) {
	n, err := strconv.ParseInt(strings.Trim(string(field), " \x00"), 8, 64)
	if err != nil || n < 0 {
		return 0, errTar
	}
	return n, nil
}
