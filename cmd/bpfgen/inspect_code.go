package main

// What inspect says that definitions alone do not tell: what programs refer to,
// what variables hold before any program runs, which capabilities and how much
// memory the kernel asks for.

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/forecast"
)

// addCode adds what package forecast finds in the code. Of an object that
// cilium/ebpf refuses there is nothing: LoadError says so.
func (r *report) addCode(name string, object *btfparse.Object, content []byte) error {
	if object.LoadError != nil {
		return nil
	}
	code, err := forecast.ReadObject(name, bytes.NewReader(content))
	if err != nil {
		return err
	}
	uses := make(map[string]forecast.Use)
	for _, u := range code.Uses() {
		uses[u.Program] = u
	}
	for i := range r.Programs {
		p := &r.Programs[i]
		u := uses[p.Name]
		p.Instructions, p.Maps, p.Helpers, p.Kfuncs = u.Instructions, u.Maps, u.Helpers, u.Kfuncs
		p.Ksyms, p.Kconfig, p.Relocations = u.Ksyms, u.Kconfig, u.Relocations
	}
	for _, s := range code.Sections() { // as cilium/ebpf makes maps of them
		r.Sections = append(r.Sections, sectionReport(s))
	}
	for i := range r.Variables {
		v := &r.Variables[i]
		data, ok := code.Initial(v.Section)
		if from, to := uint64(v.Offset), uint64(v.Offset)+uint64(v.Size); ok && v.typ != nil && to <= uint64(len(data)) {
			v.Initial = initial(v.typ, data[from:to], object.ByteOrder)
		}
	}
	return nil
}

// capabilities are those that BPF_PROG_LOAD asks for: is_net_admin_prog_type and
// is_perfmon_prog_type of kernel/bpf/syscall.c, since Linux 5.8. Two types can be
// loaded without any where kernel.unprivileged_bpf_disabled is 0.
func capabilities(t btfparse.ProgType) []string {
	list := []string{"CAP_BPF"}
	if slices.Contains(netAdminTypes, t) {
		list = append(list, "CAP_NET_ADMIN")
	}
	if slices.Contains(perfmonTypes, t) {
		list = append(list, "CAP_PERFMON")
	}
	return list
}

var (
	netAdminTypes = []btfparse.ProgType{
		btfparse.ProgSchedCLS, btfparse.ProgSchedACT, btfparse.ProgXDP,
		btfparse.ProgLWTIn, btfparse.ProgLWTOut, btfparse.ProgLWTXmit, btfparse.ProgLWTSeg6Local,
		btfparse.ProgSkSKB, btfparse.ProgSkMsg, btfparse.ProgFlowDissector, btfparse.ProgCGroupDevice,
		btfparse.ProgCGroupSock, btfparse.ProgCGroupSockAddr, btfparse.ProgCGroupSockopt,
		btfparse.ProgCGroupSysctl, btfparse.ProgSockOps, btfparse.ProgExt, btfparse.ProgNetfilter,
	}
	perfmonTypes = []btfparse.ProgType{
		btfparse.ProgKprobe, btfparse.ProgTracepoint, btfparse.ProgPerfEvent,
		btfparse.ProgRawTracepoint, btfparse.ProgRawTracepointWritable, btfparse.ProgTracing,
		btfparse.ProgLSM, btfparse.ProgStructOps, btfparse.ProgExt,
	}
)

// memoryReport is what keys, values and records of a full map take, in bytes; the
// kernel's own bookkeeping comes on top.
type memoryReport struct {
	Bytes uint64 `json:"bytes"`
	// PerCPU bytes are taken once for each possible CPU.
	PerCPU uint64 `json:"perCPU,omitempty"`
}

// mapMemory is nil for types that hold references, whose size is the kernel's own
// matter, and for sizes that the object leaves open.
func mapMemory(m *btfparse.Map) *memoryReport {
	if m.MaxEntries == 0 {
		return nil
	}
	n := uint64(m.MaxEntries)
	key, value := roundUp8(m.KeySize), roundUp8(m.ValueSize)
	switch m.Type {
	case btfparse.MapArray:
		return &memoryReport{Bytes: n * value}
	case btfparse.MapPerCPUArray:
		return &memoryReport{PerCPU: n * value}
	case btfparse.MapHash, btfparse.MapLRUHash:
		return &memoryReport{Bytes: n * (key + value)}
	case btfparse.MapPerCPUHash, btfparse.MapLRUPerCPUHash:
		return &memoryReport{Bytes: n * key, PerCPU: n * value}
	case btfparse.MapQueue, btfparse.MapStack:
		return &memoryReport{Bytes: n * uint64(m.ValueSize)}
	case btfparse.MapRingBuf, btfparse.MapUserRingBuf:
		return &memoryReport{Bytes: n}
	case btfparse.MapLPMTrie:
		return &memoryReport{Bytes: n * (uint64(m.KeySize) + uint64(m.ValueSize))}
	default:
		return nil
	}
}

func roundUp8(n uint32) uint64 { return (uint64(n) + 7) &^ 7 }

func (m *memoryReport) String() string {
	switch {
	case m == nil:
		return ""
	case m.PerCPU == 0:
		return byteSize(m.Bytes)
	case m.Bytes == 0:
		return byteSize(m.PerCPU) + " per CPU"
	}
	return byteSize(m.Bytes) + " + " + byteSize(m.PerCPU) + " per CPU"
}

// byteSize is a number of bytes in the largest unit that leaves one digit before
// the point.
func byteSize(n uint64) string {
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	unit := 0
	for n>>(10*(unit+1)) > 0 {
		unit++
	}
	text := strconv.FormatFloat(float64(n)/float64(uint64(1)<<(10*unit)), 'f', 1, 64)
	return strings.TrimSuffix(text, ".0") + " " + string("KMGTPE"[unit-1]) + "iB"
}

// typeID is the same for the same type in every object: a digest of its layout in
// C, with names, or of its name where BTF does not hold one.
func typeID(object *btfparse.Object, t btfparse.Type) string {
	text := t.CName()
	if l, ok := object.Layout(t); ok {
		text += "\n" + l.String()
	}
	sum := sha256.Sum256([]byte(text))
	return "t" + hex.EncodeToString(sum[:8])
}

// maxInitial bounds how many elements and characters of an initial value are shown.
const maxInitial = 16

// initial is a value as C would write it. Bytes that are all zero are "0".
func initial(t btfparse.Type, data []byte, order binary.ByteOrder) string {
	if uint64(t.Size()) > uint64(len(data)) || len(data) == 0 {
		return ""
	}
	if allZero(data) {
		return "0"
	}
	switch t := btfparse.Underlying(t).(type) {
	case *btfparse.Int:
		return initialInt(t, data, order)
	case *btfparse.Enum:
		return initialEnum(t, data, order)
	case *btfparse.Array:
		return initialArray(t, data, order)
	case *btfparse.Struct:
		return initialStruct(t, data, order)
	case *btfparse.Pointer:
		return fmt.Sprintf("%#x", order.Uint64(data))
	}
	return hexBytes(data)
}

func allZero(data []byte) bool {
	return len(bytes.TrimLeft(data, "\x00")) == 0
}

// hexBytes are bytes in the order of memory.
func hexBytes(data []byte) string {
	var list []string
	for i, b := range data {
		if i == maxInitial {
			list = append(list, "…")
			break
		}
		list = append(list, fmt.Sprintf("0x%02x", b))
	}
	return "{" + strings.Join(list, ", ") + "}"
}

// number reads an integer of 1, 2, 4 or 8 bytes.
func number(data []byte, order binary.ByteOrder) (uint64, bool) {
	switch len(data) {
	case 1:
		return uint64(data[0]), true
	case 2:
		return uint64(order.Uint16(data)), true
	case 4:
		return uint64(order.Uint32(data)), true
	case 8:
		return order.Uint64(data), true
	}
	return 0, false
}

func initialInt(t *btfparse.Int, data []byte, order binary.ByteOrder) string {
	n, ok := number(data[:t.Bytes], order)
	switch {
	case !ok:
		return hexBytes(data)
	case t.Encoding == btfparse.Bool:
		return strconv.FormatBool(n != 0)
	case t.Encoding == btfparse.Signed:
		unused := 64 - 8*t.Bytes
		return strconv.FormatInt(int64(n<<unused)>>unused, 10)
	}
	return strconv.FormatUint(n, 10)
}

func initialEnum(t *btfparse.Enum, data []byte, order binary.ByteOrder) string {
	n, ok := number(data[:t.Bytes], order)
	if !ok {
		return hexBytes(data)
	}
	text := t.Literal(n)
	for _, v := range t.Values {
		if t.Literal(v.Value) == text {
			return v.Name
		}
	}
	return text
}

func initialArray(t *btfparse.Array, data []byte, order binary.ByteOrder) string {
	elem, ok := btfparse.Underlying(t.Elem).(*btfparse.Int)
	if text, _, _ := bytes.Cut(data, []byte{0}); ok && elem.Char {
		if len(text) > 4*maxInitial {
			return strconv.QuoteToASCII(string(text[:4*maxInitial])) + "…"
		}
		return strconv.QuoteToASCII(string(text))
	}
	var list []string
	for size := t.Elem.Size(); size > 0 && uint64(size) <= uint64(len(data)) && uint32(len(list)) < t.Len; data = data[size:] {
		if len(list) == maxInitial {
			list = append(list, "…")
			break
		}
		list = append(list, initial(t.Elem, data[:size], order))
	}
	return "{" + strings.Join(list, ", ") + "}"
}

// initialStruct leaves out members that are zero, as C does.
func initialStruct(t *btfparse.Struct, data []byte, order binary.ByteOrder) string {
	if t.Union {
		return hexBytes(data)
	}
	var list []string
	for _, f := range t.Fields {
		value := initialField(f, data, order)
		switch {
		case value == "0" || value == "":
		case f.Name == "":
			list = append(list, value)
		default:
			list = append(list, "."+f.Name+" = "+value)
		}
	}
	if list == nil { // what there is, is in holes
		return "0"
	}
	return "{" + strings.Join(list, ", ") + "}"
}

// initialField is the value of one member of a struct.
func initialField(f btfparse.Field, data []byte, order binary.ByteOrder) string {
	from, size := uint64(f.OffsetBits), uint64(f.SizeBits)
	switch {
	case size == 0 || from+size > 8*uint64(len(data)):
		return ""
	case !f.Bitfield:
		return initial(f.Type, data[from/8:(from+size)/8], order)
	case size > 64:
		return ""
	}
	var n uint64
	for i := range size {
		if bit := from + i; order == binary.BigEndian {
			n = n<<1 | uint64(data[bit/8]>>(7-bit%8)&1)
		} else {
			n |= uint64(data[bit/8]>>(bit%8)&1) << i
		}
	}
	if t, ok := btfparse.Underlying(f.Type).(*btfparse.Int); ok && t.Encoding == btfparse.Signed {
		return strconv.FormatInt(int64(n<<(64-size))>>(64-size), 10)
	}
	return strconv.FormatUint(n, 10)
}
