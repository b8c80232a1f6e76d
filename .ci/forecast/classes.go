package main

import (
	"regexp"
	"strings"
)

// class is why a kernel, or the library for it, did not take a program or map.
type class string

const (
	classLoads      class = ""
	classRelocation class = "relocation"
	classHelper     class = "helper"
	classKfunc      class = "kernel function"
	classKsym       class = "kernel symbol"
	classKconfig    class = "kconfig"
	classMap        class = "map"
	classTarget     class = "target"
	classType       class = "type, attach type, flags"
	classInsn       class = "instruction"
	classLicense    class = "license"
	classBTF        class = "BTF"
	classStructOps  class = "struct_ops"
	classLink       class = "function that is not in the object"
	classPolicy     class = "policy of the host"
	classVerifier   class = "verifier's logic"
	classObject     class = "object that the library refuses"
)

type rule struct {
	class class
	words *regexp.Regexp
}

// verifierRules are tried in order on the last line of the verifier's log, which since
// Linux 7 is the last one of a suggestion. What none of them knows is the verifier's
// logic: bounds, types, complexity, values.
var verifierRules = []rule{
	{classRelocation, regexp.MustCompile(`^invalid func unknown#195896080$`)},
	{classKfunc, regexp.MustCompile(`^calling (invalid )?kernel function|^kernel function .* is not allowed|^invalid func unknown#-|^kernel btf_id .* is not a function|^program must be sleepable to call sleepable kfunc`)},
	{classHelper, regexp.MustCompile(`^(invalid|unknown) func |^program of this type cannot use helper|^helper call might sleep|^ *Use a helper allowed for this program|^ *Use the helper only from an allowed`)},
	{classInsn, regexp.MustCompile(`^unknown opcode|uses reserved fields$|^BPF_\w+ uses reserved fields|^invalid BPF_LD_IMM insn|^unrecognized bpf_ld_imm64 insn|^addr_space_cast insn|^invalid atomic operand size|^jit does not support|^The use of (insn|may_goto)`)},
	{classLicense, regexp.MustCompile(`GPL`)},
	{classStructOps, regexp.MustCompile(`is not a supported struct$|^attach to unsupported member|^struct ops programs must`)},
	{classTarget, regexp.MustCompile(`^Tracing programs must provide btf_id|^attach_btf_id|is not modifiable$|^tracepoint .* (not|already)|^Attaching to |is not (a|an) (kernel )?function$|^Invalid |^LSM programs must|^bpf_lsm|^Target program|^Subprog .* doesn't exist`)},
	{classType, regexp.MustCompile(`is not sleepable$|programs can be sleepable$|^Sleepable programs can only use|^Syscall programs can only be sleepable`)},
}

// otherRules are tried in order on errors without a log: the library's own, and
// system calls that failed without a word.
var otherRules = []rule{
	{classRelocation, regexp.MustCompile(`^apply CO-RE|bad CO-RE relocation`)},
	{classKsym, regexp.MustCompile(`^resolve \.ksyms|kallsyms`)},
	{classKconfig, regexp.MustCompile(`^resolve \.kconfig`)},
	{classKfunc, regexp.MustCompile(`^fixing up kfuncs|unknown kfunc`)},
	{classLink, regexp.MustCompile(`unsatisfied program reference`)},
	{classStructOps, regexp.MustCompile(`struct_ops`)},
	{classBTF, regexp.MustCompile(`^load BTF|load btf`)},
	{classTarget, regexp.MustCompile(`^attach \w+/|SetTarget|find target|attachment`)},
	{classType, regexp.MustCompile(`unspecified|names no type of program`)},
	{classPolicy, regexp.MustCompile(`operation not permitted`)},
	{classMap, regexp.MustCompile(`map create|inner map|^populating map|^finalizing map|update: `)},
	{classType, regexp.MustCompile(`^load program: `)}, // the attributes of BPF_PROG_LOAD
}

// frame is what the library and package typed put in front of their reasons.
var frame = regexp.MustCompile(`^((load truth|program [^:]*|load program \S+ \(SEC\("[^"]*"\)\)|map [^:]*): )+`)

// classOf is the class of an answer.
func classOf(a answer) class {
	switch {
	case a.Loads:
		return classLoads
	case a.Program == "" && a.Map == "":
		return classObject
	}
	text := frame.ReplaceAllString(a.Error, "")
	if len(a.Log) == 0 || strings.HasPrefix(text, "load BTF") {
		return classify(text, otherRules, classVerifier)
	}
	if strings.Contains(text, "bad CO-RE relocation") {
		return classRelocation
	}
	if strings.Contains(text, "unknown kfunc") {
		return classKfunc
	}
	return classify(a.Log[len(a.Log)-1], verifierRules, classVerifier)
}

func classify(text string, rules []rule, otherwise class) class {
	for _, r := range rules {
		if r.words.MatchString(text) {
			return r.class
		}
	}
	return otherwise
}
