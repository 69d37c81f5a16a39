package app

import (
	"flag"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write docs/applications.md")

func TestRules(t *testing.T) {
	for i := range table {
		r := &table[i]
		t.Run(r.Name, func(t *testing.T) {
			var holds, near bool
			for _, c := range cases[r.Name] {
				if got := c.marks(t).Has(ID(i)); got != c.want {
					t.Errorf("%s: %v, want %v", c.name, got, c.want)
				}
				holds, near = holds || c.want, near || !c.want
			}
			if !holds || !near {
				t.Errorf("cases: holds %v, nearly holds %v; both are needed", holds, near)
			}
		})
	}
	for name := range cases {
		if _, ok := Lookup(name); !ok {
			t.Errorf("cases of %s, which is no rule", name)
		}
	}
}

// TestEveryNumber holds that each number of the table marks its rule and that its neighbours do not, so that no row of an index
// is lost behind another one.
func TestEveryNumber(t *testing.T) {
	for n := range 1 << 16 {
		var want Marks
		for i := range table {
			if slices.ContainsFunc(table[i].attributes, func(s span) bool { return int(s.low) <= n && n <= int(s.high) }) {
				want.Add(ID(i))
			}
		}
		if got := attributeMarks(uint16(n)); got != want {
			t.Errorf("attribute %#04x: %v, want %v", n, names16(got), names16(want))
		}
	}
	for i := range table {
		for _, text := range table[i].prefixes {
			p := netip.MustParsePrefix(text)
			if p != p.Masked() || p.Addr().Is6() && p.Bits() > 64 {
				t.Errorf("%s: prefix %s has bits behind its end, or is too long for the index", table[i].Name, p)
			}
			last := p.Addr().AsSlice()
			for bit := p.Bits(); bit < 8*len(last); bit++ {
				last[bit/8] |= 0x80 >> (bit % 8)
			}
			end, _ := netip.AddrFromSlice(last)
			if !Networks(p.Addr()).Has(ID(i)) || !Networks(end).Has(ID(i)) {
				t.Errorf("%s: %s is not wholly found", table[i].Name, p)
			}
		}
	}
	sorted(t, known.prefixes4)
	sorted(t, known.prefixes6)
	if n := Networks(netip.Addr{}); !n.Empty() {
		t.Errorf("no address: %v", names16(n))
	}
}

func sorted[T uint32 | uint64](t *testing.T, ranges []prefix[T]) {
	t.Helper()
	for i := 1; i < len(ranges); i++ {
		if ranges[i].from <= ranges[i-1].to {
			t.Errorf("prefixes of %s and %s overlap", ranges[i-1].id.Name(), ranges[i].id.Name())
		}
	}
}

// TestTable holds what the index takes for granted.
func TestTable(t *testing.T) {
	if len(table) > MaxRules {
		t.Fatalf("%d rules, a Marks holds %d", len(table), MaxRules)
	}
	seen := map[string]bool{}
	last := Unknown
	for i, r := range table {
		if !strings.HasPrefix(r.Name, r.App.String()+".") || seen[r.Name] {
			t.Errorf("name %q is there twice or not of %s", r.Name, r.App)
		}
		seen[r.Name] = true
		if r.App < last || r.App == Unknown {
			t.Errorf("%s is not in the order of the applications", r.Name)
		}
		last = r.App
		for _, text := range []string{r.What, r.Source} {
			if text == "" || strings.ContainsAny(text, "|\n") {
				t.Errorf("%s: %q is empty or breaks the table", r.Name, text)
			}
		}
		if r.Kind == 0 || r.Confidence == Likely || r.Support && r.Confidence != Weak || r.Confidence == None && r.Medium == MediumUnknown {
			t.Errorf("%s: kind %d, confidence %s, support %v do not go together", r.Name, r.Kind, r.Confidence, r.Support)
		}
		if r.Pair != "" {
			if other, ok := Lookup(r.Pair); !ok || other.Rule().Pair != r.Name || other.Rule().App != r.App {
				t.Errorf("%s has no pair in %q", r.Name, r.Pair)
			}
		}
		for _, p := range r.patterns {
			if len(p.is) == 0 && (p.at != 0 || p.on == span{}) || len(p.is) > 4 || p.at != 0 && p.at != 2 {
				t.Errorf("%s: pattern %+v is out of reach", r.Name, p)
			}
		}
		for _, s := range slices.Concat(r.stunTypes, r.attributes, r.stunPorts, r.ports) {
			if s.low > s.high {
				t.Errorf("%s: range %+v is empty", r.Name, s)
			}
		}
		for _, text := range r.realms {
			if text != strings.ToLower(text) {
				t.Errorf("%s: %q is not in small letters", r.Name, text)
			}
		}
		if id, ok := Lookup(r.Name); !ok || int(id) != i || id.Name() != r.Name || id.Rule() != &table[i] {
			t.Errorf("%s is not found by its name", r.Name)
		}
	}
	used := 0
	for _, a := range known.attributes {
		if !a.marks.Empty() {
			used++
		}
	}
	if used > len(known.attributes)/2 {
		t.Errorf("%d of %d slots for attributes are used: make it larger", used, len(known.attributes))
	}
	if ID(len(table)).Rule() != nil || ID(255).Name() != "" {
		t.Error("a number behind the table is a rule")
	}
	if _, ok := Lookup(""); ok {
		t.Error("no name is a rule")
	}
	if all := Rules(); len(all) != len(table) || all[0].Name != table[0].Name {
		t.Errorf("Rules gives %d of %d", len(all), len(table))
	}
}

// TestReasons holds that Gate lets everything through that is reason to follow a conversation.
func TestReasons(t *testing.T) {
	for name := range cases {
		id, _ := Lookup(name)
		r := id.Rule()
		var own Marks
		own.Add(id)
		if want := r.Confidence == Certain || r.Pair != ""; own.Reason() != want {
			t.Errorf("%s: reason %v, want %v", name, own.Reason(), want)
		}
		if r.Kind != PayloadMark || !own.Reason() {
			continue
		}
		for _, p := range r.patterns {
			for _, port := range []uint16{p.on.low, p.on.high} {
				if first := (p.is + "\x55")[0]; !Gate(first, 40000, port) || !Gate(first, port, 40000) {
					t.Errorf("%s: Gate keeps %#02x on port %d out", name, first, port)
				}
			}
		}
	}
	for _, c := range []struct {
		name     string
		first    byte
		src, dst uint16
		want     bool
	}{
		{"Telegram", 0x55, 40000, 500, true},
		{"Telegram's answer", 0x55, 600, 40000, true},
		{"port 601", 0x55, 601, 40000, false},
		{"port 499", 0x55, 499, 40000, false},
		{"Zoom", 0x05, 40000, 8801, true},
		{"Zoom's answer", 0x05, 8810, 40000, true},
		{"port 8811", 0x05, 40000, 8811, false},
		{"port 8800", 0x05, 40000, 8800, false},
		{"Zoom between clients", 0x1f, 40000, 50000, true},
		{"Discord", 0x00, 40000, 50000, true},
		{"QUIC", 0xc0, 40000, 443, false},
	} {
		if got := Gate(c.first, c.src, c.dst); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestAttempts(t *testing.T) {
	const want = "whatsapp.stun_type zoom.stun_setup zoom.setup"
	if got := strings.Join(names16(Attempts()), " "); got != want {
		t.Errorf("attempts are %s, want %s", got, want)
	}
}

func TestDocument(t *testing.T) {
	const path = "../../docs/applications.md"
	if *update {
		if err := os.WriteFile(path, []byte(Markdown()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != Markdown() {
		t.Errorf("%s is not what the table gives: run go test ./decode/app -update", path)
	}
}
