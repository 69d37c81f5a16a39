package route

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"calltrail/decode/fuzzbound"
)

func TestParseTrunks(t *testing.T) {
	got, err := ParseTrunks([]byte(`# trunks
name,peer,prefix,interface,vlan
london,Example UK,198.51.100.0/25,,
cable,"Telecom, Example",,eth4,
london,Example UK,2001:db8:44::/48,,
vlan, ,198.51.100.200,eth2,4094
`))
	want := []Trunk{
		{Name: "london", Peer: "Example UK", Prefixes: prefixes("198.51.100.0/25", "2001:db8:44::/48")},
		{Name: "cable", Peer: "Telecom, Example", Interface: "eth4"},
		{Name: "vlan", Prefixes: prefixes("198.51.100.200/32"), Interface: "eth2", VLAN: 4094},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n got %+v\nwant %+v", err, got, want)
	}
}

func TestBadTrunks(t *testing.T) {
	for _, tt := range []struct{ rows, want string }{
		{"a,,192.0.2.0/33,,", `line 2: prefix "192.0.2.0/33"`},
		{"a,,192.0.2,,", `line 2: prefix`},
		{",,192.0.2.0/24,,", `line 2: name ""`},
		{"a,,,,0", `line 2: VLAN "0"`},
		{"a,,,,4095", `line 2: VLAN "4095"`},
		{"a,,,,-1", `line 2: VLAN "-1"`},
		{"a,,192.0.2.0/24,", "line 2: 4 columns, want name,peer,prefix,interface,vlan"},
		{"a,x,192.0.2.0/24,,\na,y,192.0.3.0/24,,", `line 3: trunk "a" has another peer`},
		{"a,x,192.0.2.0/24,,\na,x,192.0.3.0/24,,7", `line 3: trunk "a" has another peer, interface or VLAN`},
		{"a,x,192.0.2.0/24,eth0,\na,x,,eth0,", `line 3: trunk "a" has a row without prefix`},
		{"a,x,,eth0,\na,x,192.0.2.0/24,eth0,", `line 3: trunk "a" has a row without prefix`},
		{"a,,x,,\nb,,192.0.2.0/24,,\nc,,y,,", `line 2: prefix "x": write it as 192.0.2.0/24; line 4: prefix "y"`},
		{strings.Repeat("a,,x,,\n", maxBadLines+2), `line 21: prefix "x": write it as 192.0.2.0/24; the lines behind it were not read`},
		{"\"a", "line 2"},
	} {
		got, err := ParseTrunks([]byte("# trunks\n" + tt.rows))
		if got != nil || err == nil || !strings.Contains(err.Error(), tt.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v beside %v, want one line with %q", tt.rows, got, err, tt.want)
		}
	}
	if _, err := ParseTrunks([]byte(strings.Repeat("a,,192.0.2.1,,\n", maxPrefixes+1))); err == nil || !strings.Contains(err.Error(), "line 65537: more than") {
		t.Errorf("too many prefixes: %v", err)
	}
}

func TestParseTap(t *testing.T) {
	for s, want := range map[string]Tap{"eth0=inside": {"eth0", NATInside}, " eth1 = outside": {"eth1", NATOutside}, "a=none": {"a", NATNone}} {
		if got, err := ParseTap(s); err != nil || got != want {
			t.Errorf("%q: %+v, %v, want %+v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "eth0", "=inside", "eth0=", "eth0=both"} {
		if got, err := ParseTap(s); err == nil {
			t.Errorf("%q gives %+v", s, got)
		}
	}
}

// shortRows are trunks in as few octets as there can be: the most table for an input.
func shortRows(n int) []byte {
	var b []byte
	for i := range n {
		b = fmt.Appendf(b, "%x,,::,,\n", i)
	}
	return b
}

func FuzzParseTrunks(f *testing.F) {
	f.Add(shortRows(16))
	f.Add(shortRows(1000))
	for _, seed := range []string{"name,peer,prefix,interface,vlan\na,b,192.0.2.0/24,eth0,7\n", "a,,,,\n", "a,,::/0,,1\na,,0.0.0.0/0,,1", "\"a\n"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		fuzzbound.CheckList(t, len(text), func() { _, _ = ParseTrunks(text) })
		trunks, err := ParseTrunks(text)
		if err != nil && trunks != nil {
			t.Error("trunks beside an error")
		}
		names := make(map[string]bool)
		for _, trunk := range trunks {
			if names[trunk.Name] {
				t.Errorf("two trunks of one name")
			}
			names[trunk.Name] = true
		}
		_, _ = New(Config{Trunks: trunks}) // whatever it says, it returns
	})
}
