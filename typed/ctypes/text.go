package ctypes

// Text in arrays of char. C's char is int8 or uint8, as the compiler wishes;
// bytes of other meaning that hold text are uint8.

import (
	"bytes"
	"fmt"
	"strings"
	"unsafe"
)

// CString is the text in an array of char, up to the first NUL or else the whole
// array. Its bytes are as they are in C, which need not be UTF-8.
func CString[T ~int8 | ~uint8](chars []T) string {
	text := textOf(chars)
	if i := bytes.IndexByte(text, 0); i >= 0 {
		text = text[:i]
	}
	return string(text)
}

// SetCString stores text that ends in a NUL, as C's functions of strings want
// it, and zeroes what is left of the array. It is an error, and the array stays
// as it is, if text and NUL do not fit or if the text has a NUL in it. See
// [SetChars] for text that may fill the array.
func SetCString[T ~int8 | ~uint8](chars []T, text string) error {
	return setText(textOf(chars), text, 1)
}

// SetChars stores text in an array that C reads by its length: it may fill the
// array, and then no NUL ends it, as with C's strncpy. Else it is SetCString.
// What [CString] reads can always be stored.
func SetChars[T ~int8 | ~uint8](chars []T, text string) error {
	return setText(textOf(chars), text, 0)
}

// setText stores text with room for so many bytes of NUL behind it.
func setText(chars []byte, text string, nul int) error {
	switch {
	case strings.IndexByte(text, 0) >= 0:
		return fmt.Errorf("%q has a NUL in it, where C's text ends", text)
	case len(text)+nul > len(chars) && nul > 0:
		return fmt.Errorf("%q has %d bytes; an array of %d holds %d and a NUL", text, len(text), len(chars), max(len(chars)-nul, 0))
	case len(text) > len(chars):
		return fmt.Errorf("%q has %d bytes, the array %d", text, len(text), len(chars))
	}
	clear(chars[copy(chars, text):])
	return nil
}

// textOf is the memory of chars: int8 and uint8 are both one byte, and a loop
// over them would cost time only.
func textOf[T ~int8 | ~uint8](chars []T) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(chars))), len(chars))
}
