package ctypes

import (
	"encoding"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
)

// numbers is one of each type that is a number in a byte array, as they stand
// in a packed struct.
type numbers struct {
	B16 BE16
	B32 BE32
	B64 BE64
	L16 LE16
	L32 LE32
	L64 LE64
	U16 Uint16
	U32 Uint32
	U64 Uint64
	I16 Int16
	I32 Int32
	I64 Int64
	F32 Float32
	F64 Float64
	Row [2]Uint16
}

// plainNumbers are the Go types that those print and marshal as.
type plainNumbers struct {
	B16 uint16
	B32 uint32
	B64 uint64
	L16 uint16
	L32 uint32
	L64 uint64
	U16 uint16
	U32 uint32
	U64 uint64
	I16 int16
	I32 int32
	I64 int64
	F32 float32
	F64 float64
	Row [2]uint16
}

var plains = []plainNumbers{
	{},
	{
		1, 2, 3, 4, 5, 6, 7, 8, 9, -10, -11, -12, 0.25, -1e-3, [2]uint16{13, 14},
	},
	{
		math.MaxUint16, math.MaxUint32, math.MaxUint64, math.MaxUint16, math.MaxUint32, math.MaxUint64,
		math.MaxUint16, math.MaxUint32, math.MaxUint64, math.MinInt16, math.MinInt32, math.MinInt64,
		math.MaxFloat32, math.SmallestNonzeroFloat64, [2]uint16{1, math.MaxUint16},
	},
}

func (p plainNumbers) numbers() numbers {
	return numbers{
		NewBE16(p.B16), NewBE32(p.B32), NewBE64(p.B64), NewLE16(p.L16), NewLE32(p.L32), NewLE64(p.L64),
		NewUint16(p.U16), NewUint32(p.U32), NewUint64(p.U64), NewInt16(p.I16), NewInt32(p.I32), NewInt64(p.I64),
		NewFloat32(p.F32), NewFloat64(p.F64), [2]Uint16{NewUint16(p.Row[0]), NewUint16(p.Row[1])},
	}
}

func (n numbers) plain() plainNumbers {
	return plainNumbers{
		n.B16.Get(), n.B32.Get(), n.B64.Get(), n.L16.Get(), n.L32.Get(), n.L64.Get(),
		n.U16.Get(), n.U32.Get(), n.U64.Get(), n.I16.Get(), n.I32.Get(), n.I64.Get(),
		n.F32.Get(), n.F64.Get(), [2]uint16{n.Row[0].Get(), n.Row[1].Get()},
	}
}

func TestNumbersHaveAlignmentOne(t *testing.T) {
	typ := reflect.TypeFor[numbers]()
	if typ.Align() != 1 || typ.Size() != 2*(2+4+8)+2*(2+4+8)+4+8+4 {
		t.Errorf("%d bytes, alignment %d", typ.Size(), typ.Align())
	}
}

func TestNumbersGetWhatIsSet(t *testing.T) {
	for _, want := range plains {
		if got := want.numbers().plain(); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

// TestNumbersAreInHostOrder: the bytes are those that Go has for the number.
func TestNumbersAreInHostOrder(t *testing.T) {
	for _, want := range plains {
		n := want.numbers()
		u, i, f := want.U64, want.I32, want.F32
		if string(n.U64[:]) != string(memoryOf(&u)) || string(n.I32[:]) != string(memoryOf(&i)) || string(n.F32[:]) != string(memoryOf(&f)) {
			t.Errorf("% x, % x, % x", n.U64, n.I32, n.F32)
		}
	}
}

func TestNumbersPrintAsNumbers(t *testing.T) {
	for _, p := range plains {
		for _, format := range []string{"%v", "%+v"} {
			if got, want := fmt.Sprintf(format, p.numbers()), fmt.Sprintf(format, p); got != want {
				t.Errorf("%s: %s, want %s", format, got, want)
			}
		}
	}
	for _, c := range []struct {
		format string
		v      any
		want   string
	}{
		{"%d", NewBE16(443), "443"},
		{"%#x", NewBE32(0xc0000201), "0xc0000201"},
		{"%08b", NewUint16(5), "00000101"},
		{"%6d|", NewInt32(-5), "    -5|"},
		{"%-6v|", NewLE16(5), "5     |"},
		{"%.2f", NewFloat64(1.005e3), "1005.00"},
		{"%s", NewUint64(7), "7"},
		{"%q", NewInt64(-7), `"-7"`},
		{"%d", []Uint16{NewUint16(1), NewUint16(2)}, "[1 2]"},
	} {
		if got := fmt.Sprintf(c.format, c.v); got != c.want {
			t.Errorf("%s of %T: %s, want %s", c.format, c.v, got, c.want)
		}
	}
	if got := NewFloat32(0.1).String(); got != "0.1" {
		t.Errorf("float32 0.1 prints as %s", got)
	}
}

func TestNumbersInJSON(t *testing.T) {
	for _, p := range plains {
		got, err := json.Marshal(p.numbers())
		if err != nil {
			t.Fatal(err)
		}
		var number plainNumbers // the standard library reads them as numbers
		if err := json.Unmarshal(got, &number); err != nil || number != p {
			t.Errorf("%s is %+v, %v", got, number, err)
		}
		plain, _ := json.Marshal(p)
		var back numbers
		if err := json.Unmarshal(plain, &back); err != nil || back != p.numbers() {
			t.Errorf("%s is %+v, %v", plain, back, err)
		}
	}
	for _, v := range []any{NewFloat64(math.NaN()), NewFloat32(float32(math.Inf(-1)))} {
		if text, err := json.Marshal(v); err == nil {
			t.Errorf("%v marshals as %s", v, text)
		}
	}
}

func TestNumbersRefuseWhatIsNone(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`{"B16": 65536}`, "65536 is out of the range of uint16"},
		{`{"I16": -32769}`, "-32769 is out of the range of int16"},
		{`{"F32": 1e39}`, "1e39 is out of the range of float32"},
		{`{"U32": -1}`, `"-1" is not a uint32`},
		{`{"U32": "one"}`, `"one" is not a uint32`},
		{`{"L64": 1.5}`, `"1.5" is not a uint64`},
		{`{"F64": true}`, `"true" is not a float64`},
	} {
		was := plains[1].numbers()
		now := was
		if err := json.Unmarshal([]byte(c.text), &now); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", c.text, err, c.want)
		}
		if now != was {
			t.Errorf("%s: something was stored", c.text)
		}
	}
	n := NewUint16(3)
	if err := json.Unmarshal([]byte("null"), &n); err != nil || n.Get() != 3 {
		t.Errorf("null: %v, %v", n, err)
	}
}

// TestNumbersAsText goes over all fields by the interface that flags, map keys
// of JSON and others use.
func TestNumbersAsText(t *testing.T) {
	for _, p := range plains {
		from, to := p.numbers(), numbers{}
		from.Row, to.Row = [2]Uint16{}, [2]Uint16{}
		for i := range reflect.TypeFor[numbers]().NumField() - 1 {
			f := reflect.ValueOf(&from).Elem().Field(i).Addr().Interface()
			text, err := f.(encoding.TextMarshaler).MarshalText()
			if err != nil || string(text) != f.(fmt.Stringer).String() {
				t.Errorf("%T: %s, %v", f, text, err)
			}
			if err := reflect.ValueOf(&to).Elem().Field(i).Addr().Interface().(encoding.TextUnmarshaler).UnmarshalText(text); err != nil {
				t.Error(err)
			}
		}
		if from != to {
			t.Errorf("%+v, want %+v", to, from)
		}
	}
	ports, err := json.Marshal(map[BE16]bool{NewBE16(80): true})
	if err != nil || string(ports) != `{"80":true}` {
		t.Errorf("%s, %v", ports, err)
	}
}

func TestNumbersDoNotAllocate(t *testing.T) {
	var n numbers
	if allocs := testing.AllocsPerRun(100, func() {
		n.U32.Set(n.U32.Get() + 1)
		n.F64.Set(n.F64.Get() + 0.5)
		n.B16.Set(n.B16.Get() + 1)
	}); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}
