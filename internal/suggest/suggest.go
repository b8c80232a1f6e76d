// Package suggest finds the word that somebody probably meant by one that there
// is not.
package suggest

import (
	"fmt"
	"slices"
)

// Closest is the word that is nearest to what was typed, "" where none is nearer
// than limit edits.
func Closest(typed string, words []string, limit int) string {
	best, distance := "", limit+1
	for _, w := range slices.Sorted(slices.Values(words)) {
		if d := editDistance(typed, w, distance); d < distance {
			best, distance = w, d
		}
	}
	return best
}

// editDistance counts the letters that must be added, removed, changed or
// swapped with their neighbour to make b of a; limit if it takes as many.
func editDistance(a, b string, limit int) int {
	if len(a)-len(b) >= limit || len(b)-len(a) >= limit {
		return limit
	}
	before, row := make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			changed := row[j-1]
			if a[i-1] != b[j-1] {
				changed++
			}
			next[j] = min(row[j]+1, next[j-1]+1, changed)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return min(row[len(b)], limit)
}

// DidYouMean is what to add to a message about a word that is none: "; did you
// mean flows?", or nothing.
func DidYouMean(typed string, words []string) string {
	limit := 2
	if len(typed) < 4 {
		limit = 1
	}
	if w := Closest(typed, words, limit); w != "" && w != typed {
		return fmt.Sprintf("; did you mean %s?", w)
	}
	return ""
}
