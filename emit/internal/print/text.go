package print

// Comments: text of C, of which nothing may mean anything to Go or to gofmt.

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// textWidth is where comments are wrapped, in runes, "// " not counted.
const textWidth = 77

// docLines are the "//" lines of a doc comment of several paragraphs.
func docLines(paragraphs ...string) []string {
	var lines []string
	for i, p := range paragraphs {
		if i > 0 {
			lines = append(lines, "//")
		}
		wrapped := wrap(docText.Replace(clean(p)))
		if len(wrapped) == 1 && i > 0 && i < len(paragraphs)-1 {
			wrapped[0] = noHeading(wrapped[0])
		}
		lines = append(lines, wrapped...)
	}
	return lines
}

// docText has what gofmt makes of quotes in doc comments (go/doc/comment).
var docText = strings.NewReplacer("``", "“", "''", "”")

// noHeading closes a line with a stop that gofmt would else take for a heading
// and put a "#" in front of: one between two paragraphs that starts with an
// upper-case letter and has no punctuation (isOldHeading in go/doc/comment).
func noHeading(line string) string {
	first, _ := utf8.DecodeRuneInString(strings.TrimPrefix(line, "// "))
	last, _ := utf8.DecodeLastRuneInString(line)
	if unicode.IsUpper(first) && (unicode.IsLetter(last) || unicode.IsDigit(last)) {
		line += "."
	}
	return line
}

// lineComment is a comment behind code, or above it on one line.
func lineComment(text string) string {
	words := strings.Fields(clean(text))
	if len(words) > 0 {
		words[0] = lineStart(words[0])
	}
	return "// " + strings.Join(words, " ")
}

// lineStart is a word as it may start a comment line: "// +build" is a build
// constraint of Go 1.16 wherever it stands, which gofmt moves and vet refuses,
// and gofmt moves what defines a link, "// [x]:".
func lineStart(word string) string {
	if word == "+build" || strings.HasPrefix(word, "[") && strings.HasSuffix(word, "]:") {
		return `\` + word
	}
	return word
}

// wrap breaks a paragraph into comment lines. Indentation means something to
// gofmt, so words are single-spaced.
func wrap(paragraph string) []string {
	var lines []string
	var line strings.Builder
	width := 0
	for word := range strings.FieldsSeq(paragraph) {
		n := utf8.RuneCountInString(word)
		if width > 0 && width+1+n > textWidth {
			lines = append(lines, line.String())
			line.Reset()
			width = 0
		}
		if width > 0 {
			line.WriteByte(' ')
			width++
		} else {
			line.Grow(len("// ") + textWidth)
			line.WriteString("// ")
			word = lineStart(word)
		}
		line.WriteString(word)
		width += n
	}
	if width > 0 {
		lines = append(lines, line.String())
	}
	return lines
}

// clean makes any text of C fit for one line of a comment: what cannot be
// printed is escaped as in a Go string.
func clean(s string) string {
	if !strings.ContainsFunc(s, escaped) {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 || !unicode.IsPrint(r) {
			quoted := strconv.Quote(s[:n])
			b.WriteString(quoted[1 : len(quoted)-1])
		} else {
			b.WriteString(s[:n])
		}
		s = s[n:]
	}
	return b.String()
}

// escaped says whether a character needs an escape, or may be what stands for bytes
// that are none.
func escaped(r rune) bool { return r == utf8.RuneError || !unicode.IsPrint(r) }
