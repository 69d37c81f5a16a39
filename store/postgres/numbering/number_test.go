package numbering

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func TestParseNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, prepend, want string }{
		{"+919812345678", "", "+919812345678"},
		{"+91 98123-45678", "", "+919812345678"},
		{"+1 (212) 555.0100", "", "+12125550100"},
		{"9812345678", "+91", "+919812345678"},
		{"919812345678", "+", "+919812345678"},
		{"+919812345678", "+44", "+919812345678"},
		{"+123456789012345", "", "+123456789012345"},
		{"+1234567", "", "+1234567"},
		{"9812345678", "", `"9812345678" has no +; write it with + and country code, or say with --prepend what goes before such numbers`},
		{"09812345678", "+91", `"09812345678" begins with 0: what goes before it cannot be told; write it with + and country code`},
		{"+0919812345678", "", `"+0919812345678" begins with 0 after the +: no country code does`},
		{"0919812345678", "+", `"0919812345678" begins with 0: what goes before it cannot be told; write it with + and country code`},
		{"+1234567890123456", "", `"+1234567890123456" has more than 15 digits with its country code`},
		{"123456789012345", "+91", `"123456789012345" has more than 15 digits with its country code`},
		{"+123456", "", `"+123456" has fewer than 7 digits: it is no whole number`},
		{"+", "", `"+" is no number; write it with + and country code`},
		{"", "+91", `"" is no number; write it with + and country code`},
		{"+91981234567a", "", `"+91981234567a" is no number; write it with + and country code`},
		{"++919812345678", "", `"++919812345678" is no number; write it with + and country code`},
		{"+९१९८१२३४५६७८", "", `"+९१९८१२३४५६७८" is no number; write it with + and country code`}, // digits, but not those of E.164
		{strings.Repeat("x", 100), "", `"` + strings.Repeat("x", 64) + `" is no number; write it with + and country code`},
	} {
		got, err := parseNumber(c.text, c.prepend)
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q after %q: %s, want %s", c.text, c.prepend, got, c.want)
		}
	}
	for s, ok := range map[string]bool{"": true, "+": true, "+91": true, "+1246": true, "91": false, "+091": false, "+9x": false, "++": false, "+12345678": false} {
		if err := checkPrepend(s); (err == nil) != ok {
			t.Errorf("prepend %q: %v", s, err)
		}
	}
}

// The prefixes of a range have all of its numbers, each once, and no other.
func TestCut(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ first, last, want string }{
		{"+9198120000", "+9198129999", "+919812"},
		{"+9198120150", "+9198120150", "+9198120150"},
		{"+9198120148", "+9198120321", "+9198120148 +9198120149 +919812015 +919812016 +919812017 +919812018 +919812019 +91981202 +919812030 +919812031 +9198120320 +9198120321"},
		{"+1000000", "+1999999", "+1"},
	} {
		if got := strings.Join(cut(nil, c.first, c.last), " "); got != c.want {
			t.Errorf("%s to %s: %s, want %s", c.first, c.last, got, c.want)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		first := r.IntN(10000)
		last := first + r.IntN(10000-first)
		list := cut(nil, fmt.Sprintf("+7%04d", first), fmt.Sprintf("+7%04d", last))
		if len(list) > 18*4 || !slices.IsSorted(list) {
			t.Fatalf("%d to %d: %v", first, last, list)
		}
		var got int
		for _, p := range list {
			size := 1
			for range 6 - len(p) {
				size *= 10
			}
			got += size
		}
		if low, high := list[0], list[len(list)-1]; got != last-first+1 || low+zeros[:6-len(low)] != fmt.Sprintf("+7%04d", first) || high+nines[:6-len(high)] != fmt.Sprintf("+7%04d", last) {
			t.Fatalf("%d to %d: %v has %d numbers", first, last, list, got)
		}
		for i, p := range list[1:] {
			if strings.HasPrefix(p, list[i]) {
				t.Fatalf("%d to %d: %s is within %s", first, last, p, list[i])
			}
		}
	}
}
