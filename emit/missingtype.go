package emit

// What is said of a type that the user names and no object has.

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/internal/lazyregexp"
	"github.com/bpfgen/bpfgen/internal/suggest"
)

// insteadOf is what to do about a type that a target does not have: what was
// probably meant, else how C puts a type into the object. Scalars need no such line,
// and for them it would do nothing.
func (w *wanted) insteadOf(name string, target int) string {
	if similar := similarScalar(name); similar != "" {
		return similar
	}
	names := w.targets[target].Object.Names()
	for _, p := range plainTypes {
		names = append(names, p.names...)
	}
	similar := suggest.DidYouMean(name, names)
	if sizedScalar().MatchString(name) || withKeyword(name) != name && strings.Contains(name, " ") {
		return cmp.Or(similar, "; scalars are called as in C or the kernel: __u8, unsigned int, __be64")
	}
	use := "use it in C, for example: " + withKeyword(name) + " *unused __attribute__((unused))"
	if similar != "" {
		return similar + " Else " + use
	}
	return "; " + use
}

// withKeyword is a name of C that needs no typedef.
func withKeyword(name string) string {
	for _, keyword := range []string{"struct ", "union ", "enum "} {
		if strings.HasPrefix(name, keyword) {
			return name
		}
	}
	return "struct " + name
}

// sizedScalar matches what looks like the name of a number of so many bits: u8,
// uint8_t, __be32, s64.
var sizedScalar = lazyregexp.New(`^_*(u|s|i|be|le|uint|int|sint)([0-9]+)(_t)?$`)

// scalarPrefixes are the kernel's for those that others write.
var scalarPrefixes = map[string]string{
	"u": "__u", "uint": "__u", "s": "__s", "i": "__s", "int": "__s", "sint": "__s", "be": "__be", "le": "__le",
}

// scalarNames are the kernel's names for further ones of C and Go.
var scalarNames = map[string]string{
	"byte": "__u8", "uchar": "__u8", "ushort": "__u16", "unsigned": "__u32", "uint": "__u32", "size_t": "__u64", "ulong": "__u64",
	"boolean": "_Bool",
}

// similarScalar suggests what C and the kernel call a scalar, "" where the name is
// that of none.
func similarScalar(name string) string {
	kernel := scalarNames[name]
	if parts := sizedScalar().FindStringSubmatch(name); parts != nil {
		kernel = scalarPrefixes[parts[1]] + parts[2]
	}
	if kernel == name || plainType(kernel) == nil {
		return ""
	}
	names := []string{kernel}
	for _, p := range plainTypes {
		if slices.Contains(p.names, kernel) && p.names[0] != kernel {
			names = append(names, p.names[0])
		}
	}
	return fmt.Sprintf("; did you mean %s?", strings.Join(names, " or "))
}

// similarType suggests a type of the targets for a name that none has.
func (w *wanted) similarType(name string, targets ...int) string {
	var names []string
	for _, i := range targets {
		names = append(names, w.targets[i].Object.Names()...)
	}
	return suggest.DidYouMean(name, names)
}

// plainTypes are the scalars that C has without a declaration, and the kernel's
// names of integers (include/uapi/asm-generic/int-ll64.h): an object lacks what
// no code of it uses. The names of each are those of one type, the first is its
// name in an Object.
var plainTypes = []struct {
	names    []string
	bytes    uint32
	encoding btfparse.IntEncoding
}{
	{[]string{"char"}, 1, btfparse.Signed},
	{[]string{"signed char", "__s8"}, 1, btfparse.Signed},
	{[]string{"unsigned char", "__u8"}, 1, btfparse.Unsigned},
	{[]string{"_Bool", "bool"}, 1, btfparse.Bool},
	{[]string{"short", "__s16"}, 2, btfparse.Signed},
	{[]string{"unsigned short", "__u16"}, 2, btfparse.Unsigned},
	{[]string{"int", "__s32"}, 4, btfparse.Signed},
	{[]string{"unsigned int", "__u32"}, 4, btfparse.Unsigned},
	{[]string{"long long", "__s64", "long"}, 8, btfparse.Signed},
	{[]string{"unsigned long long", "__u64", "unsigned long"}, 8, btfparse.Unsigned},
	{[]string{"__int128"}, 16, btfparse.Signed},
	{[]string{"unsigned __int128"}, 16, btfparse.Unsigned},
}

// plainFloats are the sizes of the others.
var plainFloats = map[string]uint32{"float": 4, "double": 8}

// plainType is a scalar by its name; nil for any other name.
func plainType(name string) btfparse.Type {
	for _, p := range plainTypes {
		if slices.Contains(p.names, name) {
			return &btfparse.Int{Name: p.names[0], Bytes: p.bytes, Encoding: p.encoding, Char: p.names[0] == "char"}
		}
	}
	if bytes, ok := plainFloats[name]; ok {
		return &btfparse.Float{Name: name, Bytes: bytes}
	}
	for _, td := range btfparse.ByteOrderTypedefs() {
		if td.Name == name {
			of := fmt.Sprintf("__u%d", 8*td.Bytes)
			return &btfparse.Typedef{Name: name, Type: plainType(of)}
		}
	}
	return nil
}
