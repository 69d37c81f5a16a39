package watchlist

import (
	"bytes"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

const goodCSV = "\ufefflist,kind,value,source,case,reason,from,until\r\n" +
	"scam,number,0120 4100001,police,FIR 12/2026,\"hoax, \"\"digital arrest\"\"\",2026-05-01,2026-06-01T05:30:00+05:30\r\n"

func TestReadListsEveryBadLine(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name   string
		format Format
		text   string
		want   string // the error
	}{
		{"several", CSV, "list,kind,value,source,reason\nscam,number,police,a,b\nscam,address,203.0.113.7,a,b\n\nscam,prefix,203.0.113.7/24,a,b\nscam,nonsense,x,a,b\nscam,address,203.0.113.8,a\n" +
			"scam,address,\"203\"0,a,b\nBad,address,203.0.113.9,a,b\nscam,address,203.0.113.9,,b\n", `line 2: value: no valid telephone number; write it with + and country code, or look for its first digits (number_prefix)
line 5: value: bits are set behind its 24; a prefix ends in zeros
line 6: kind: one of number, number_prefix, address, prefix, sip_uri, user_agent is wanted
line 7: 4 columns, the header has 5
line 8: extraneous or missing " in quoted-field
line 9: list: a name has 1 to 64 lower-case letters, digits, ".", "_" and "-"
line 10: source: it is empty
7 bad lines, so nothing was imported`},
		{"bad times", CSV, "kind,value,source,reason,from,until\naddress,203.0.113.7,a,b,yesterday,\naddress,203.0.113.7,a,b,,1.1.2026\n", `line 2: from: no time; write it like 2026-11-22T10:00:00+05:30 or 2026-11-22
line 3: until: no time; write it like 2026-11-22T10:00:00+05:30 or 2026-11-22
2 bad lines, so nothing was imported`},
		{"unknown column", CSV, "kind,value,source,reason,colour\n", "line 1: column 5 has no known name; the columns are list,kind,value,source,case,reason,from,until,added_by,added_at,version"},
		{"column twice", CSV, "kind,value,source,reason,kind\n", "line 1: column kind is there twice"},
		{"column missing", CSV, "kind,value,source\n", "line 1: column reason is missing"},
		{"nothing", CSV, "", "line 1: no header; it names the columns: list,kind,value,source,case,reason,from,until,added_by,added_at,version"},
		{"no array", JSON, `{"kind": "address"}`, `line 1: no JSON array; write [{"list": …, "kind": …}, …]`},
		{"objects", JSON, "[\n {\"kind\": \"address\", \"value\": \"203.0.113.7\", \"source\": \"a\", \"reason\": \"b\"},\n\n {\"kind\": \"address\", \"value\": \"x\",\n  \"source\": \"a\", \"reason\": \"b\"}\n,\n {\"colour\": \"red\"}, {\"kind\": 7},\n {\"kind\"\n", `line 4: value: no address; for a network there is the kind prefix
line 7: no entry: its names are list, kind, value, source, case, reason, from, until, added_by, added_at, version, and all values are strings
line 7: no entry: its names are list, kind, value, source, case, reason, from, until, added_by, added_at, version, and all values are strings
line 8: no JSON; nothing after it was read
4 bad lines, so nothing was imported`},
		{"array without end", JSON, "[\n", "line 2: the array does not end\n1 bad lines, so nothing was imported"},
		{"too many", CSV, "kind,value,source,reason\n" + strings.Repeat("address,203.0.113.7,a,b\n", MaxEntries+1), "line 100002: a file may have 100000 entries; import it in parts\n1 bad lines, so nothing was imported"},
		{"too long", CSV, strings.Repeat("x", MaxOctets+1), "the file is longer than 67108864 octets; import it in parts"},
	} {
		entries, err := Read(strings.NewReader(tt.text), tt.format, "scam", indian)
		if err == nil || entries != nil || err.Error() != tt.want {
			t.Errorf("%s: %d entries, error\n%v\nwant\n%s", tt.name, len(entries), err, tt.want)
		}
	}
}

// A field may go over lines; the next entry's line is still the file's. The field itself is refused: a reason with a line
// end would be two in every list that shows it.
func TestLinesAreTheFiles(t *testing.T) {
	t.Parallel()
	const text = goodCSV + "scam,number,0120 4100002,police,,\"one\ntwo\",,\nscam,number,none,police,,hoax,,\n"
	_, err := Read(strings.NewReader(text), CSV, "", indian)
	want := "line 3: reason: it has a control character\nline 5: value: no valid telephone number"
	if err == nil || !strings.HasPrefix(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	got, err := Read(strings.NewReader(goodCSV), CSV, "", indian)
	until := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	one := Entry{"scam", Number, "+911204100001", "police", `hoax, "digital arrest"`, "FIR 12/2026", time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC), until}
	if err != nil || !reflect.DeepEqual(got, []Entry{one}) {
		t.Errorf("%+v, %v, want %+v", got, err, one)
	}
}

func TestExportIsImport(t *testing.T) {
	t.Parallel()
	want := []Entry{
		{List: "scam", Kind: Number, Value: "+911204100001", Source: "police, Noida", Case: `FIR "12"`, Reason: "=1+1", From: ten, Until: ten.Add(1500 * time.Microsecond)},
		{List: "b", Kind: UserAgent, Value: "friendly*", Source: "<x>", Reason: "ü"},
	}
	var list []Listed
	for _, e := range want {
		list = append(list, Listed{Entry: e, Version: 3, AddedBy: "anna", AddedAt: ten})
	}
	for _, f := range []Format{CSV, JSON} {
		var file bytes.Buffer
		if err := Write(&file, f, list); err != nil {
			t.Fatal(err)
		}
		got, err := Read(&file, f, "", indian)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v\n got %+v\nwant %+v", f, err, got, want)
		}
	}
}

// It is not held to the bounds of fuzzbound: the file is an operator's, at most MaxOctets and MaxEntries, and each of its bad
// lines is told, which may take more room than the line.
func FuzzRead(f *testing.F) {
	f.Add(goodCSV, true)
	f.Add("kind,value,source,reason\nsip_uri,a@b,c,d\n", true)
	f.Add(`[{"kind": "prefix", "value": "2001:db8::/32", "source": "a", "reason": "b", "list": "l"}]`, false)
	f.Fuzz(func(t *testing.T, text string, csv bool) {
		format := JSON
		if csv {
			format = CSV
		}
		entries, err := Read(strings.NewReader(text), format, "scam", indian)
		if (err == nil) == (entries == nil) && (err != nil || strings.Count(text, "\n") > 1 && entries != nil) {
			t.Fatalf("%d entries and %v", len(entries), err)
		}
		if lines, ok := errors.AsType[BadLines](err); ok {
			for _, l := range lines {
				if l.Line < 1 || l.Line > strings.Count(text, "\n")+1 {
					t.Fatalf("line %d of %d", l.Line, strings.Count(text, "\n")+1)
				}
			}
		}
		// What was read is normal: reading it once more changes nothing.
		for _, e := range entries {
			again, err := e.Normalise(indian)
			if err != nil || again != e {
				t.Fatalf("%+v becomes %+v, %v", e, again, err)
			}
		}
	})
}
