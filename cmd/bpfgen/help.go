package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/bpfgen/bpfgen/internal/suggest"
	"github.com/bpfgen/bpfgen/internal/target"
	"github.com/bpfgen/bpfgen/internal/words"
)

const intro = `bpfgen writes Go source for eBPF objects: types that are proved at compile time
to have C's layout, and a loader with typed maps, programs and variables.

`

// variables are those of the environment, and the commands that read them.
var variables = []struct {
	name, meaning string
	commands      []string
}{
	{"GOPACKAGE", "the package's name; go generate sets it", []string{"gen", "types"}},
	{"GOFILE", "whether files end in _test.go; go generate sets it", []string{"gen", "types"}},
	{"BPF2GO_CC", "default of -cc", []string{"gen", "init"}},
	{"BPF2GO_CFLAGS", "default of -cflags", []string{"gen"}},
	{"BPF2GO_STRIP", "default of -strip", []string{"gen"}},
	{"BPF2GO_MAKEBASE", "default of -makebase", []string{"gen"}},
	{"V", "default of -verbose", []string{"gen", "types"}},
	{"BPFGEN_CACHE", "the directory of the cache of gen and check over packages; off for none", []string{"gen", "check"}},
	{"NO_COLOR", "if set, a terminal gets no colours", []string{"inspect"}},
}

// environmentHelp lists the variables that a command reads; all for "".
func environmentHelp(w io.Writer, command string) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	title := "\nEnvironment:\n"
	for _, v := range variables {
		if command == "" || slices.Contains(v.commands, command) {
			fmt.Fprintf(tw, "%s  %s\t%s\n", title, v.name, v.meaning)
			title = ""
		}
	}
	tw.Flush()
}

// statuses are the exit statuses of commands that have others than the usual.
var statuses = map[string]string{
	"gen":      strictStatus,
	"check":    "0 when all is current, 1 when something is not, 2 when that cannot be told.",
	"forecast": "0; 1 when a program or map fails on a kernel of -required; 2 when something went\nwrong.",
	"diff":     "0 when both are the same, 1 when they differ (with -breaking: when something\nbreaks), 2 when something went wrong.",
	"types":    strictStatus,
}

const (
	strictStatus = "0 when all is well; 1 with -strict, when there are warnings; 2 otherwise. With 1 and 2\nevery file is as it was."
	usualStatus  = "0 when all is well, 2 otherwise."
)

// details is what a subcommand's help has to say beside its flags.
var details = map[string]string{
	"gen": `ident is the stem of all Go names: "counter" gives openCounter, "Counter" exports
everything. From C, clang makes one object for each target, and flags behind --
go to clang. Objects are embedded as they are; the target of each is found from
its byte order and from a name that ends like _x86_bpfel.o.

Files, next to each other in the output directory:
  <stem>_types.go     types, the same on all targets
  <stem>_maps.go      the types of the maps
  <stem>_bpfgen.go    the loader
  <stem>_<target>.go  build line and embedded object <stem>_<target>.o
One command line for all targets of an ident: what they share is written once,
and files of targets that are no longer asked for are removed.

bpfgen gen [packages], with patterns as for go build, runs all lines of these
packages that run bpfgen, in one process and side by side: "." if there is no
argument, "./..." for all below. It keeps what the compiler made in a cache.
`,
	"check": `Packages are named as for go build: "." if none is, "./..." for all below. Every
go:generate line that runs bpfgen is generated in memory and compared:
  stale        generating gives something else
  edited       what is committed is right, the file is not
  missing      the file is not there
  orphaned     bpfgen wrote it once, and no line gives it any more
  interrupted  a run was killed here, and the next one removes the file
  untracked    the file is right, and git does not know it
Lines of other tools are counted.
`,
	"init": `The directory (the current one if none is named) gets hello.c, main.go with a
go:generate line for the clang and the headers of this machine, a test that needs no
kernel, and everything that is generated; a go.mod, too, if it is in no module.
Nothing that is there is touched. Without a compiler (-cc none) the objects that
bpfgen brings are used. The program attaches, and prints what it counts.
`,
	"migrate": `go:generate lines that run bpf2go run bpfgen -bpf2go instead, which writes the same API.
Packages are named as for go build ("./..." if none is); the tool directive of
go.mod and a tools.go are changed, too, and the Makefiles and scripts that are named.
Without -write the difference is shown. With it all is written or nothing, and
nothing over changes that are not committed. What cannot be read is reported.
`,
	"types": `The source is raw BTF (/sys/kernel/btf/vmlinux, a .btf file) or an ELF file with
a section .BTF. Without -type all its named types are written, to
<stem>_types.go. The file builds on the architectures of the source's byte
order, unless -target says otherwise ("bpf": on all).

Several sources (6.1=a.btf 6.12=b.btf, or files called like their kernels) give a
package for each kernel below the output directory, and one in it for all that they
have alike; what differs is printed. Modules need the BTF of their kernel: -base.
`,
	"btf": `bpfgen btf min writes, for each kernel, the part of its BTF that the relocations
(CO-RE) of the objects need: some hundred bytes of some megabytes. Kernels are given
as to bpfgen forecast, and picked at run time by their release, which the name of a
raw file says: 5.4.0-42-generic.btf. The directory becomes a Go package that embeds
them; its KernelBTF is for ebpf.ProgramOptions.KernelTypes.
`,
	"forecast": `Arguments, in any order: eBPF objects, and kernels: raw BTF (/sys/kernel/btf/vmlinux,
a .btf file), vmlinux, boot images, modules (.ko), each as it is or compressed with
gzip, xz, zstd, bzip2 or LZ4; folders of them; "-" for standard input. Modules
continue the BTF of the kernel that -base names, or of the one in their folder.

Each program on each kernel is one of
  clear    nothing was found that stops it; the verifier's own logic is not known
  attach   it loads, as far as is known, but what it attaches to is not there
  unknown  it depends on what BTF does not tell
  fails    it does not load
with the cause, the place in C and a remedy. docs/forecast.md says how far to trust
it.
`,
	"diff": `Old and new are two objects, the BTF of two kernels, or two folders of them, of which
files of one path are compared; of two folders with a kernel each those, and their modules
by name. Every change has one of the classes
  pinned map incompatible      a map that the old has pinned is none for the new
  layout changed at equal size the bytes of a type mean something else
  event record changed         of a ring buffer or perf event array
  Go API changed               other Go names or types are generated
  code only                    programs and initial values
with what it was and is in C, who uses it, and what it breaks: Go compiled against the
old, pins made by the old, kernels that load the old (of those that -kernel gives).
Two builds of one C source are the same.
`,
	"inspect": `Structs that maps and variables use are shown with offset, size and holes; -type
names others in their place. Maps, programs and variables are shown either way. Of
raw BTF all types are shown. -html prints a page that needs nothing else. docs/inspect.md describes it and the output of -json.
`,
}

func runHelp(ctx context.Context, c *cli, args []string) error {
	if len(args) == 0 {
		overview(c.stdout)
		return nil
	}
	if args[0] == "-h" {
		overview(c.stdout)
		return nil
	}
	cmd, ok := findCommand(args[0])
	if !ok {
		return fmt.Errorf("there is no command %q%s; bpfgen help lists them", args[0], suggest.DidYouMean(args[0], commandNames()))
	}
	if cmd.name == "help" {
		overview(c.stdout)
		return nil
	}
	return cmd.run(ctx, c, []string{"-h"})
}

func overview(w io.Writer) {
	fmt.Fprint(w, intro)
	fmt.Fprint(w, "Usage:\n")
	for _, cmd := range commands() {
		fmt.Fprintf(w, "  bpfgen %s\n", cmd.synopsis)
	}
	fmt.Fprint(w, "\nCommands:\n")
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, cmd := range commands() {
		fmt.Fprintf(tw, "  %s\t%s\n", cmd.name, cmd.summary)
	}
	tw.Flush()
	fmt.Fprint(w, "\nFlags: see bpfgen <command> -h.\n")
	environmentHelp(w, "")
	fmt.Fprint(w, "\nExit status: 0 when all is well, 2 otherwise; then every file is as it was. 1 is the\nanswer of check, diff and forecast, and of -strict: see their help.\n")
}

// usage is one line for errors.
func usage(cmd command) string {
	return fmt.Sprintf("usage: bpfgen %s; see bpfgen %s -h", cmd.synopsis, cmd.name)
}

// printHelp is the help of one command.
func printHelp(w io.Writer, cmd command, fs *flag.FlagSet) {
	fmt.Fprintf(w, "Usage: bpfgen %s\n\n%s.\n", cmd.synopsis, words.UpperFirst(cmd.summary))
	if text := details[cmd.name]; text != "" {
		fmt.Fprint(w, "\n", text)
	}
	flagsHelp(w, fs)
	if fs.Lookup("target") != nil {
		fmt.Fprintf(w, "\nTargets: %s.\n", strings.Join(target.Names(), ", "))
	}
	environmentHelp(w, cmd.name)
	fmt.Fprintf(w, "\nExit status: %s\n", cmp.Or(statuses[cmd.name], usualStatus))
}

func flagsHelp(w io.Writer, fs *flag.FlagSet) {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	title := "\nFlags:\n"
	fs.VisitAll(func(f *flag.Flag) {
		value, text := flag.UnquoteUsage(f)
		text = strings.TrimPrefix(text, value+": ")
		fmt.Fprintf(tw, "%s  %s\t%s\n", title, strings.TrimSpace("-"+f.Name+" "+value), text)
		title = ""
	})
	tw.Flush()
}
