package numbering

import (
	"errors"
	"io"
	"runtime"
	"strings"
	"testing"
	"time"
)

// Every bad line is listed, and of the good ones between them nothing is kept.
func TestBadLines(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	o := whole(Subscriber, "books", "2026-11-01")
	_, err := d.try(o, "Number,range_from,Range To,circle,city,From,until,note\n"+
		"+919812345678,,,UP West,Noida,2026-01-01T00:00:00+05:30,,\n"+
		"9812345678,,,UP West,,,,\n"+
		",,,UP West,,,,\n"+
		"+919812345678,+919812340000,+919812349999,UP West,,,,\n"+
		",+919812340000,,UP West,,,,\n"+
		",+919812340000,+91981234000,UP West,,,,\n"+
		",+919812340001,+919812340000,UP West,,,,\n"+
		",+19812340000,+99812340000,UP West,,,,\n"+
		"+919812345678,,,,,,,\n"+
		"+919812345678,,,UP West,,2026-01-01,,\n"+
		"+919812345678,,,UP West,,yesterday,,\n"+
		"+919812345678,,,UP West,,2026-01-02T00:00:00Z,2026-01-02T00:00:00Z,\n"+
		"+919812345678,,,UP West,,,20260-01-01,\n"+
		"+919812345678,,,UP West,,1700-01-01T00:00:00Z,,\n"+
		"+919812345678,,\n"+
		"+919812345678,,,UP\x00West,,,,\n"+
		"+919812345678,,,UP\xffWest,,,,\n"+
		"+919812345678,,,UP\"West,,,,\n"+
		"+919812345678,,,"+strings.Repeat("a", 257)+",,,,\n")
	const want = `f.csv:3: number: "9812345678" has no +; write it with + and country code, or say with --prepend what goes before such numbers
f.csv:4: there is no number in it
f.csv:5: it has more than one of a number, a prefix and a range; write a row for each
f.csv:6: range-to: "" is no number; write it with + and country code
f.csv:7: range-from has 12 digits and range-to 11; a range is of numbers of one length
f.csv:8: range-from is after range-to
f.csv:9: the range begins in one country and ends in another
f.csv:10: it says nothing of the number: circle, state, city, country, subscriber: all empty
f.csv:11: from: the time has no zone: "2026-01-01"; name its zone with --zone, or write it like 2026-11-01T00:00:00+05:30
f.csv:12: from: "yesterday" is no time; write it like 2026-11-01 or 2026-11-01T00:00:00+05:30
f.csv:13: until 2026-01-02T00:00:00Z is not after from 2026-01-02T00:00:00Z
f.csv:14: until: "20260-01-01" is no time; write it like 2026-11-01 or 2026-11-01T00:00:00+05:30
f.csv:15: from: "1700-01-01T00:00:00Z" is not between the years 1900 and 2200
f.csv:16: it has 3 fields, the header 8
f.csv:17: circle holds a control character
f.csv:18: circle is not UTF-8
f.csv:19: no comma-separated values: bare " in non-quoted-field
f.csv:20: circle is longer than 256 octets
18 lines are wrong: nothing was imported`
	var problems *Problems
	if !errors.As(err, &problems) || err.Error() != want {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
	const counts = `SELECT (SELECT count(*) FROM calltrail.numbering) AS n, (SELECT count(*) FROM calltrail.numbering_import) AS i`
	d.want(counts, "0|0")

	// A file that changes between its two readings, while half of it is in COPY already.
	const good = "number,city\n+919812345678,Noida\n+919812345679,Noida\n"
	for name, second := range map[string]string{
		"was changed while it was read": "number,city\n+919812345678,Noida\n+919812345679,Agra\n",
		"the column number is":          "number,number\n",
	} {
		_, err = Import(t.Context(), d.cfg, o, File{"f.csv", &changing{strings.NewReader(good), second}})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want %s", err, name)
		}
		d.want(counts, "0|0")
	}
}

// changing is a file that is another one when it is read again.
type changing struct {
	io.ReadSeeker
	second string
}

func (c *changing) Seek(int64, int) (int64, error) {
	c.ReadSeeker = strings.NewReader(c.second)
	return 0, nil
}

func TestHeadersAndOptions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		o          Options
		text, want string
	}{
		{whole(Subscriber, "s", "2026-11-01"), "", "f.csv: the file is empty; its first line names the columns"},
		{whole(Subscriber, "s", "2026-11-01"), "number,MSISDN,city\n", "f.csv: the column number is there twice"},
		{whole(Subscriber, "s", "2026-11-01"), "city\n", "f.csv: no column has the numbers: at least one of number, range-from is wanted"},
		{whole(Subscriber, "s", "2026-11-01"), "number,carrier\n", "f.csv: no column says anything of the numbers: at least one of circle, state, city, country, subscriber is wanted"},
		{whole(Subscriber, "s", "2026-11-01"), "range_from,city\n", "f.csv: of the columns range-from and range-to one is missing"},
		{whole(Portability, "s", "2026-11-01"), "number,range_from,range_to,carrier\n", "f.csv: the column range-from is not for tables of this kind; its numbers are in number"},
		{whole(Range, "s", "2026-11-01"), "number,carrier\n", "f.csv: no column has the numbers: at least one of number-prefix, range-from is wanted"},
		{whole(Range, "s", "2026-11-01"), strings.Repeat(",", 256) + "\n", "f.csv: it has 257 columns, more than 256"},
		{whole("census", "s", "2026-11-01"), "", `kind "census" is not known: subscriber, portability or range is wanted`},
		{whole(Range, " ", "2026-11-01"), "", "the source is not named"},
		{whole(Range, "a\nb", "2026-11-01"), "", `the source "a\nb" is longer than 128 octets, or no plain text`},
		{whole(Range, "s", "2026-02-30"), "", `"2026-02-30" is no day; write it like 2026-11-01`},
		{Options{Kind: Range, Source: "s", Dated: "2026-11-01", Prepend: "91"}, "", `"91" cannot go before numbers: it is "+" for numbers that have their country code, or + and a country code such as +91`},
	} {
		_, err := check(c.o, File{"f.csv", strings.NewReader(c.text)})
		if err == nil || err.Error() != c.want {
			t.Errorf("%q: %v, want %s", c.text, err, c.want)
		}
	}
	found, err := check(whole(Range, "s", "2026-11-01"), File{"f.csv", strings.NewReader("\ufeffPrefix,Operator,LSA,note\n+919812,Airtel,Haryana,x\n")})
	if err != nil || found.rows != 1 || found.made != 1 || strings.Join(found.unknown, " ") != "note" {
		t.Errorf("%+v, %v", found, err)
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text string
		zone *time.Location
		want string
	}{
		{"2026-11-01T00:00:00+05:30", nil, "2026-10-31T18:30:00Z"},
		{"2026-11-01 00:00:00+05:30", nil, "2026-10-31T18:30:00Z"},
		{"2026-11-01", berlin, "2026-10-31T23:00:00Z"},
		{"2026-11-01 12:00:00", berlin, "2026-11-01T11:00:00Z"},
		{"2026-10-25", berlin, "2026-10-24T22:00:00Z"},
		{"2026-11-01", nil, "the time has no zone"},
		{"2026-10-25 02:30:00", berlin, "was shown twice"},
		{"2026-03-29 02:30:00", berlin, "was never shown"},
		{"2026-13-01", berlin, "is no time"},
	} {
		at, err := parseTime(c.text, c.zone)
		got := at.Format(time.RFC3339)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", c.text, got, c.want)
		}
	}
}

// A quotation mark that is never closed makes a row of all that follows: it is refused before it is in memory. So are the bad
// lines of a long file counted, not kept.
func TestMemoryIsBounded(t *testing.T) {
	const rows = 100_000 // 3.5 MB
	for name, c := range map[string]struct{ head, row, want string }{
		"quotation mark": {"number,city\n+919812345678,\"", "Noida\n+919812345678,Noida and around\n", "f.csv: row 1: a row is longer than 65536 octets: is a quotation mark not closed?"},
		"bad lines":      {"number,city\n", "+91981234567x,Noida and around it\n", "and 99000 lines more\n100000 lines are wrong: nothing was imported"},
		"good lines":     {"number,city\n", "+919812345678,Noida and around it\n", ""},
	} {
		var highest uint64
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		before := m.HeapAlloc
		in := &repeated{head: c.head, row: c.row, left: rows, every: rows / 16, look: func() {
			runtime.GC()
			runtime.ReadMemStats(&m)
			highest = max(highest, m.HeapAlloc)
		}}
		_, err := check(whole(Subscriber, "s", "2026-11-01"), File{"f.csv", in})
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		} else if err == nil || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: %v, want %s", name, err, c.want)
		}
		if highest > before+1<<20 {
			t.Errorf("%s: %d octets held of a file of 3.5 MB", name, highest-before)
		}
	}
}

// repeated is a file of one row again and again, which looks at the memory now and then.
type repeated struct {
	head, row          string
	left, every, since int
	look               func()
}

func (r *repeated) Seek(int64, int) (int64, error) { return 0, errors.New("not wanted") }

func (r *repeated) Read(p []byte) (n int, err error) {
	if r.head == "" && r.left > 0 {
		r.head = r.row
		r.left--
		if r.since++; r.since == r.every {
			r.since = 0
			r.look()
		}
	}
	if r.head == "" {
		return 0, io.EOF
	}
	n = copy(p, r.head)
	r.head = r.head[n:]
	return n, nil
}
