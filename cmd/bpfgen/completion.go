package main

// bpfgen completion: what a shell needs to complete command lines. The scripts
// are made of the commands and their flags, so that they cannot fall behind.

import (
	"context"
	"flag"
	"fmt"
	"slices"
	"strings"
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
}

// completedCommands asks every command for its flags.
func completedCommands(c *cli) []completedCommand {
	var all []completedCommand
	for _, cmd := range commands() {
		one := completedCommand{command: cmd}
		asked := *c
		asked.describe = func(fs *flag.FlagSet) {
			fs.VisitAll(func(f *flag.Flag) { one.flags = append(one.flags, f) })
		}
		if cmd.name != "help" && cmd.name != "completion" {
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

func bashCompletion(commands []completedCommand) string {
	var b strings.Builder
	b.WriteString("# bash completion for bpfgen: source <(bpfgen completion bash)\n_bpfgen() {\n\tlocal word=${COMP_WORDS[COMP_CWORD]} flags=\n\tcase ${COMP_WORDS[1]} in\n")
	var names []string
	for _, c := range commands {
		names = append(names, c.name)
		if len(c.flags) > 0 {
			fmt.Fprintf(&b, "\t%s) flags='%s' ;;\n", c.name, c.flagNames())
		}
	}
	fmt.Fprintf(&b, "\t*) flags='%s' ;;\n\tesac\n", commands[0].flagNames())
	fmt.Fprintf(&b, "\tif [[ $word == -* ]]; then\n\t\tCOMPREPLY=($(compgen -W \"$flags\" -- \"$word\"))\n\telif [[ $COMP_CWORD == 1 ]]; then\n\t\tCOMPREPLY=($(compgen -W '%s' -- \"$word\"))\n\tfi\n}\ncomplete -o default -F _bpfgen bpfgen\n", strings.Join(names, " "))
	return b.String()
}

func zshCompletion(commands []completedCommand) string {
	var b strings.Builder
	b.WriteString("#compdef bpfgen\n# zsh completion for bpfgen: source <(bpfgen completion zsh)\n_bpfgen() {\n\tlocal -a commands\n\tcommands=(\n")
	quote := strings.NewReplacer("'", `'\''`, ":", `\:`, "[", `\[`, "]", `\]`)
	for _, c := range commands {
		fmt.Fprintf(&b, "\t\t'%s:%s'\n", c.name, quote.Replace(c.summary))
	}
	b.WriteString("\t)\n\tif (( CURRENT == 2 )); then\n\t\t_describe command commands\n\t\t_files\n\t\treturn\n\tfi\n\tcase $words[2] in\n")
	for _, c := range commands {
		if len(c.flags) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\t%s)\n\t\t_arguments", c.name)
		for _, f := range c.flags {
			value, text := flag.UnquoteUsage(f)
			if value != "" {
				value = ":" + quote.Replace(value) + ":_files"
			}
			fmt.Fprintf(&b, " \\\n\t\t\t'-%s[%s]%s'", f.Name, quote.Replace(text), value)
		}
		b.WriteString(" \\\n\t\t\t'*:file:_files' ;;\n")
	}
	b.WriteString("\t*) _files ;;\n\tesac\n}\ncompdef _bpfgen bpfgen\n")
	return b.String()
}

func fishCompletion(commands []completedCommand) string {
	var b strings.Builder
	b.WriteString("# fish completion for bpfgen: bpfgen completion fish | source\n")
	quote := strings.NewReplacer(`\`, `\\`, "'", `\'`)
	for _, c := range commands {
		fmt.Fprintf(&b, "complete -c bpfgen -n __fish_use_subcommand -a %s -d '%s'\n", c.name, quote.Replace(c.summary))
		for _, f := range c.flags {
			value, text := flag.UnquoteUsage(f)
			wants := ""
			if value != "" {
				wants = " -r"
			}
			fmt.Fprintf(&b, "complete -c bpfgen -n '__fish_seen_subcommand_from %s' -o %s%s -d '%s'\n", c.name, f.Name, wants, quote.Replace(text))
		}
	}
	return b.String()
}
