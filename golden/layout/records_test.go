package layout

// The Go side of each list MEMBERS of golden/<case>/<case>.c, in its order.

import (
	"encoding/binary"
	"math"
	"net/netip"
	"testing"

	"github.com/cilium/ebpf"

	"github.com/bpfgen/bpfgen/golden/alignment"
	"github.com/bpfgen/bpfgen/golden/anonymous-struct"
	"github.com/bpfgen/bpfgen/golden/bitfields"
	"github.com/bpfgen/bpfgen/golden/bitfields-packed"
	"github.com/bpfgen/bpfgen/golden/bools"
	"github.com/bpfgen/bpfgen/golden/byte-order-types"
	"github.com/bpfgen/bpfgen/golden/char-arrays"
	"github.com/bpfgen/bpfgen/golden/empty-struct-union"
	"github.com/bpfgen/bpfgen/golden/enum-short"
	"github.com/bpfgen/bpfgen/golden/enum-sizes-signed"
	"github.com/bpfgen/bpfgen/golden/float-double"
	"github.com/bpfgen/bpfgen/golden/float-misaligned"
	"github.com/bpfgen/bpfgen/golden/int128"
	"github.com/bpfgen/bpfgen/golden/multi-dim"
	"github.com/bpfgen/bpfgen/golden/nested-named"
	"github.com/bpfgen/bpfgen/golden/packed"
	"github.com/bpfgen/bpfgen/golden/pointers-kptr-func"
	"github.com/bpfgen/bpfgen/golden/scalars"
	"github.com/bpfgen/bpfgen/golden/typedef-chains"
	"github.com/bpfgen/bpfgen/golden/unions"
	"github.com/bpfgen/bpfgen/golden/unions-anonymous"
	"github.com/bpfgen/bpfgen/typed"
	"github.com/bpfgen/bpfgen/typed/ctypes"
)

// records are all cases with a list of members.
var records = []tested{
	record[scalars.ScalarsRecord]{"scalars", fillScalars, checkScalars, loadScalars},
	record[unions.UnionsRecord]{"unions", fillUnions, checkUnions, loadUnions},
	record[unionsanonymous.UnionsAnonymousRecord]{"unions-anonymous", fillUnionsAnonymous, checkUnionsAnonymous, loadUnionsAnonymous},
	record[bitfields.BitfieldsRecord]{"bitfields", fillBitfields, checkBitfields, loadBitfields},
	record[bitfieldspacked.BitfieldsPackedRecord]{"bitfields-packed", fillBitfieldsPacked, checkBitfieldsPacked, loadBitfieldsPacked},
	record[packed.PackedRecord]{"packed", fillPacked, checkPacked, loadPacked},
	record[alignment.AlignmentRecord]{"alignment", fillAlignment, checkAlignment, loadAlignment},
	record[anonymousstruct.AnonymousStructRecord]{"anonymous-struct", fillAnonymousStruct, checkAnonymousStruct, loadAnonymousStruct},
	record[nestednamed.NestedNamedRecord]{"nested-named", fillNestedNamed, checkNestedNamed, loadNestedNamed},
	record[floatdouble.FloatDoubleRecord]{"float-double", fillFloatDouble, checkFloatDouble, loadFloatDouble},
	record[floatmisaligned.FloatMisalignedRecord]{"float-misaligned", fillFloatMisaligned, checkFloatMisaligned, nil},
	record[int128.Int128Record]{"int128", fillInt128, checkInt128, loadInt128},
	record[pointerskptrfunc.PointersKptrFuncRecord]{"pointers-kptr-func", fillPointersKptrFunc, checkPointersKptrFunc, loadPointersKptrFunc},
	record[enumsizessigned.EnumSizesSignedRecord]{"enum-sizes-signed", fillEnumSizesSigned, checkEnumSizesSigned, loadEnumSizesSigned},
	record[enumshort.EnumShortRecord]{"enum-short", fillEnumShort, checkEnumShort, loadEnumShort},
	record[bools.BoolsRecord]{"bools", fillBools, checkBools, loadBools},
	record[multidim.MultiDimRecord]{"multi-dim", fillMultiDim, checkMultiDim, loadMultiDim},
	record[emptystructunion.EmptyStructUnionRecord]{"empty-struct-union", fillEmptyStructUnion, checkEmptyStructUnion, loadEmptyStructUnion},
	record[typedefchains.TypedefChainsRecord]{"typedef-chains", fillTypedefChains, checkTypedefChains, loadTypedefChains},
	record[byteordertypes.ByteOrderTypesRecord]{"byte-order-types", fillByteOrderTypes, checkByteOrderTypes, loadByteOrderTypes},
	record[chararrays.CharArraysRecord]{"char-arrays", fillCharArrays, checkCharArrays, loadCharArrays},
}

// networkOrder is a __be32 to which C assigned v as it stands, in the byte
// order of the machine.
func networkOrder(v uint32) (b ctypes.BE32) {
	binary.NativeEndian.PutUint32(b[:], v)
	return b
}

// wide is a 128-bit integer in the byte order of the machine.
func wide(high, low uint64) (b [16]byte) {
	first, second := low, high
	if binary.NativeEndian.Uint16([]byte{0, 1}) == 1 {
		first, second = high, low
	}
	binary.NativeEndian.PutUint64(b[:], first)
	binary.NativeEndian.PutUint64(b[8:], second)
	return b
}

// load makes the load function of a case of its generated one.
func load[S interface {
	Load(opts *ebpf.CollectionOptions) (B, error)
}, B interface{ Close() error }, R any](
	open func() (S, error), parts func(B) (records recordsMap[R], write, check *typed.Syscall),
) (l loaded[R], err error) {
	spec, err := open()
	if err != nil {
		return l, err
	}
	bpf, err := spec.Load(nil)
	if err != nil {
		return l, err
	}
	l.close = bpf.Close
	records, write, check := parts(bpf)
	l.records, l.write, l.check = records, write.Program(), check.Program()
	return l, nil
}

func fillScalars(r []scalars.ScalarsRecord) {
	r[0].U8, r[0].S8, r[0].U16, r[0].S16 = 0xfe, -2, 0xfedc, -300
	r[0].PlainChar = 'c'
	r[0].U32, r[0].S32 = 0xfedcba98, -70000
	r[0].BeforeGap = 77
	r[0].U64, r[0].S64 = 0xfedcba9876543210, -5000000000
	r[0].Ulong, r[0].Slong = 0x0102030405060708, -9
	r[0].Last = 1
}

func checkScalars(t *testing.T, r []scalars.ScalarsRecord) {
	equal(t, "u8", r[0].U8, 0xfe)
	equal(t, "s8", r[0].S8, -2)
	equal(t, "u16", r[0].U16, 0xfedc)
	equal(t, "s16", r[0].S16, -300)
	equal(t, "plain_char", r[0].PlainChar, 'c')
	equal(t, "u32", r[0].U32, 0xfedcba98)
	equal(t, "s32", r[0].S32, -70000)
	equal(t, "before_gap", r[0].BeforeGap, 77)
	equal(t, "u64", r[0].U64, 0xfedcba9876543210)
	equal(t, "s64", r[0].S64, -5000000000)
	equal(t, "ulong", r[0].Ulong, 0x0102030405060708)
	equal(t, "slong", r[0].Slong, -9)
	equal(t, "last", r[0].Last, 1)
}

func loadScalars() (loaded[scalars.ScalarsRecord], error) {
	return load(scalars.OpenScalars, func(b *scalars.ScalarsCollection) (recordsMap[scalars.ScalarsRecord], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}

func fillUnions(r []unions.UnionsRecord) {
	r[0].Tag = 1
	r[0].Number.SetWhole(0x1122334455667788)
	r[0].Deep.SetPair(unions.UnionsPair{First: 0x1234, Second: 0x56789abc})
	r[0].Row[0].SetHalf(-4)
	r[0].Row[1].SetQuarters([4]uint16{3: 0x4321})
	r[1].Tag = 2
	r[1].Number.SetHalf(-123456)
	var deep unions.UnionsNumber
	deep.SetQuarters([4]uint16{1: 0x1020})
	r[1].Deep.SetNumber(deep)
	r[1].Row[0].SetBytes([8]uint8{7: 0x70})
	r[1].Row[1].SetWhole(0x8877665544332211)
	r[2].Tag = 3
	r[2].Number.SetBytes([8]uint8{1: 0xb1, 6: 0xb6})
	r[2].Deep.SetOne(0xee)
}

func checkUnions(t *testing.T, r []unions.UnionsRecord) {
	equal(t, "tag", r[0].Tag, 1)
	equal(t, "number.whole", r[0].Number.Whole(), 0x1122334455667788)
	equal(t, "deep.pair.first", r[0].Deep.Pair().First, 0x1234)
	equal(t, "deep.pair.second", r[0].Deep.Pair().Second, 0x56789abc)
	equal(t, "row[0].half", r[0].Row[0].Half(), -4)
	equal(t, "row[1].quarters", r[0].Row[1].Quarters(), [4]uint16{3: 0x4321})
	equal(t, "tag", r[1].Tag, 2)
	equal(t, "number.half", r[1].Number.Half(), -123456)
	deep := r[1].Deep.Number()
	equal(t, "deep.number.quarters", deep.Quarters(), [4]uint16{1: 0x1020})
	equal(t, "row[0].bytes", r[1].Row[0].Bytes(), [8]uint8{7: 0x70})
	equal(t, "row[1].whole", r[1].Row[1].Whole(), 0x8877665544332211)
	equal(t, "tag", r[2].Tag, 3)
	equal(t, "number.bytes", r[2].Number.Bytes(), [8]uint8{1: 0xb1, 6: 0xb6})
	equal(t, "deep.one", r[2].Deep.One(), 0xee)
}

func loadUnions() (loaded[unions.UnionsRecord], error) {
	return load(unions.OpenUnions, func(b *unions.UnionsCollection) (recordsMap[unions.UnionsRecord], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}

func fillUnionsAnonymous(r []unionsanonymous.UnionsAnonymousRecord) {
	r[0].Family = 2
	r[0].SetIpv4(networkOrder(0x0a0b0c0d))
	r[0].SetSport(0x1111)
	r[0].SetDport(0x2222)
	r[0].Only = 0x33
	r[1].Family = 10
	r[1].SetIpv6([16]uint8{0: 0x20, 15: 0x15})
	r[1].SetPorts(0xa1b2c3d4)
	r[2].SetLow(0x01020304)
	r[2].SetHigh(0x1112131415161718)
	r[2].SetKind(-7)
	r[3].SetCode(0xc0de)
}

func checkUnionsAnonymous(t *testing.T, r []unionsanonymous.UnionsAnonymousRecord) {
	equal(t, "family", r[0].Family, 2)
	equal(t, "ipv4", r[0].Ipv4(), networkOrder(0x0a0b0c0d))
	equal(t, "sport", r[0].Sport(), 0x1111)
	equal(t, "dport", r[0].Dport(), 0x2222)
	equal(t, "only", r[0].Only, 0x33)
	equal(t, "family", r[1].Family, 10)
	equal(t, "ipv6", r[1].Ipv6(), [16]uint8{0: 0x20, 15: 0x15})
	equal(t, "ports", r[1].Ports(), 0xa1b2c3d4)
	equal(t, "low", r[2].Low(), 0x01020304)
	equal(t, "high", r[2].High(), 0x1112131415161718)
	equal(t, "kind", r[2].Kind(), -7)
	equal(t, "code", r[3].Code(), 0xc0de)
}

func loadUnionsAnonymous() (loaded[unionsanonymous.UnionsAnonymousRecord], error) {
	return load(unionsanonymous.OpenUnionsAnonymous, func(b *unionsanonymous.UnionsAnonymousCollection) (recordsMap[unionsanonymous.UnionsAnonymousRecord], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}

func fillBitfields(r []bitfields.BitfieldsRecord) {
	r[0].SetOne(1)
	r[0].SetThree(5)
	r[0].SetMinus(-11)
	r[0].SetAcross(0x1abc)
	r[0].SetRest(0xa5)
	r[0].Plain = 0x5a
	r[0].SetAfterPlain(0x55)
	r[0].SetWide(0xfedcba9876)
	r[0].SetWideSigned(-1234567)
	r[0].SetLastBit(1)
	r[0].SetFull(0x8000000000000001)
	r[0].SetYes(true)
	r[0].SetNo(false)
	r[0].SetFresh(2)
	r[0].SetWholeByte(-100)
	r[0].Header.SetVersion(6)
	r[0].Header.SetLength(9)
	r[0].Header.Service = 0x42
	r[0].Header.SetFlags(5)
	r[0].Header.SetOffset(0x1234)
	r[0].SetInner(0x155)
	r[0].SetOuter(0x7abcde)
	r[1].SetThree(7)
	r[1].SetMinus(15)
	r[1].SetWideSigned(0x3fffff)
	r[1].SetNo(true)
	r[1].Header.SetOffset(0x1fff)
	r[1].SetInner(0x1ff)
}

func checkBitfields(t *testing.T, r []bitfields.BitfieldsRecord) {
	equal(t, "one", r[0].One(), 1)
	equal(t, "three", r[0].Three(), 5)
	equal(t, "minus", r[0].Minus(), -11)
	equal(t, "across", r[0].Across(), 0x1abc)
	equal(t, "rest", r[0].Rest(), 0xa5)
	equal(t, "plain", r[0].Plain, 0x5a)
	equal(t, "after_plain", r[0].AfterPlain(), 0x55)
	equal(t, "wide", r[0].Wide(), 0xfedcba9876)
	equal(t, "wide_signed", r[0].WideSigned(), -1234567)
	equal(t, "last_bit", r[0].LastBit(), 1)
	equal(t, "full", r[0].Full(), 0x8000000000000001)
	equal(t, "yes", r[0].Yes(), true)
	equal(t, "no", r[0].No(), false)
	equal(t, "fresh", r[0].Fresh(), 2)
	equal(t, "whole_byte", r[0].WholeByte(), -100)
	equal(t, "header.version", r[0].Header.Version(), 6)
	equal(t, "header.length", r[0].Header.Length(), 9)
	equal(t, "header.service", r[0].Header.Service, 0x42)
	equal(t, "header.flags", r[0].Header.Flags(), 5)
	equal(t, "header.offset", r[0].Header.Offset(), 0x1234)
	equal(t, "inner", r[0].Inner(), 0x155)
	equal(t, "outer", r[0].Outer(), 0x7abcde)
	equal(t, "one of the second", r[1].One(), 0)
	equal(t, "three of the second", r[1].Three(), 7)
	equal(t, "minus of the second", r[1].Minus(), 15)
	equal(t, "across of the second", r[1].Across(), 0)
	equal(t, "wide_signed of the second", r[1].WideSigned(), 0x3fffff)
	equal(t, "yes of the second", r[1].Yes(), false)
	equal(t, "no of the second", r[1].No(), true)
	equal(t, "header.flags of the second", r[1].Header.Flags(), 0)
	equal(t, "header.offset of the second", r[1].Header.Offset(), 0x1fff)
	equal(t, "inner of the second", r[1].Inner(), 0x1ff)
	equal(t, "outer of the second", r[1].Outer(), 0)
}

func loadBitfields() (loaded[bitfields.BitfieldsRecord], error) {
	return load(bitfields.OpenBitfields, func(b *bitfields.BitfieldsCollection) (recordsMap[bitfields.BitfieldsRecord], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}

func fillBitfieldsPacked(r []bitfieldspacked.BitfieldsPackedRecord) {
	r[0].SetA(5)
	r[0].SetB(0x1a5a5)
	r[0].SetC(0x5a5a5a5a)
	r[0].SetD(-9876543210)
	r[0].Plain = 0xcc
	r[0].SetE(0x65)
	r[0].SetF(0x2a5a5a5a5a5a5a5)
	r[0].SetG(-2)
}

func checkBitfieldsPacked(t *testing.T, r []bitfieldspacked.BitfieldsPackedRecord) {
	equal(t, "a", r[0].A(), 5)
	equal(t, "b", r[0].B(), 0x1a5a5)
	equal(t, "c", r[0].C(), 0x5a5a5a5a)
	equal(t, "d", r[0].D(), -9876543210)
	equal(t, "plain", r[0].Plain, 0xcc)
	equal(t, "e", r[0].E(), 0x65)
	equal(t, "f", r[0].F(), 0x2a5a5a5a5a5a5a5)
	equal(t, "g", r[0].G(), -2)
}

func loadBitfieldsPacked() (loaded[bitfieldspacked.BitfieldsPackedRecord], error) {
	return load(bitfieldspacked.OpenBitfieldsPacked, func(b *bitfieldspacked.BitfieldsPackedCollection) (recordsMap[bitfieldspacked.BitfieldsPackedRecord], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}

func fillPacked(r []packed.PackedRecord) {
	r[0].Kind = 1
	r[0].Port.Set(0x2233)
	r[0].When.Set(0x445566778899aabb)
	for i, n := range []int32{-1, 0x01020304, -70000} {
		r[0].Numbers[i].Set(n)
	}
	r[0].SetPoint(packed.PackedPoint{X: 0x0506, Y: -505})
	r[0].Inner.Tag = 7
	r[0].Inner.Value.Set(0x0708090a)
	r[0].Row[0].Tag = 8
	r[0].Row[0].Value.Set(0x0b0c0d0e)
	r[0].Row[1].Tag = 9
	r[0].Row[1].Value.Set(0x0f101112)
	r[0].Named.A = 10
	r[0].Named.B.Set(0x1314151617181920)
	r[0].SetEither(0x2122232425262728)
	r[0].Pointer.Set(0x1122334455)
	r[0].Address = networkOrder(0x7f000001)
	r[0].End = 0xff
	r[1].SetOther(0x99)
}

func checkPacked(t *testing.T, r []packed.PackedRecord) {
	equal(t, "kind", r[0].Kind, 1)
	equal(t, "port", r[0].Port.Get(), 0x2233)
	equal(t, "when", r[0].When.Get(), 0x445566778899aabb)
	equal(t, "numbers", r[0].Numbers, [3]ctypes.Int32{ctypes.NewInt32(-1), ctypes.NewInt32(0x01020304), ctypes.NewInt32(-70000)})
	equal(t, "point.x", r[0].Point().X, 0x0506)
	equal(t, "point.y", r[0].Point().Y, -505)
	equal(t, "inner.tag", r[0].Inner.Tag, 7)
	equal(t, "inner.value", r[0].Inner.Value.Get(), 0x0708090a)
	equal(t, "row[0].tag", r[0].Row[0].Tag, 8)
	equal(t, "row[0].value", r[0].Row[0].Value.Get(), 0x0b0c0d0e)
	equal(t, "row[1].tag", r[0].Row[1].Tag, 9)
	equal(t, "row[1].value", r[0].Row[1].Value.Get(), 0x0f101112)
	equal(t, "named.a", r[0].Named.A, 10)
	equal(t, "named.b", r[0].Named.B.Get(), 0x1314151617181920)
	equal(t, "either", r[0].Either(), 0x2122232425262728)
	equal(t, "pointer", r[0].Pointer.Get(), 0x1122334455)
	equal(t, "address", r[0].Address, networkOrder(0x7f000001))
	equal(t, "end", r[0].End, 0xff)
	equal(t, "other", r[1].Other(), 0x99)
}

func loadPacked() (loaded[packed.PackedRecord], error) {
	return load(packed.OpenPacked, func(b *packed.PackedCollection) (recordsMap[packed.PackedRecord], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}

func fillAlignment(r []alignment.AlignmentRecord) {
	r[0].First = 1
	r[0].Second = 0x0202
	r[0].Four.A = 3
	r[0].Four.B.Set(0x04040404)
	r[0].Four.C = 5
	r[0].Lines[0].Counter = 0x06060606
	r[0].Lines[1].Counter = 0x07070707
	r[0].Last = 8
}

func checkAlignment(t *testing.T, r []alignment.AlignmentRecord) {
	equal(t, "first", r[0].First, 1)
	equal(t, "second", r[0].Second, 0x0202)
	equal(t, "four.a", r[0].Four.A, 3)
	equal(t, "four.b", r[0].Four.B.Get(), 0x04040404)
	equal(t, "four.c", r[0].Four.C, 5)
	equal(t, "lines[0].counter", r[0].Lines[0].Counter, 0x06060606)
	equal(t, "lines[1].counter", r[0].Lines[1].Counter, 0x07070707)
	equal(t, "last", r[0].Last, 8)
}

func loadAlignment() (loaded[alignment.AlignmentRecord], error) {
	return load(alignment.OpenAlignment, func(b *alignment.AlignmentCollection) (recordsMap[alignment.AlignmentRecord], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}

func fillAnonymousStruct(r []anonymousstruct.AnonymousStructRecord) {
	r[0].Before = 1
	r[0].Flat = 0x02030405
	r[0].Flatter = 0x0607
	r[0].Flattest = 8
	r[0].Named.Inside = 0x090a0b0c0d0e0f10
	r[0].Named.Deeper.Deep = 0x11
	r[0].Row[0].X, r[0].Row[0].Y = 0x1213, 0x14151617
	r[0].Row[1].X, r[0].Row[1].Y = 0x1819, 0x1a1b1c1d
	r[0].After = 0x1e
}

func checkAnonymousStruct(t *testing.T, r []anonymousstruct.AnonymousStructRecord) {
	equal(t, "before", r[0].Before, 1)
	equal(t, "flat", r[0].Flat, 0x02030405)
	equal(t, "flatter", r[0].Flatter, 0x0607)
	equal(t, "flattest", r[0].Flattest, 8)
	equal(t, "named.inside", r[0].Named.Inside, 0x090a0b0c0d0e0f10)
	equal(t, "named.deeper.deep", r[0].Named.Deeper.Deep, 0x11)
	equal(t, "row[0].x", r[0].Row[0].X, 0x1213)
	equal(t, "row[0].y", r[0].Row[0].Y, 0x14151617)
	equal(t, "row[1].x", r[0].Row[1].X, 0x1819)
	equal(t, "row[1].y", r[0].Row[1].Y, 0x1a1b1c1d)
	equal(t, "after", r[0].After, 0x1e)
}

func loadAnonymousStruct() (loaded[anonymousstruct.AnonymousStructRecord], error) {
	return load(anonymousstruct.OpenAnonymousStruct, func(b *anonymousstruct.AnonymousStructCollection) (recordsMap[anonymousstruct.AnonymousStructRecord], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}

func fillNestedNamed(r []nestednamed.NestedNamedRecord) {
	r[0].Source.Address = nestednamed.NestedNamedAddress{Bytes: [4]uint8{0: 192, 3: 1}, Port: 8080}
	r[0].Source.Ifindex = 2
	r[0].Destination.Address = nestednamed.NestedNamedAddress{Bytes: [4]uint8{1: 168}, Port: 443}
	r[0].Destination.Ifindex = 3
	r[0].Via[0].Bytes[2] = 17
	r[0].Via[1].Port = 53
	r[0].Inside.A = 0x0102
	r[0].Inside.That.B = 0x030405060708090a
}

func checkNestedNamed(t *testing.T, r []nestednamed.NestedNamedRecord) {
	equal(t, "source.address.bytes", r[0].Source.Address.Bytes, [4]uint8{0: 192, 3: 1})
	equal(t, "source.address.port", r[0].Source.Address.Port, 8080)
	equal(t, "source.ifindex", r[0].Source.Ifindex, 2)
	equal(t, "destination.address.bytes", r[0].Destination.Address.Bytes, [4]uint8{1: 168})
	equal(t, "destination.address.port", r[0].Destination.Address.Port, 443)
	equal(t, "destination.ifindex", r[0].Destination.Ifindex, 3)
	equal(t, "via[0].bytes", r[0].Via[0].Bytes, [4]uint8{2: 17})
	equal(t, "via[1].port", r[0].Via[1].Port, 53)
	equal(t, "inside.a", r[0].Inside.A, 0x0102)
	equal(t, "inside.that.b", r[0].Inside.That.B, 0x030405060708090a)
}

func loadNestedNamed() (loaded[nestednamed.NestedNamedRecord], error) {
	return load(nestednamed.OpenNestedNamed, func(b *nestednamed.NestedNamedCollection) (recordsMap[nestednamed.NestedNamedRecord], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}

func fillFloatDouble(r []floatdouble.FloatDoubleRecord) {
	r[0].F, r[0].D = 1.5, -2.25
	r[0].Row[0], r[0].Row[2] = 0.5, 3e10
	r[0].SetArm(-0.125)
	r[1].SetBits(0x7f800000)
}

func checkFloatDouble(t *testing.T, r []floatdouble.FloatDoubleRecord) {
	equal(t, "f", r[0].F, 1.5)
	equal(t, "d", r[0].D, -2.25)
	equal(t, "row", r[0].Row, [3]float32{0: 0.5, 2: 3e10})
	equal(t, "arm", r[0].Arm(), -0.125)
	equal(t, "bits", r[1].Bits(), 0x7f800000)
	equal(t, "bits as arm", r[1].Arm(), float32(math.Inf(1)))
}

func loadFloatDouble() (loaded[floatdouble.FloatDoubleRecord], error) {
	return load(floatdouble.OpenFloatDouble, func(b *floatdouble.FloatDoubleCollection) (recordsMap[floatdouble.FloatDoubleRecord], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}

func fillFloatMisaligned(r []floatmisaligned.FloatMisalignedRecord) {
	r[0].Tag = 4
	r[0].Misaligned.Set(1e300)
	r[0].Too.Set(-1.5)
}

func checkFloatMisaligned(t *testing.T, r []floatmisaligned.FloatMisalignedRecord) {
	equal(t, "tag", r[0].Tag, 4)
	equal(t, "misaligned", r[0].Misaligned.Get(), 1e300)
	equal(t, "too", r[0].Too.Get(), -1.5)
}

func fillInt128(r []int128.Int128Record) {
	r[0].Tag = 1
	r[0].S = wide(^uint64(0), ^uint64(1))
	r[0].U = wide(0x0102030405060708, 0x090a0b0c0d0e0f10)
	r[0].Row[1] = wide(0x1112131415161718, 0x191a1b1c1d1e1f20)
}

func checkInt128(t *testing.T, r []int128.Int128Record) {
	equal(t, "tag", r[0].Tag, 1)
	equal(t, "s", r[0].S, wide(^uint64(0), ^uint64(1)))
	equal(t, "u", r[0].U, wide(0x0102030405060708, 0x090a0b0c0d0e0f10))
	equal(t, "row[1]", r[0].Row[1], wide(0x1112131415161718, 0x191a1b1c1d1e1f20))
}

func loadInt128() (loaded[int128.Int128Record], error) {
	return load(int128.OpenInt128, func(b *int128.Int128Collection) (recordsMap[int128.Int128Record], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}

func fillPointersKptrFunc(r []pointerskptrfunc.PointersKptrFuncRecord) {
	r[0].Anything = 0x1111111111111111
	r[0].Text = 0x2222222222222222
	r[0].Task = 0x3333333333333333
	r[0].List = 0x4444444444444444
	r[0].Func = 0x5555555555555555
	r[0].Typed = 0x6666666666666666
	r[0].Row = [2]ctypes.Pointer{0x7777777777777777, 0x8888888888888888}
	r[0].Links.Next = 0x9999999999999999
	r[0].Links.Prev = 0xaaaaaaaaaaaaaaaa
	r[0].Table[1] = 0xbbbbbbbbbbbbbbbb
	r[0].Slots[1].Kind = 0xcc
	r[0].Slots[1].Target = 0xdddddddddddddddd
}

func checkPointersKptrFunc(t *testing.T, r []pointerskptrfunc.PointersKptrFuncRecord) {
	equal(t, "anything", r[0].Anything, 0x1111111111111111)
	equal(t, "text", r[0].Text, 0x2222222222222222)
	equal(t, "task", r[0].Task, 0x3333333333333333)
	equal(t, "list", r[0].List, 0x4444444444444444)
	equal(t, "func", r[0].Func, 0x5555555555555555)
	equal(t, "typed", r[0].Typed, 0x6666666666666666)
	equal(t, "row", r[0].Row, [2]ctypes.Pointer{0x7777777777777777, 0x8888888888888888})
	equal(t, "links.next", r[0].Links.Next, 0x9999999999999999)
	equal(t, "links.prev", r[0].Links.Prev, 0xaaaaaaaaaaaaaaaa)
	equal(t, "table[1]", r[0].Table[1], 0xbbbbbbbbbbbbbbbb)
	equal(t, "slots[1].kind", r[0].Slots[1].Kind, 0xcc)
	equal(t, "slots[1].target", r[0].Slots[1].Target, 0xdddddddddddddddd)
}

func loadPointersKptrFunc() (loaded[pointerskptrfunc.PointersKptrFuncRecord], error) {
	return load(pointerskptrfunc.OpenPointersKptrFunc, func(b *pointerskptrfunc.PointersKptrFuncCollection) (recordsMap[pointerskptrfunc.PointersKptrFuncRecord], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}

func fillEnumSizesSigned(r []enumsizessigned.EnumSizesSignedRecord) {
	r[0].One = enumsizessigned.EnumSizesSignedOneB
	r[0].OneSigned = enumsizessigned.EnumSizesSignedOneSignedOneMinus
	r[0].Two = enumsizessigned.EnumSizesSignedTwoB
	r[0].Four = enumsizessigned.EnumSizesSignedFourMax
	r[0].FourSigned = enumsizessigned.EnumSizesSignedFourSignedFourMinus
	r[0].Eight = enumsizessigned.EnumSizesSignedEightBig
	r[0].EightSigned = enumsizessigned.EnumSizesSignedEightSignedEightMinus
	r[0].Aliases = enumsizessigned.EnumSizesSignedAliasesAliasOther
	r[0].Typedefed = enumsizessigned.EnumSizesSignedTypedefedTypedefB
	r[0].Inside = enumsizessigned.EnumSizesSignedRecordInsideInsideB
	r[0].SetBits(enumsizessigned.EnumSizesSignedFourSignedFourOne)
	r[0].Row[0] = enumsizessigned.EnumSizesSignedOneB
	r[0].Row[2] = 7
}

func checkEnumSizesSigned(t *testing.T, r []enumsizessigned.EnumSizesSignedRecord) {
	equal(t, "one", r[0].One, 200)
	equal(t, "one_signed", r[0].OneSigned, -100)
	equal(t, "two", r[0].Two, 60000)
	equal(t, "four", r[0].Four, 0xffffffff)
	equal(t, "four_signed", r[0].FourSigned, -1)
	equal(t, "eight", r[0].Eight, 0x1122334455667788)
	equal(t, "eight_signed", r[0].EightSigned, -5000000000)
	equal(t, "aliases", r[0].Aliases, 2)
	equal(t, "typedefed", r[0].Typedefed, 9)
	equal(t, "inside", r[0].Inside, 12)
	equal(t, "bits", r[0].Bits(), 1)
	equal(t, "row[0]", r[0].Row[0], 200)
	equal(t, "row[2]", r[0].Row[2], 7)
}

func loadEnumSizesSigned() (loaded[enumsizessigned.EnumSizesSignedRecord], error) {
	return load(enumsizessigned.OpenEnumSizesSigned, func(b *enumsizessigned.EnumSizesSignedCollection) (recordsMap[enumsizessigned.EnumSizesSignedRecord], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}

func fillEnumShort(r []enumshort.EnumShortRecord) {
	r[0].Tiny = enumshort.EnumShortTinySome
	r[0].Minus = enumshort.EnumShortTinySignedTinyMinus
	r[0].Small = enumshort.EnumShortSmallSome
	r[0].Next = 0x01020304
}

func checkEnumShort(t *testing.T, r []enumshort.EnumShortRecord) {
	equal(t, "tiny", r[0].Tiny, 1)
	equal(t, "minus", r[0].Minus, -1)
	equal(t, "small", r[0].Small, 1000)
	equal(t, "next", r[0].Next, 0x01020304)
}

func loadEnumShort() (loaded[enumshort.EnumShortRecord], error) {
	return load(enumshort.OpenEnumShort, func(b *enumshort.EnumShortCollection) (recordsMap[enumshort.EnumShortRecord], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}

func fillBools(r []bools.BoolsRecord) {
	r[0].Yes, r[0].No = ctypes.BoolOf(true), ctypes.BoolOf(false)
	r[0].Row[1].Set(true)
	r[0].SetBit(false)
	r[0].SetOtherBit(true)
	r[0].Packed.Before = 9
	r[0].Packed.Packed.Set(true)
	r[0].Packed.After.Set(0x0a0b0c0d)
}

func checkBools(t *testing.T, r []bools.BoolsRecord) {
	equal(t, "yes", r[0].Yes.Get(), true)
	equal(t, "no", r[0].No.Get(), false)
	equal(t, "row", r[0].Row, [3]ctypes.Bool{1: ctypes.BoolOf(true)})
	equal(t, "bit", r[0].Bit(), false)
	equal(t, "other_bit", r[0].OtherBit(), true)
	equal(t, "packed.before", r[0].Packed.Before, 9)
	equal(t, "packed.packed", r[0].Packed.Packed.Get(), true)
	equal(t, "packed.after", r[0].Packed.After.Get(), 0x0a0b0c0d)
}

func loadBools() (loaded[bools.BoolsRecord], error) {
	return load(bools.OpenBools, func(b *bools.BoolsCollection) (recordsMap[bools.BoolsRecord], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}

func fillMultiDim(r []multidim.MultiDimRecord) {
	r[0].Grid[0][0], r[0].Grid[0][2], r[0].Grid[1][1] = 1, 0x0203, 0x0405
	r[0].Cube[0][0][3], r[0].Cube[1][2][0] = 6, 7
	r[0].Cells[0][1].A = 8
	r[0].Cells[1][0].B = 0x090a0b0c
	r[0].Unions[0][1].SetWord(0x0d0e0f10)
	r[0].Unions[1][0].SetBytes([4]uint8{3: 0x11})
	r[0].Packed.Tag = 0x12
	r[0].Packed.Misaligned[0][1].Set(0x13141516)
	r[0].Packed.Misaligned[1][0].Set(0x1718191a)
	r[0].Names[0][0], r[0].Names[1][7] = 'a', 'z'
	r[0].One[0][0] = 0x1b
}

func checkMultiDim(t *testing.T, r []multidim.MultiDimRecord) {
	equal(t, "grid", r[0].Grid, [2][3]uint16{{1, 0, 0x0203}, {0, 0x0405, 0}})
	equal(t, "cube[0][0][3]", r[0].Cube[0][0][3], 6)
	equal(t, "cube[1][2][0]", r[0].Cube[1][2][0], 7)
	equal(t, "cells[0][1].a", r[0].Cells[0][1].A, 8)
	equal(t, "cells[1][0].b", r[0].Cells[1][0].B, 0x090a0b0c)
	equal(t, "unions[0][1].word", r[0].Unions[0][1].Word(), 0x0d0e0f10)
	equal(t, "unions[1][0].bytes", r[0].Unions[1][0].Bytes(), [4]uint8{3: 0x11})
	equal(t, "packed.tag", r[0].Packed.Tag, 0x12)
	equal(t, "packed.misaligned", r[0].Packed.Misaligned, [2][2]ctypes.Uint32{{1: ctypes.NewUint32(0x13141516)}, {ctypes.NewUint32(0x1718191a)}})
	equal(t, "names[0][0]", r[0].Names[0][0], 'a')
	equal(t, "names[1][7]", r[0].Names[1][7], 'z')
	equal(t, "one[0][0]", r[0].One[0][0], 0x1b)
}

func loadMultiDim() (loaded[multidim.MultiDimRecord], error) {
	return load(multidim.OpenMultiDim, func(b *multidim.MultiDimCollection) (recordsMap[multidim.MultiDimRecord], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}

func fillEmptyStructUnion(r []emptystructunion.EmptyStructUnionRecord) {
	r[0].A = 0x01020304
	r[0].B = 0x0506
}

func checkEmptyStructUnion(t *testing.T, r []emptystructunion.EmptyStructUnionRecord) {
	equal(t, "a", r[0].A, 0x01020304)
	equal(t, "b", r[0].B, 0x0506)
}

func loadEmptyStructUnion() (loaded[emptystructunion.EmptyStructUnionRecord], error) {
	return load(emptystructunion.OpenEmptyStructUnion, func(b *emptystructunion.EmptyStructUnionCollection) (recordsMap[emptystructunion.EmptyStructUnionRecord], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}

func fillTypedefChains(r []typedefchains.TypedefChainsRecord) {
	r[0].Idle = 0x01020304
	r[0].Plain.A, r[0].Plain.B = 0x0506, 0x0708090a
	r[0].Renamed.A, r[0].Renamed.B = 0x2526, 0x0b0c0d0e
	r[0].Either.SetWide(0x1112131415161718)
	r[0].Macs[0][5], r[0].Macs[1][0] = 0x19, 0x1a
	r[0].Tagged.X = 0x1b1c1d1e
	r[0].Same.X = 0x1f202122
	r[0].Handles[1] = 0x23
	r[1].Either.SetNarrow(0x24)
}

func checkTypedefChains(t *testing.T, r []typedefchains.TypedefChainsRecord) {
	equal(t, "idle", r[0].Idle, 0x01020304)
	equal(t, "plain.a", r[0].Plain.A, 0x0506)
	equal(t, "plain.b", r[0].Plain.B, 0x0708090a)
	equal(t, "renamed.a", r[0].Renamed.A, 0x2526)
	equal(t, "renamed.b", r[0].Renamed.B, 0x0b0c0d0e)
	equal(t, "either.wide", r[0].Either.Wide(), 0x1112131415161718)
	equal(t, "macs[0][5]", r[0].Macs[0][5], 0x19)
	equal(t, "macs[1][0]", r[0].Macs[1][0], 0x1a)
	equal(t, "tagged.x", r[0].Tagged.X, 0x1b1c1d1e)
	equal(t, "same.x", r[0].Same.X, 0x1f202122)
	equal(t, "handles[1]", r[0].Handles[1], 0x23)
	equal(t, "either.narrow", r[1].Either.Narrow(), 0x24)
}

func loadTypedefChains() (loaded[typedefchains.TypedefChainsRecord], error) {
	return load(typedefchains.OpenTypedefChains, func(b *typedefchains.TypedefChainsCollection) (recordsMap[typedefchains.TypedefChainsRecord], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}

func fillByteOrderTypes(r []byteordertypes.ByteOrderTypesRecord) {
	r[0].Port.Set(443)
	r[0].Address.SetAddr(netip.MustParseAddr("127.0.0.1"))
	r[0].Wide.Set(0x0102030405060708)
	r[0].L16.Set(0x1234)
	r[0].L32.Set(0x12345678)
	r[0].L64.Set(0x123456789abcdef0)
	r[0].Chained.Set(0x0a000001)
	r[0].Row[1].Set(53)
	r[0].SetV4(ctypes.NewBE32(0xc0a80001))
	r[0].Marked.Set(0x08080808)
	r[0].Packed.Tag = 0x77
	r[0].Packed.Misaligned.Set(0x01010101)
	r[1].SetV6([4]ctypes.BE32{3: ctypes.NewBE32(1)})
}

func checkByteOrderTypes(t *testing.T, r []byteordertypes.ByteOrderTypesRecord) {
	equal(t, "port", r[0].Port.Get(), 443)
	equal(t, "address", r[0].Address.Addr(), netip.MustParseAddr("127.0.0.1"))
	equal(t, "wide", r[0].Wide.Get(), 0x0102030405060708)
	equal(t, "l16", r[0].L16.Get(), 0x1234)
	equal(t, "l32", r[0].L32.Get(), 0x12345678)
	equal(t, "l64", r[0].L64.Get(), 0x123456789abcdef0)
	equal(t, "chained", r[0].Chained.Get(), 0x0a000001)
	equal(t, "row[1]", r[0].Row[1].Get(), 53)
	equal(t, "v4", r[0].V4(), ctypes.NewBE32(0xc0a80001))
	equal(t, "marked", r[0].Marked.Get(), 0x08080808)
	equal(t, "packed.tag", r[0].Packed.Tag, 0x77)
	equal(t, "packed.misaligned", r[0].Packed.Misaligned.Get(), 0x01010101)
	equal(t, "v6", r[1].V6(), [4]ctypes.BE32{3: ctypes.NewBE32(1)})
}

func loadByteOrderTypes() (loaded[byteordertypes.ByteOrderTypesRecord], error) {
	return load(byteordertypes.OpenByteOrderTypes, func(b *byteordertypes.ByteOrderTypesCollection) (recordsMap[byteordertypes.ByteOrderTypesRecord], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}

func fillCharArrays(r []chararrays.CharArraysRecord) {
	r[0].Name[0], r[0].Name[1] = 'n', 'o'
	r[0].Comm[0] = 'c'
	r[0].Raw[0] = 0xff
	r[0].Odd[2] = -1
	r[0].Full = [4]int8{'f', 'u', 'l', 'L'}
	r[0].Rows[1][3] = 'r'
	r[0].One = 'o'
}

func checkCharArrays(t *testing.T, r []chararrays.CharArraysRecord) {
	equal(t, "name", r[0].NameString(), "no")
	equal(t, "comm", r[0].CommString(), "c")
	equal(t, "raw", r[0].Raw, [4]uint8{0xff})
	equal(t, "odd", r[0].Odd, [3]int8{2: -1})
	equal(t, "full", r[0].FullString(), "fulL")
	equal(t, "rows", r[0].Rows, [2][4]int8{1: {3: 'r'}})
	equal(t, "one", r[0].One, 'o')
}

func loadCharArrays() (loaded[chararrays.CharArraysRecord], error) {
	return load(chararrays.OpenCharArrays, func(b *chararrays.CharArraysCollection) (recordsMap[chararrays.CharArraysRecord], *typed.Syscall, *typed.Syscall) {
		return b.Maps.Records, b.Programs.WriteMembers, b.Programs.CheckMembers
	})
}
