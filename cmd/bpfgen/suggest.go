package main

// What the user may have meant.

import (
	"flag"
	"fmt"

	"github.com/bpfgen/bpfgen/internal/lazyregexp"
	"github.com/bpfgen/bpfgen/internal/suggest"
)

// mistypedCommand is the command that the user probably meant by a word that
// would else be the ident of gen. Short words are idents: many are called "bpf".
func mistypedCommand(word string) (command string, ok bool) {
	if len(word) < 4 {
		return "", false
	}
	command = suggest.Closest(word, commandNames(), 2)
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
var unknownFlag = lazyregexp.New(`^flag provided but not defined: -(.*)$`)

// withSuggestion adds to the error about an unknown flag which one was meant.
func withSuggestion(fs *flag.FlagSet, err error) error {
	m := unknownFlag().FindStringSubmatch(err.Error())
	if m == nil {
		return err
	}
	var names []string
	fs.VisitAll(func(f *flag.Flag) { names = append(names, "-"+f.Name) })
	return fmt.Errorf("there is no flag -%s%s", m[1], suggest.DidYouMean("-"+m[1], names))
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
