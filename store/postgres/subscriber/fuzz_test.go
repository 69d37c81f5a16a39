package subscriber

import (
	"bytes"
	"testing"
	"time"

	"calltrail/decode/fuzzbound"
)

// Whatever a file holds, it is read to the end or refused, every row that is accepted can be stored, and folding it again into
// what it made adds nothing: an import that is repeated makes no second row.
func FuzzRead(f *testing.F) {
	for format, text := range map[Format]string{RADIUS: radiusFile, CGNAT: cgnatFile, DHCP: dhcpFile} {
		f.Add(string(format), []byte(text))
	}
	f.Add("radius", []byte("\ufeff\"Acct-Status-Type\",Acct-Session-Id,User-Name,Event-Timestamp,Framed-IP-Address\n\"Start\n"))
	f.Fuzz(func(t *testing.T, format string, b []byte) {
		if forms[Format(format)] == nil {
			return
		}
		fuzzbound.CheckList(t, len(b), func() {
			_, _ = readAll(Options{Format: Format(format), Zone: time.UTC}, []File{{"f", bytes.NewReader(b)}})
		})
		tables, err := readAll(Options{Format: Format(format), Zone: time.UTC}, []File{{"f", bytes.NewReader(b)}})
		if err != nil {
			return
		}
		problems := new(Problems)
		list := foldAll(nil, tables[0], problems)
		if problems.Err() != nil {
			return
		}
		stored := map[key][]assignment{}
		ids := map[[16]byte]bool{}
		for i := range list {
			a := &list[i]
			if ids[a.id] || !a.address.IsValid() || a.address != a.address.Masked() || !a.open() && !a.until.After(a.from) || a.holder == (holder{}) && !a.inside.IsValid() {
				t.Fatalf("no row can be made of %+v", a)
			}
			if _, err := a.values(Format(format), 1); err != nil {
				t.Fatal(err)
			}
			ids[a.id] = true
			stored[a.key()] = append(stored[a.key()], *a)
		}
		if again := foldAll(stored, tables[0], problems); len(again) > 0 {
			t.Fatalf("the same rows again make %+v", again)
		}
	})
}
