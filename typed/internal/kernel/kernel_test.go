package kernel

import (
	"strings"
	"testing"
)

func TestParseVersion(t *testing.T) {
	for release, want := range map[string]Version{
		"6.12":                       {6, 12},
		"6.12.117+deb12-cloud-amd64": {6, 12},
		"7.0-rc1":                    {7, 0},
		"5.10.0":                     {5, 10},
	} {
		if got, err := ParseVersion(release); err != nil || got != want {
			t.Errorf("%s: %v, %v", release, got, err)
		}
	}
	for _, release := range []string{"", "6", "x.y", "6.x"} {
		if got, err := ParseVersion(release); err == nil {
			t.Errorf("%q: %v", release, got)
		}
	}
}

func TestLess(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want bool
	}{{"5.10", "6.1", true}, {"6.1", "6.10", true}, {"6.10", "6.9", false}, {"7.0", "6.19", false}, {"6.1", "6.1", false}} {
		a, _ := ParseVersion(test.a)
		b, _ := ParseVersion(test.b)
		if a.Less(b) != test.want {
			t.Errorf("%s < %s is %v", a, b, !test.want)
		}
	}
}

func TestParseConfig(t *testing.T) {
	c, err := ParseConfig(strings.NewReader("#\n# CONFIG_FPROBE is not set\nCONFIG_BPF=y\nCONFIG_NETKIT=m\nCONFIG_HZ=250\nCONFIG_BPF=n\nCONFIG_LSM=\"lockdown,bpf=x\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	for option, want := range map[string]string{
		"CONFIG_BPF": "y", "CONFIG_NETKIT": "m", "CONFIG_HZ": "250", "CONFIG_LSM": `"lockdown,bpf=x"`, "CONFIG_FPROBE": "",
	} {
		if c[option] != want {
			t.Errorf("%s=%s, want %s", option, c[option], want)
		}
	}
}
