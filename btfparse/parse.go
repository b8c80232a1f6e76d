package btfparse

import (
	"strings"
)

// oneLine folds whatever an object's strings hold into one printable line.
func oneLine(s string) string {
	return strings.Join(strings.Fields(s), " ")
}
