package emit

// Spellings: how names of C become Go identifiers, and every name that is
// derived from another one. Which of several things gets a name that all of
// them want is told by claims.go.

import (
	"crypto/sha256"
	"encoding/hex"
	"go/token"
	"go/types"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/bpfgen/bpfgen/internal/words"
)

// identifier is an exported Go identifier for a C name: flow_key → FlowKey. It
// follows bpf2go's rule (cilium/ebpf v0.22, internal/output.go, Identifier), so
// that fields have the same names in both; what that rule leaves illegal gets
// an X in front (_32_bit → X32Bit).
func identifier(c string) string {
	s := camel(c)
	switch {
	case s == "":
		return exactIdentifier(c)
	case !token.IsExported(s):
		return "X" + s
	}
	return s
}

// camel drops underscores behind lower-case letters, digits and other dropped
// underscores, and puts the next letter in upper case. Runes that no
// identifier may have are dropped.
func camel(c string) string {
	var b strings.Builder
	const start = rune(-1)
	prev := start
	for _, r := range c {
		switch {
		case unicode.IsLetter(r):
			if prev == start {
				r = unicode.ToUpper(r)
			}
		case r == '_':
			if prev == start || unicode.IsDigit(prev) || unicode.IsLower(prev) {
				prev = start
				continue
			}
		case !unicode.IsDigit(r):
			continue
		}
		b.WriteRune(r)
		prev = r
	}
	return b.String()
}

// exactIdentifier is an exported Go identifier that keeps the spelling of C
// wherever Go allows it: flow_key → Flow_key, _flow → X_flow, a::b → A__b.
func exactIdentifier(c string) string {
	s := spelled(c)
	r, n := utf8.DecodeRuneInString(s)
	if n > 0 {
		s = string(unicode.ToUpper(r)) + s[n:]
	}
	if !token.IsExported(s) {
		s = "X" + s
	}
	return s
}

// spelled is a C name with an underscore for every rune that no identifier of
// Go may have. Names that C allows stay as they are.
func spelled(c string) string {
	return strings.Map(func(r rune) rune {
		if r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, c)
}

// The names that are derived from that of a member.

// setterName is the method that writes what member X reads.
func setterName(member string) string { return "Set" + member }

// stringName is the method that reads an array of char as text.
func stringName(member string) string { return member + "String" }

// tailName is the method that reads a flexible array.
func tailName(member string) string { return member + "Tail" }

// rawName is the field with the bytes of several members, after the first.
func rawName(first string) string { return "Raw" + first }

// getterName is the method that reads a member: its own name, unless that
// means something else to Go.
func getterName(member string) string {
	if reservedMethods[member] {
		return member + "Value"
	}
	return member
}

// constantName is the constant of an enumerator, without what it repeats of
// the enum's name: VERDICT_PASS of enum verdict → counterVerdictPass.
func constantName(goType, enum, enumerator string) string {
	return goType + enumeratorName(enum, enumerator)
}

func enumeratorName(enum, enumerator string) string {
	rest := enumerator
	if n := len(enum); n > 0 && len(rest) > n+1 && rest[n] == '_' && strings.EqualFold(rest[:n], enum) {
		rest = rest[n+1:]
	}
	if s := joined(rest); s != "" {
		return s
	}
	return exactIdentifier(enumerator)
}

// joined puts words between underscores together, each with its first letter
// in upper case. Where all letters are, the others go to lower case: ALL_CAPS →
// AllCaps, X_A → XA, two_words → TwoWords, MixedCase → MixedCase.
func joined(c string) string {
	if strings.IndexFunc(c, unicode.IsLower) < 0 {
		c = strings.ToLower(c)
	}
	parts := strings.FieldsFunc(c, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, w := range parts {
		parts[i] = words.UpperFirst(w)
	}
	return strings.Join(parts, "")
}

// reservedMethods mean something to fmt, to errors, to encoding/… or to go
// vet's stdmethods check (golang.org/x/tools/go/analysis/passes/stdmethods),
// which demands their exact signature.
var reservedMethods = setOf(
	"As", "Error", "Format", "GoString", "GobDecode", "GobEncode", "Is",
	"MarshalBinary", "MarshalJSON", "MarshalText", "MarshalXML",
	"ReadByte", "ReadFrom", "ReadRune", "Scan", "Seek", "String",
	"UnmarshalBinary", "UnmarshalJSON", "UnmarshalText", "UnmarshalXML",
	"UnreadByte", "UnreadRune", "Unwrap", "WriteByte", "WriteTo",
)

// reservedInPackage are identifiers that generated files use and no type may
// hide: those that Go declares itself, and the packages imported.
var reservedInPackage = setOf(append(types.Universe.Names(), "bytes", "ctypes", "ebpf", "io", "netip", "strconv", "structs", "typed", "unsafe")...)

func setOf(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, n := range names {
		set[n] = true
	}
	return set
}

// hashSuffix tells apart what has one name: hex digits of a hash of what it is.
func hashSuffix(text string, digits int) string {
	sum := sha256.Sum256([]byte(text))
	return "_" + hex.EncodeToString(sum[:])[:digits]
}

// sortedKeys is the keys of a map, in order.
func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
