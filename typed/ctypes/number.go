package ctypes

// Numbers in byte arrays print, marshal and unmarshal as the number that they
// are, in decimal.

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"unsafe"
)

// number is what the byte arrays hold.
type number interface {
	uint16 | uint32 | uint64 | int16 | int32 | int64 | float32 | float64
}

// format prints a number as fmt prints its Go type, and its text for %s.
func format[N number](f fmt.State, verb rune, v N) {
	if verb == 's' || verb == 'q' {
		fmt.Fprintf(f, fmt.FormatString(f, verb), numberText(v))
		return
	}
	fmt.Fprintf(f, fmt.FormatString(f, verb), v)
}

// numberText is the number in decimal, of floats the shortest that is exact.
func numberText[N number](v N) string { return string(appendNumber(nil, v, 'g')) }

func appendNumber[N number](b []byte, v N, floats byte) []byte {
	switch any(v).(type) {
	case float32, float64:
		return strconv.AppendFloat(b, float64(v), floats, -1, bitsOf[N]())
	case int16, int32, int64:
		return strconv.AppendInt(b, int64(v), 10)
	default:
		return strconv.AppendUint(b, uint64(v), 10)
	}
}

// parseNumber reads the number in decimal. The error says what is wrong with
// the text.
func parseNumber[N number](text string) (v N, err error) {
	switch any(v).(type) {
	case float32, float64:
		f, err := strconv.ParseFloat(text, bitsOf[N]())
		return N(f), numberError(v, text, err)
	case int16, int32, int64:
		i, err := strconv.ParseInt(text, 10, bitsOf[N]())
		return N(i), numberError(v, text, err)
	default:
		u, err := strconv.ParseUint(text, 10, bitsOf[N]())
		return N(u), numberError(v, text, err)
	}
}

func numberError[N number](v N, text string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, strconv.ErrRange):
		return fmt.Errorf("%s is out of the range of %T", text, v)
	default:
		return notA(fmt.Sprintf("%T", v), text)
	}
}

// notA says that text is not what is wanted.
func notA(want, text string) error { return fmt.Errorf("%q is not a %s", text, want) }

// bitsOf is the size of a number in bits.
func bitsOf[N number]() int {
	var v N
	return 8 * int(unsafe.Sizeof(v))
}

func marshalText[N number](v N) ([]byte, error) { return appendNumber(nil, v, 'g'), nil }

func unmarshalText[N number](set func(N), text []byte) error {
	v, err := parseNumber[N](string(text))
	if err == nil {
		set(v)
	}
	return err
}

// marshalJSON writes floats without an exponent unless they are very large or
// small, by the same bounds as encoding/json.
func marshalJSON[N number](v N) ([]byte, error) {
	abs := math.Abs(float64(v))
	switch {
	case math.IsNaN(abs) || math.IsInf(abs, 0):
		return nil, fmt.Errorf("JSON has no number for %v", v)
	case abs != 0 && (abs < 1e-6 || abs >= 1e21):
		return appendNumber(nil, v, 'e'), nil
	default:
		return appendNumber(nil, v, 'f'), nil
	}
}

// unmarshalJSON leaves the number as it is for null, as all of encoding/json.
func unmarshalJSON[N number](set func(N), text []byte) error {
	if string(text) == "null" {
		return nil
	}
	return unmarshalText(set, unquoted(text))
}

// unquoted is JSON without quotes around it: encoding/json has the keys of maps
// read by UnmarshalJSON, too, and these are strings.
func unquoted(text []byte) []byte {
	if n := len(text); n >= 2 && text[0] == '"' && text[n-1] == '"' {
		return text[1 : n-1]
	}
	return text
}
