package emit

// Whether the constants of a Go type of the user are the enumerators that it stands
// for. Names are the user's own: those that say the same are compared, and those of
// whose value there is no other are asked for.

import (
	"fmt"
	"strings"

	"github.com/bpfgen/bpfgen/btfparse"
	"github.com/bpfgen/bpfgen/internal/goshape"
)

// otherValues are the constants that are called like an enumerator of another value.
func otherValues(e *btfparse.Enum, g *goshape.Shape) (texts []string) {
	for _, c := range g.Constants {
		same := calledLike(e, g, c.Name)
		agrees := len(same) == 0
		for _, v := range same {
			agrees = agrees || equalIn(e, v.Value, c.Value)
		}
		if !agrees {
			texts = append(texts, fmt.Sprintf("%s is %s in C, %s of %s is %s in Go", same[0].Name, number(e, same[0].Value), c.Name, g.Name, number(e, c.Value)))
		}
	}
	return texts
}

// lackingValues are the enumerators whose values no constant has, unless the type has
// no constants at all. Those that count or bound the others (_MAX, a leading "__") are
// nobody's values.
func lackingValues(e *btfparse.Enum, g *goshape.Shape) (lacking []string) {
	if len(g.Constants) == 0 {
		return nil
	}
next:
	for _, v := range e.Values {
		if strings.HasPrefix(v.Name, "__") || strings.HasSuffix(v.Name, "_MAX") {
			continue
		}
		for _, c := range g.Constants {
			if equalIn(e, v.Value, c.Value) {
				continue next
			}
		}
		lacking = append(lacking, fmt.Sprintf("%s (%s)", v.Name, number(e, v.Value)))
	}
	return lacking
}

// equalIn compares two values as the enum stores them.
func equalIn(e *btfparse.Enum, a, b uint64) bool {
	if e.Bytes < 8 {
		mask := uint64(1)<<(8*e.Bytes) - 1
		return a&mask == b&mask
	}
	return a == b
}

func number(e *btfparse.Enum, v uint64) string {
	if e.Signed {
		return fmt.Sprint(int64(v))
	}
	return fmt.Sprint(v)
}

// calledLike are the enumerators that a constant is called like: by the whole name, else
// by what is left of both without what they repeat: VerdictPass of type Verdict is
// VERDICT_PASS, and PASS.
func calledLike(e *btfparse.Enum, g *goshape.Shape, name string) (same []btfparse.EnumValue) {
	for _, v := range e.Values {
		if plainName(v.Name) == plainName(name) {
			return []btfparse.EnumValue{v}
		}
	}
	typeName := g.Name[strings.LastIndexByte(g.Name, '.')+1:]
	short := strings.TrimPrefix(plainName(name), plainName(typeName))
	for _, v := range e.Values {
		for _, prefix := range []string{e.Name, commonPrefix(e)} {
			if left := strings.TrimPrefix(plainName(v.Name), plainName(prefix)); left != "" && left == short {
				same = append(same, v)
				break
			}
		}
	}
	return same
}

// commonPrefix is what all enumerators begin with, up to a "_".
func commonPrefix(e *btfparse.Enum) string {
	if len(e.Values) < 2 {
		return ""
	}
	prefix := e.Values[0].Name
	for _, v := range e.Values[1:] {
		for !strings.HasPrefix(v.Name, prefix) {
			prefix = prefix[:len(prefix)-1]
		}
	}
	return prefix[:strings.LastIndexByte(prefix, '_')+1]
}
