package sip

import (
	"errors"
	"testing"

	"calltrail/decode/fuzzbound"
)

var geolocations = []struct {
	name, value, uri, id string
	err                  error
}{
	// RFC 6442 section 4.1 and 5
	{"cid", "<cid:target123@atlanta.example.com>", "cid:target123@atlanta.example.com", "target123@atlanta.example.com", nil},
	{"parameters", "<CID:a%40b@example.com>;inserted-by=\"<sip:p@example.com>\";x", "CID:a%40b@example.com", "a%40b@example.com", nil},
	{"by reference", "<https://ls.example.net:9768/357yc6s64ceyoiuy5ax3o>", "https://ls.example.net:9768/357yc6s64ceyoiuy5ax3o", "", nil},
	{"SIP", "<sips:3sdefrhy2jj7@lis.atlanta.example.com>", "sips:3sdefrhy2jj7@lis.atlanta.example.com", "", nil},
	{"without <>", "cid:a@example.com;used-for-routing", "cid:a@example.com", "a@example.com", nil},
	{"spaces", "< cid:a@example.com >", "cid:a@example.com", "a@example.com", nil},
	{"unclosed", "<cid:a@example.com", "", "", ErrGeolocation},
	{"nothing named", "<cid:>", "", "", ErrGeolocation},
	{"no scheme", "<a@example.com>", "", "", ErrGeolocation},
	{"space within", "<cid:a b>", "", "", ErrGeolocation},
	{"empty", "", "", "", ErrGeolocation},
}

func TestParseGeolocation(t *testing.T) {
	for _, c := range geolocations {
		t.Run(c.name, func(t *testing.T) {
			g, err := ParseGeolocation([]byte(c.value))
			if !errors.Is(err, c.err) || string(g.URI) != c.uri || string(g.ContentID) != c.id {
				t.Errorf("%q %q %v", g.URI, g.ContentID, err)
			}
		})
	}
}

func TestChooseGeolocation(t *testing.T) {
	for _, c := range []struct{ list, want string }{
		{"<https://ls.example.net/x>, <cid:a@example.com>, <cid:b@example.com>", "cid:a@example.com"},
		{"<x>, <https://ls.example.net/x>, <sip:a@example.com>", "https://ls.example.net/x"},
		{"<x>", ""},
	} {
		g, ok := ChooseGeolocation(Elements([]byte(c.list)))
		if string(g.URI) != c.want || ok != (c.want != "") {
			t.Errorf("%s: %q %t, want %q", c.list, g.URI, ok, c.want)
		}
	}
}

func FuzzGeolocation(f *testing.F) {
	for _, c := range geolocations {
		f.Add([]byte(c.value))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzbound.Check(t, len(b), func() { _, _ = ParseGeolocation(b) })
		g, err := ParseGeolocation(b)
		if (err == nil) != (len(g.URI) > 0) || len(g.ContentID) >= len(g.URI) && len(g.URI) > 0 {
			t.Errorf("%q %q %v", g.URI, g.ContentID, err)
		}
	})
}
