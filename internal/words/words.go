// Package words has what messages of several packages say alike.
package words

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Bytes is a size for people: "1 byte", "2 bytes".
func Bytes(n uint32) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

// UpperFirst is s with its first letter in upper case.
func UpperFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(r)) + s[n:]
}

// Some lists words, and counts those behind the first most: "a, b and 3 more".
func Some(list []string, most int) string {
	if more := len(list) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), more)
	}
	return strings.Join(list, ", ")
}
