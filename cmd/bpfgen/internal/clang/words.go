package clang

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
)

// Words splits flags as bpf2go does: at blanks, where single and double quotes
// keep blanks together and a backslash takes the next character as it is. A
// closing quote ends its word.
func Words(s string) ([]string, error) {
	var words []string
	var word strings.Builder
	var quote rune
	escaped := false
	flush := func(always bool) {
		if always || word.Len() > 0 {
			words = append(words, word.String())
		}
		word.Reset()
	}
	for _, r := range s {
		switch {
		case escaped:
			word.WriteRune(r)
			escaped = false
		case r == '\\':
			escaped = true
		case quote != 0 && r == quote:
			flush(true)
			quote = 0
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case quote == 0 && unicode.IsSpace(r):
			flush(false)
		default:
			word.WriteRune(r)
		}
	}
	if quote != 0 {
		return nil, fmt.Errorf("a closing %c is missing", quote)
	}
	if escaped {
		return nil, errors.New("nothing follows the last backslash")
	}
	flush(false)
	return words, nil
}
