package ctypes

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
)

// Every type is printed as a person writes it, and JSON gives back what it was
// given: a number, true or false, an address in quotes.
func TestText(t *testing.T) {
	for _, test := range []struct {
		value any
		text  string // of %v, %+v, %s and, in quotes, %q
		json  string
	}{
		{NewBE16(443), "443", "443"}, {NewBE32(1 << 31), "2147483648", "2147483648"},
		{NewBE64(1<<64 - 1), "18446744073709551615", "18446744073709551615"},
		{NewLE16(443), "443", "443"}, {NewLE32(1 << 31), "2147483648", "2147483648"},
		{NewLE64(1<<64 - 1), "18446744073709551615", "18446744073709551615"},
		{NewUint16(443), "443", "443"}, {NewUint32(1 << 31), "2147483648", "2147483648"},
		{NewUint64(1<<64 - 1), "18446744073709551615", "18446744073709551615"},
		{NewInt16(-2), "-2", "-2"}, {NewInt32(-3), "-3", "-3"}, {NewInt64(-1 << 63), "-9223372036854775808", "-9223372036854775808"},
		{NewFloat32(0.5), "0.5", "0.5"}, {NewFloat64(-0.25), "-0.25", "-0.25"},
		{Bool(1), "true", "true"}, {Bool(0), "false", "false"},
		{Pointer(0xffff888003a2c000), "0xffff888003a2c000", `"0xffff888003a2c000"`},
		{IPv4{192, 0, 2, 1}, "192.0.2.1", `"192.0.2.1"`}, {IPv6{0x20, 0x01, 0x0d, 0xb8, 15: 1}, "2001:db8::1", `"2001:db8::1"`},
	} {
		for _, verb := range []string{"%v", "%+v", "%s"} {
			if got := fmt.Sprintf(verb, test.value); got != test.text {
				t.Errorf("%T %s: %s, want %s", test.value, verb, got, test.text)
			}
		}
		if got := fmt.Sprintf("%q", test.value); got != `"`+test.text+`"` {
			t.Errorf("%T %%q: %s, want it in quotes", test.value, got)
		}
		data, err := json.Marshal(test.value)
		if err != nil || string(data) != test.json {
			t.Errorf("%T as JSON: %s, %v, want %s", test.value, data, err, test.json)
		}
		back := reflect.New(reflect.TypeOf(test.value))
		if err := json.Unmarshal(data, back.Interface()); err != nil || back.Elem().Interface() != test.value {
			t.Errorf("%T from JSON: %v, %v", test.value, back.Elem(), err)
		}
	}
}
