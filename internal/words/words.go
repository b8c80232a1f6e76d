// Package words has what messages of several packages say alike.
package words

import (
	"fmt"
	"strings"
)

// Some lists words, and counts those behind the first most: "a, b and 3 more".
func Some(list []string, most int) string {
	if more := len(list) - most; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), more)
	}
	return strings.Join(list, ", ")
}
