package main

// What the user may have meant.

import (
	"flag"
	"fmt"
	"regexp"
	"slices"
)

// closest is the word that is nearest to what was typed, "" where none is nearer
// than limit edits.
func closest(typed string, words []string, limit int) string {
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

// didYouMean is what to add to a message about a word that is none.
func didYouMean(typed string, words []string) string {
	limit := 2
	if len(typed) < 4 {
		limit = 1
	}
	if w := closest(typed, words, limit); w != "" {
		return fmt.Sprintf("; did you mean %s?", w)
	}
	return ""
}

// mistypedCommand is the command that the user probably meant by a word that
// would else be the ident of gen. Short words are idents: many are called "bpf".
func mistypedCommand(word string) (command string, ok bool) {
	if len(word) < 4 {
		return "", false
	}
	command = closest(word, commandNames(), 2)
	return command, command != "" && command != word
}

func commandNames() []string {
	var names []string
	for _, cmd := range commands() {
		names = append(names, cmd.name)
	}
	return names
}

// unknownFlag is how package flag says that there is no such flag.
var unknownFlag = regexp.MustCompile(`^flag provided but not defined: -(.*)$`)

// withSuggestion adds to the error about an unknown flag which one was meant.
func withSuggestion(fs *flag.FlagSet, err error) error {
	m := unknownFlag.FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, "-"+f.Name) })
	return fmt.Errorf("there is no flag -%s%s", m[1], didYouMean("-"+m[1], names))
}

// wantsHelp says whether -h stands anywhere in front of what belongs to clang.
func wantsHelp(args []string) bool {
	for _, arg := range args {
		switch arg {
		case "--":
			return false
		case "-h", "-help", "--help":
			return true
		}
	}
	return false
}
