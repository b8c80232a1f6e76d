package main

// bpfgen completion: what a shell needs to complete command lines. The scripts
// are made of the commands and their flags, so that they cannot fall behind.

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"

	hooks "github.com/bpfgen/bpfgen/examples/start"
	"github.com/bpfgen/bpfgen/internal/target"
)

// shells have a script each.
var shells = map[string]func([]completedCommand) string{"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion}

func runCompletion(_ context.Context, c *cli, args []string) error {
	fs := newFlagSet("completion")
	if err := c.parse(fs, args); err != nil {
		return err
	}
	names := sortedNames(shells)
	if fs.NArg() != 1 || shells[fs.Arg(0)] == nil {
		return fmt.Errorf("name a shell: %s", strings.Join(names, ", "))
	}
	fmt.Fprint(c.stdout, shells[fs.Arg(0)](completedCommands(c)))
	return nil
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// completedCommand is a command with its flags.
type completedCommand struct {
	command
	flags []*flag.Flag
	// words that may follow; files where there are none.
	words []string
}

// completedCommands asks every command for its flags.
func completedCommands(c *cli) []completedCommand {
	words := map[string][]string{"completion": sortedNames(shells), "help": commandNames(), "btf": {"min"}}
	var all []completedCommand
	for _, cmd := range commands() {
		one := completedCommand{command: cmd, words: words[cmd.name]}
		asked := *c
		asked.describe = func(fs *flag.FlagSet) {
			fs.VisitAll(func(f *flag.Flag) { one.flags = append(one.flags, f) })
		}
		if cmd.name == "btf" {
			_ = cmd.run(context.Background(), &asked, []string{"min", "-h"})
		} else if cmd.name != "help" && cmd.name != "completion" {
			_ = cmd.run(context.Background(), &asked, []string{"-h"}) // flag.ErrHelp: nothing was done
		}
		all = append(all, one)
	}
	return all
}

func (c completedCommand) flagNames() string {
	var names []string
	for _, f := range c.flags {
		names = append(names, "-"+f.Name)
	}
	return strings.Join(names, " ")
}

// flagValues are the values of flags that have a list of them. Those of some are
// given several at a time, with commas.
func flagValues(name string) (values []string, several bool) {
	switch name {
	case "hook":
		return hooks.Hooks(), false
	case "target":
		return target.Names(), true
	case "packed":
		return []string{"fix", "keep"}, false
	}
	return nil, false
}

// valuesOfFlags are the names of flags that have values listed, of all commands.
func valuesOfFlags(commands []completedCommand) []string {
	var names []string
	for _, c := range commands {
		for _, f := range c.flags {
			if values, _ := flagValues(f.Name); values != nil && !slices.Contains(names, f.Name) {
				names = append(names, f.Name)
			}
		}
	}
	return names
}

// bashScript has what is completed as three cases of lists: the value of the flag
// in front, flags, words. Where it lists nothing, bash completes files.
const bashScript = `# bash completion for bpfgen: source <(bpfgen completion bash)
_bpfgen() {
	local word=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]} flags= words= before=
	COMPREPLY=()
	case $flag in
%s	esac
	case ${COMP_WORDS[1]} in
%s	esac
	if [[ $COMP_CWORD == 1 ]]; then
		words='%s'
	fi
	if [[ $word == -* ]]; then
		words=$flags
	fi
	COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o default -F _bpfgen bpfgen
`

func bashCompletion(commands []completedCommand) string {
	var values, cases strings.Builder
	for _, name := range valuesOfFlags(commands) {
		list, several := flagValues(name)
		before := ""
		if several {
			before = "if [[ $word == *,* ]]; then before=${word%,*},; fi; "
		}
		fmt.Fprintf(&values, "\t-%s) %sCOMPREPLY=($(compgen -P \"$before\" -W '%s' -- \"${word#\"$before\"}\")); return ;;\n", name, before, strings.Join(list, " "))
	}
	var names []string
	for _, c := range commands {
		names = append(names, c.name)
		fmt.Fprintf(&cases, "\t%s) flags='%s' words='%s' ;;\n", c.name, c.flagNames(), strings.Join(c.words, " "))
	}
	fmt.Fprintf(&cases, "\t*) flags='%s' ;;\n", commands[0].flagNames())
	return fmt.Sprintf(bashScript, values.String(), cases.String(), strings.Join(names, " "))
}

var zshQuote = strings.NewReplacer("'", `'\''`, ":", `\:`, "[", `\[`, "]", `\]`)

// zshScript hands the words behind the command to _arguments; without a command
// they are gen's.
const zshScript = `#compdef bpfgen
# zsh completion for bpfgen: source <(bpfgen completion zsh)
_bpfgen() {
	local -a commands
	commands=(
%s	)
	if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then
		_describe command commands
		_files
		return
	fi
	local command=gen
	if (( CURRENT > 2 )) && [[ -n ${commands[(r)$words[2]:*]} ]]; then
		command=$words[2]
		shift words
		(( CURRENT-- ))
	fi
	case $command in
%s	esac
}
compdef _bpfgen bpfgen
`

func zshCompletion(commands []completedCommand) string {
	var names, cases strings.Builder
	for _, c := range commands {
		fmt.Fprintf(&names, "\t\t'%s:%s'\n", c.name, zshQuote.Replace(c.summary))
		fmt.Fprintf(&cases, "\t%s)\n\t\t_arguments", c.name)
		for _, f := range c.flags {
			fmt.Fprintf(&cases, " \\\n\t\t\t'%s'", zshFlag(f))
		}
		rest := "*:file:_files"
		if c.words != nil {
			rest = "1:word:(" + strings.Join(c.words, " ") + ")' '" + rest
		}
		fmt.Fprintf(&cases, " \\\n\t\t\t'%s' ;;\n", rest)
	}
	return fmt.Sprintf(zshScript, names.String(), cases.String())
}

// zshFlag is a flag as _arguments wants it.
func zshFlag(f *flag.Flag) string {
	value, text := flag.UnquoteUsage(f)
	action := ""
	switch values, several := flagValues(f.Name); {
	case several:
		action = fmt.Sprintf(":%s:_values -s , %[1]s %s", zshQuote.Replace(value), strings.Join(values, " "))
	case values != nil:
		action = fmt.Sprintf(":%s:(%s)", zshQuote.Replace(value), strings.Join(values, " "))
	case value == "directory":
		action = ":directory:_files -/"
	case value != "":
		action = ":" + zshQuote.Replace(value) + ":_files"
	}
	return fmt.Sprintf("*-%s[%s]%s", f.Name, zshQuote.Replace(text), action)
}

var fishQuote = strings.NewReplacer(`\`, `\\`, "'", `\'`)

// fishCompletion has a line for every command and flag. Without a command the
// flags are gen's.
func fishCompletion(commands []completedCommand) string {
	var b strings.Builder
	b.WriteString("# fish completion for bpfgen: bpfgen completion fish | source\n")
	for i, c := range commands {
		fmt.Fprintf(&b, "complete -c bpfgen -n __fish_use_subcommand -a %s -d '%s'\n", c.name, fishQuote.Replace(c.summary))
		where := "__fish_seen_subcommand_from " + c.name
		if c.words != nil {
			fmt.Fprintf(&b, "complete -c bpfgen -n '%s' -f -a '%s'\n", where, strings.Join(c.words, " "))
		}
		for _, f := range c.flags {
			fmt.Fprintf(&b, "complete -c bpfgen -n '%s' %s\n", where, fishFlag(f))
			if i == 0 {
				fmt.Fprintf(&b, "complete -c bpfgen -n __fish_use_subcommand %s\n", fishFlag(f))
			}
		}
	}
	return b.String()
}

func fishFlag(f *flag.Flag) string {
	value, text := flag.UnquoteUsage(f)
	wants := ""
	switch values, several := flagValues(f.Name); {
	case several:
		wants = " -x -a '(__fish_append , " + strings.Join(values, " ") + ")'"
	case values != nil:
		wants = " -x -a '" + strings.Join(values, " ") + "'"
	case value == "directory":
		wants = " -x -a '(__fish_complete_directories)'"
	case value != "":
		wants = " -r"
	}
	return fmt.Sprintf("-o %s%s -d '%s'", f.Name, wants, fishQuote.Replace(text))
}
