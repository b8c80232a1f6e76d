package main

import (
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	mapsall "github.com/bpfgen/bpfgen/golden/maps-all"
	"github.com/bpfgen/bpfgen/typed"
)

// classes are the classes of maps, by the names that go.generate.md has in its
// headings, with a generated type of each.
var classes = map[string]reflect.Type{
	"Hash":                reflect.TypeFor[*mapsall.MapsAllHashMap](),
	"Array":               reflect.TypeFor[*mapsall.MapsAllArrayMap](),
	"PerCPUHash":          reflect.TypeFor[*mapsall.MapsAllPercpuHashMap](),
	"PerCPUArray":         reflect.TypeFor[*mapsall.MapsAllPercpuArrayMap](),
	"LPMTrie":             reflect.TypeFor[*mapsall.MapsAllLpmTrieMap](),
	"Queue":               reflect.TypeFor[*mapsall.MapsAllQueueMap](),
	"Stack":               reflect.TypeFor[*mapsall.MapsAllStackMap](),
	"BloomFilter":         reflect.TypeFor[*mapsall.MapsAllBloomFilterMap](),
	"ProgramArray":        reflect.TypeFor[*mapsall.MapsAllProgArrayMap](),
	"ArrayOfMaps":         reflect.TypeFor[*mapsall.MapsAllArrayOfMapsMap](),
	"HashOfMaps":          reflect.TypeFor[*mapsall.MapsAllHashOfMapsMap](),
	"RingBuf":             reflect.TypeFor[*mapsall.MapsAllRingbufTypedMap](),
	"PerfEventArray":      reflect.TypeFor[*mapsall.MapsAllPerfEventArrayTypedMap](),
	"UserRingBuf":         reflect.TypeFor[*mapsall.MapsAllUserRingbufMap](),
	"CgroupArray":         reflect.TypeFor[*mapsall.MapsAllCgroupArrayMap](),
	"SockMap":             reflect.TypeFor[*mapsall.MapsAllSockmapMap](),
	"SockHash":            reflect.TypeFor[*mapsall.MapsAllSockhashMap](),
	"ReusePortSockArray":  reflect.TypeFor[*mapsall.MapsAllReuseportSockarrayMap](),
	"XSKMap":              reflect.TypeFor[*mapsall.MapsAllXskmapMap](),
	"DevMap":              reflect.TypeFor[*mapsall.MapsAllDevmapMap](),
	"DevMapProg":          reflect.TypeFor[*mapsall.MapsAllDevmapProgMap](),
	"CPUMap":              reflect.TypeFor[*mapsall.MapsAllCpumapMap](),
	"CPUMapProg":          reflect.TypeFor[*mapsall.MapsAllCpumapProgMap](),
	"SkStorage":           reflect.TypeFor[*mapsall.MapsAllSkStorageMap](),
	"InodeStorage":        reflect.TypeFor[*mapsall.MapsAllInodeStorageMap](),
	"TaskStorage":         reflect.TypeFor[*mapsall.MapsAllTaskStorageMap](),
	"CgrpStorage":         reflect.TypeFor[*mapsall.MapsAllCgrpStorageMap](),
	"CgroupStorage":       reflect.TypeFor[*mapsall.MapsAllCgroupStorageMap](),
	"PerCPUCgroupStorage": reflect.TypeFor[*mapsall.MapsAllPercpuCgroupStorageMap](),
	"StackTrace":          reflect.TypeFor[*mapsall.MapsAllStackTraceMap](),
	"StructOps":           reflect.TypeFor[*mapsall.MapsAllStructOpsMap](),
	"Arena":               reflect.TypeFor[*mapsall.MapsAllArenaMap](),
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
