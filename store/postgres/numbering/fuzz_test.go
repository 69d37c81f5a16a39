package numbering

import (
	"bytes"
	"errors"
	"io"
	"regexp"
	"testing"
	"time"

	"calltrail/decode/fuzzbound"
)

// Whatever a file holds, it is read to its end or refused, and every entry is one that the table takes.
func FuzzRead(f *testing.F) {
	f.Add("subscriber", "+91", []byte("number,range from,range to,circle,state,city,country,subscriber,from,until\n9812345678,,,UP West,Uttar Pradesh,Noida,IN,asha,2026-01-01,\n"+
		",+911244000100,+911244000349,Haryana,,,,acme,,2026-11-01T00:00:00+05:30\n"))
	f.Add("portability", "+", []byte("\ufeffMSISDN,Operator\n\"919812345678\",\"Jio\"\n919812345679,\"Jio\n"))
	f.Add("range", "", []byte("prefix,lsa,tsp\n+919812,Haryana,Airtel\n+9,,Airtel\nx\n"))
	prefix := regexp.MustCompile(`^\+[1-9][0-9]{0,14}$`)
	f.Fuzz(func(t *testing.T, kind, prepend string, b []byte) {
		o := Options{Kind: Kind(kind), Source: "s", Dated: "2026-11-01", Zone: time.UTC, Prepend: prepend}
		if o.Check() != nil {
			return
		}
		// A range is written in some 34 octets and may make 250 prefixes of 16.
		fuzzbound.CheckList(t, len(b), func() { _, _ = check(o, File{"f", bytes.NewReader(b)}) })
		bad := new(Problems)
		r, err := newReader("f", bytes.NewReader(b), &o, bad)
		if err != nil {
			return
		}
		for {
			e, err := r.next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return
			}
			said := false
			for _, s := range e.facts {
				said = said || s != ""
			}
			if !said || !prefix.MatchString(e.prefix) || e.line < 1 || e.digits != 0 && (e.digits < len(e.prefix)-1 || e.digits > maxDigits) ||
				(e.first == "") != (e.last == "") || !e.from.IsZero() && !e.until.IsZero() && !e.from.Before(e.until) {
				t.Fatalf("no row can be made of %+v", e)
			}
		}
		if r.rows.Rows() < int64(len(bad.List)+bad.More) || r.rows.Octets() != int64(len(b)) {
			t.Fatalf("%d rows, %d bad, %d of %d octets", r.rows.Rows(), len(bad.List)+bad.More, r.rows.Octets(), len(b))
		}
	})
}
