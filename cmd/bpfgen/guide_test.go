package main

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/bpfgen/bpfgen/typed"
)

// classes are the classes of maps, by the names that go.generate.md has in its
// headings.
var classes = map[string]reflect.Type{
	"HashMap":             reflect.TypeFor[*typed.HashMap[int32, int32]](),
	"ArrayMap":            reflect.TypeFor[*typed.ArrayMap[int32, int32]](),
	"PerCPUHashMap":       reflect.TypeFor[*typed.PerCPUHashMap[int32, int32]](),
	"PerCPUArrayMap":      reflect.TypeFor[*typed.PerCPUArrayMap[int32, int32]](),
	"LPMTrie":             reflect.TypeFor[*typed.LPMTrie[int32, int32]](),
	"Queue":               reflect.TypeFor[*typed.Queue[int32]](),
	"Stack":               reflect.TypeFor[*typed.Stack[int32]](),
	"BloomFilter":         reflect.TypeFor[*typed.BloomFilter[int32]](),
	"ProgramArray":        reflect.TypeFor[*typed.ProgramArray[int32]](),
	"ArrayOfMaps":         reflect.TypeFor[*typed.ArrayOfMaps[int32, typed.Arena]](),
	"HashOfMaps":          reflect.TypeFor[*typed.HashOfMaps[int32, typed.Arena]](),
	"RingBuf":             reflect.TypeFor[*typed.RingBuf[int32]](),
	"PerfEventArray":      reflect.TypeFor[*typed.PerfEventArray[int32]](),
	"UserRingBuf":         reflect.TypeFor[*typed.UserRingBuf[int32]](),
	"CGroupArray":         reflect.TypeFor[*typed.CGroupArray[int32]](),
	"SockMap":             reflect.TypeFor[*typed.SockMap[int32]](),
	"SockHash":            reflect.TypeFor[*typed.SockHash[int32]](),
	"ReusePortSockArray":  reflect.TypeFor[*typed.ReusePortSockArray[int32]](),
	"XSKMap":              reflect.TypeFor[*typed.XSKMap[int32]](),
	"DevMap":              reflect.TypeFor[*typed.DevMap[int32]](),
	"DevMapProg":          reflect.TypeFor[*typed.DevMapProg[int32]](),
	"CPUMap":              reflect.TypeFor[*typed.CPUMap[int32]](),
	"CPUMapProg":          reflect.TypeFor[*typed.CPUMapProg[int32]](),
	"SkStorage":           reflect.TypeFor[*typed.SkStorage[int32]](),
	"InodeStorage":        reflect.TypeFor[*typed.InodeStorage[int32]](),
	"TaskStorage":         reflect.TypeFor[*typed.TaskStorage[int32]](),
	"CgrpStorage":         reflect.TypeFor[*typed.CgrpStorage[int32]](),
	"CGroupStorage":       reflect.TypeFor[*typed.CGroupStorage[uint64, int32]](),
	"PerCPUCGroupStorage": reflect.TypeFor[*typed.PerCPUCGroupStorage[uint64, int32]](),
	"StackTraceMap":       reflect.TypeFor[*typed.StackTraceMap[int32]](),
	"StructOps":           reflect.TypeFor[*typed.StructOps[int32]](),
	"Arena":               reflect.TypeFor[*typed.Arena](),
	"OpaqueMap":           reflect.TypeFor[*typed.OpaqueMap](),
}

var (
	// quoted is a method in text: one word that begins with a capital.
	quoted  = regexp.MustCompile("`([A-Z][A-Za-z]*)`")
	heading = regexp.MustCompile(`\b[A-Z]\w+\b`)
)

// The guide has a section for every class of maps, which names all of its
// methods and no others.
func TestGuideNamesEveryMethod(t *testing.T) {
	text, err := os.ReadFile("../../go.generate.md")
	if err != nil {
		t.Fatal(err)
	}
	_, maps, _ := strings.Cut(string(text), "\n## Maps\n")
	maps, _, _ = strings.Cut(maps, "\n## ")
	common := methods(reflect.TypeFor[*typed.OpaqueMap]())
	sections := strings.Split(maps, "\n### ")
	if missing := without(common, namesIn(quoted, sections[0])); len(missing) > 0 {
		t.Errorf("what all maps have lacks %v", missing)
	}
	seen := make(map[string]bool)
	for _, section := range sections[1:] {
		title, body, _ := strings.Cut(section, "\n")
		var want []string
		for _, class := range heading.FindAllString(title, -1) {
			if classes[class] != nil {
				seen[class] = true
				want = append(want, without(methods(classes[class]), common)...)
			}
		}
		got := namesIn(quoted, body)
		if missing := without(want, got); len(missing) > 0 {
			t.Errorf("%s: no word of %v", title, missing)
		}
		if wrong := without(got, want); len(wrong) > 0 {
			t.Errorf("%s: there is no %v", title, wrong)
		}
	}
	for class := range classes {
		if !seen[class] {
			t.Errorf("no section on %s", class)
		}
	}
}

func methods(t reflect.Type) []string {
	var names []string
	for i := range t.NumMethod() {
		names = append(names, t.Method(i).Name)
	}
	return names
}

func namesIn(pattern *regexp.Regexp, text string) []string {
	var names []string
	for _, m := range pattern.FindAllStringSubmatch(text, -1) {
		names = append(names, m[1])
	}
	return names
}

// without are the names that others lacks.
func without(names, others []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(n string) bool { return slices.Contains(others, n) })
}

// The guide speaks of every command and every flag.
func TestGuideNamesEveryFlag(t *testing.T) {
	text := readDocument(t, repository(t), guide)
	c := &cli{}
	for _, cmd := range completedCommands(c) {
		if !strings.Contains(text, "bpfgen "+cmd.name) && !strings.Contains(text, "`"+cmd.name+"`") {
			t.Errorf("%s does not speak of bpfgen %s", guide, cmd.name)
		}
		for _, f := range cmd.flags {
			if !regexp.MustCompile("[`( ]-" + f.Name + "\\b").MatchString(text) {
				t.Errorf("%s does not speak of the flag -%s of bpfgen %s", guide, f.Name, cmd.name)
			}
		}
	}
}
