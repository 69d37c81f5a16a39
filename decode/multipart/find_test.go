package multipart

import (
	"strings"
	"testing"

	"calltrail/decode/fuzzbound"
)

// geo is RFC 6442 section 5.1's body in short: a description and a place.
const geo = `--boundary1
Content-Type: application/sdp

v=0

--boundary1
Content-Type: application/pidf+xml; charset=UTF-8
Content-ID:
 <target123@atlanta.example.com>

<presence/>
--boundary1
c: application/pidf+xml
content-id: <other%25@example.com>

<second/>
--boundary1--
epilogue
`

var cases = []struct{ name, contentType, body, mediaType, id, want string }{
	{"first", "multipart/mixed;boundary=boundary1", geo, "application/sdp", "", "v=0\r\n"},
	{"second", "multipart/mixed;boundary=boundary1", geo, "application/pidf+xml", "", "<presence/>"},
	{"by id", "multipart/mixed;boundary=boundary1", geo, "application/pidf+xml", "target123@atlanta.example.com", "<presence/>"},
	{"by id, escaped (RFC 2392)", "multipart/mixed;boundary=boundary1", geo, "application/pidf+xml", "target123%40atlanta.example.com", "<presence/>"},
	{"by id with a percent sign", "multipart/mixed;boundary=boundary1", geo, "application/pidf+xml", "other%2525@example.com", "<second/>"},
	{"id of another type", "multipart/mixed;boundary=boundary1", geo, "application/sdp", "target123@atlanta.example.com", "-"},
	{"no such id", "multipart/mixed;boundary=boundary1", geo, "application/pidf+xml", "target123", "-"},
	{"id that goes on", "multipart/mixed;boundary=boundary1", geo, "application/pidf+xml", "target123@atlanta.example.comx", "-"},
	{"quoted boundary, related", `Multipart/Related; type="application/sdp;x"; BOUNDARY = "boundary1"`, geo, "application/sdp", "", "v=0\r\n"},
	{"alone", " application/PIDF+xml ;charset=utf-8", "<presence/>", "application/pidf+xml", "", "<presence/>"},
	{"alone, with an id: a body by itself has none", "application/pidf+xml", "<presence/>", "application/pidf+xml", "x", "-"},
	{"other type", "application/sdp", "v=0", "application/pidf+xml", "", "-"},
	{"no boundary", "multipart/mixed", geo, "application/sdp", "", "-"},
	{"empty boundary", `multipart/mixed;boundary=""`, geo, "application/sdp", "", "-"},
	{"boundary of 71 octets", "multipart/mixed;boundary=" + strings.Repeat("a", 71), "--" + strings.Repeat("a", 71) + "\nContent-Type: application/sdp\n\nv=0", "application/sdp", "", "-"},
	{"longer delimiter is none", "multipart/mixed;boundary=boundary", geo, "application/sdp", "", "-"},
	{"one within another", "multipart/mixed;boundary=o", "--o\nContent-Type: multipart/mixed;boundary=i\n\n--i\nContent-Type: application/sdp\n\nv=0\n--i--\n--o--\n", "application/sdp", "", "v=0"},
	{"two within another", "multipart/mixed;boundary=o", "--o\nContent-Type: multipart/mixed;boundary=i\n\n--i\nContent-Type: multipart/mixed;boundary=j\n\n--j\nContent-Type: application/sdp\n\nv=0\n--j--\n--i--\n--o--\n", "application/sdp", "", "-"},
	{"not closed", "multipart/mixed;boundary=b", "--b\nContent-Type: application/sdp\n\nv=0", "application/sdp", "", "v=0"},
	{"headers that do not end", "multipart/mixed;boundary=b", "--b\nContent-Type: application/sdp\nv=0", "application/sdp", "", "-"},
	{"seventeenth part", "multipart/mixed;boundary=b", strings.Repeat("--b\n\nx\n", 16) + "--b\nContent-Type: application/sdp\n\nv=0\n--b--", "application/sdp", "", "-"},
	{"sixteenth part", "multipart/mixed;boundary=b", strings.Repeat("--b\n\nx\n", 15) + "--b\nContent-Type: application/sdp\n\nv=0\n--b--", "application/sdp", "", "v=0"},
	{"empty", "", "", "application/sdp", "", "-"},
}

func find1(contentType, body, mediaType, id string) []byte {
	var want []byte
	if id != "" {
		want = []byte(id)
	}
	return Find([]byte(contentType), []byte(body), mediaType, want)
}

func TestFind(t *testing.T) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := "-"
			if b := find1(c.contentType, strings.ReplaceAll(c.body, "\n", "\r\n"), c.mediaType, c.id); b != nil {
				got = string(b)
			}
			if got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

func TestFindAllocatesNothing(t *testing.T) {
	contentType, body, id := []byte("multipart/mixed;boundary=boundary1"), []byte(geo), []byte("target123@atlanta.example.com")
	if n := testing.AllocsPerRun(100, func() { Find(contentType, body, "application/pidf+xml", id) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzFind(f *testing.F) {
	for _, c := range cases {
		f.Add(c.contentType, c.body, c.id)
	}
	f.Fuzz(func(t *testing.T, contentType, body, id string) {
		fuzzbound.Check(t, len(contentType)+len(body), func() { find1(contentType, body, "application/sdp", id) })
		for _, mediaType := range []string{"application/sdp", "application/pidf+xml"} {
			got := find1(contentType, body, mediaType, id)
			if !strings.Contains(body, string(got)) {
				t.Errorf("%q is no part of the body", got)
			}
			if got != nil && find1(contentType, body, mediaType, "") == nil {
				t.Error("found by its id, and not without")
			}
		}
	})
}

func BenchmarkFind(b *testing.B) {
	contentType, body := []byte("multipart/mixed;boundary=boundary1"), []byte(geo)
	b.ReportAllocs()
	b.SetBytes(int64(len(body)))
	for b.Loop() {
		Find(contentType, body, "application/pidf+xml", nil)
	}
}
