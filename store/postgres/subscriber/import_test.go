package subscriber

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
)

const radiusHeader = "Acct-Status-Type,Acct-Session-Id,User-Name,Event-Timestamp,Framed-IP-Address,Acct-Session-Time\n"

// Every bad line is listed, and of the good ones between them nothing is kept.
func TestBadLines(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	_, err := d.try(CGNAT, "Public IP,port_start,port_end,inside_ip,subscriber,from,to\n"+
		"203.0.113.9,1024,2047,100.64.0.5,asha,2026-05-28T10:00:00Z,2026-05-28T11:00:00Z\n"+
		"203.0.113.999,1024,2047,100.64.0.5,asha,2026-05-28T10:00:00Z,\n"+
		"203.0.113.9,2047,1024,100.64.0.5,asha,2026-05-28T10:00:00Z,\n"+
		"203.0.113.9,1024,65536,100.64.0.5,asha,2026-05-28T10:00:00Z,\n"+
		"203.0.113.9,1024,,100.64.0.5,asha,2026-05-28T10:00:00Z,\n"+
		"203.0.113.9,1024,2047,100.64.0.5,asha,2026-05-28 10:00:00,\n"+
		"203.0.113.9,1024,2047,100.64.0.5,asha,2026-05-28T10:00:00Z,2026-05-28T10:00:00Z\n"+
		"203.0.113.9,1024,2047,100.64.0.5,asha,yesterday,\n"+
		"203.0.113.9,1024,2047\n"+
		"203.0.113.9,1024,2047,,asha,2026-05-28T10:00:00Z,\n"+
		"0.0.0.0,1024,2047,100.64.0.5,asha,2026-05-28T10:00:00Z,\n"+
		"203.0.113.9,1024,2047,100.64.0.5,as\x00ha,2026-05-28T10:00:00Z,\n"+
		"203.0.113.9,1024,2047,100.64.0.5,as\xffha,2026-05-28T10:00:00Z,\n"+
		"203.0.113.9,1024,2047,100.64.0.5,as\"ha,2026-05-28T10:00:00Z,\n"+
		"203.0.113.9,1024,2047,100.64.0.5,asha,1779962400000,\n"+
		"203.0.113.9,1024,2047,100.64.0.5,"+strings.Repeat("a", 257)+",2026-05-28T10:00:00Z,\n")
	const want = `cgnat.csv:3: public_ip: "203.0.113.999" is no address
cgnat.csv:4: port_start 2047 is after port_end 1024
cgnat.csv:5: port_end: "65536" is no port
cgnat.csv:6: port_end: "" is no port
cgnat.csv:7: from: the time has no zone: "2026-05-28 10:00:00"; name its zone with --zone, or write it like 2026-11-22T10:00:00+05:30
cgnat.csv:8: to 2026-05-28T10:00:00Z is not after the beginning 2026-05-28T10:00:00Z
cgnat.csv:9: from: "yesterday" is no time; write it like 2026-11-22T10:00:00+05:30
cgnat.csv:10: it has 3 fields, the header 7
cgnat.csv:11: inside_ip is empty
cgnat.csv:12: public_ip: "0.0.0.0" is nobody's address
cgnat.csv:13: subscriber holds a control character
cgnat.csv:14: subscriber is not UTF-8
cgnat.csv:15: no comma-separated values: bare " in non-quoted-field
cgnat.csv:16: from: "1779962400000" is not between the years 1990 and 2200
cgnat.csv:17: subscriber is longer than 256 octets
15 lines are wrong: nothing was imported`
	var problems *Problems
	if !errors.As(err, &problems) || err.Error() != want {
		t.Errorf("\n got %v\nwant %s", err, want)
	}
	d.want(`SELECT (SELECT count(*) FROM calltrail.assignment) AS a, (SELECT count(*) FROM calltrail.assignment_import) AS i`, "0|0")

	// Of several files all or none; and a Stop that says nothing of its beginning is found in the transaction.
	_, err = Import(context.Background(), d.cfg, Options{Format: RADIUS}, []File{
		{"good.csv", strings.NewReader(radiusHeader + "Start,1,asha,1779962400,198.51.100.1,\n")},
		{"bad.csv", strings.NewReader(radiusHeader + "Stop,2,bela,1779962400,198.51.100.2,\nStop,2,bela,1779962400,198.51.100.2,\nStop,3,chand,1779962400,198.51.100.3,60\n")},
	})
	if err == nil || !strings.HasPrefix(err.Error(), "bad.csv:2: Stop of a session of which no Start was imported") || !strings.Contains(err.Error(), "\nbad.csv:3: Stop") ||
		!strings.HasSuffix(err.Error(), "\n2 lines are wrong: nothing was imported") {
		t.Errorf("got %v", err)
	}
	d.want(`SELECT (SELECT count(*) FROM calltrail.assignment) AS a, (SELECT count(*) FROM calltrail.assignment_import) AS i`, "0|0")
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ format, text, want string }{
		{"cgnat", "", "f.csv: the file is empty"},
		{"cgnat", "public_ip,from,to\n", "f.csv: the column inside_ip is missing"},
		{"cgnat", "public_ip,public-ip,inside_ip,from,to\n", "f.csv: the column public_ip is there twice"},
		{"radius", "Acct-Status-Type,Acct-Session-Id,User-Name,Event-Timestamp\n", "f.csv: no column has an address"},
		{"dhcp", "address,hwaddr,end\n", "f.csv: no column says when a lease began"},
		{"netflow", "a\n", `format "netflow" is not known`},
	} {
		_, err := readAll(Options{Format: Format(c.format)}, []File{{"f.csv", strings.NewReader(c.text)}})
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%q: %v, want %s", c.text, err, c.want)
		}
	}
	tables, err := readAll(Options{Format: DHCP}, []File{{"f.csv", strings.NewReader("\ufeffAddress,hwaddr,client id,Expire,valid-lifetime,subnet_id\n198.51.100.1,02:00:5e:00:00:01,,1779966000,3600,1\n")}})
	if err != nil || len(tables[0].events) != 1 || strings.Join(tables[0].unknown, " ") != "subnet_id" {
		t.Fatalf("%+v, %v", tables, err)
	}
	if e := tables[0].events[0]; e.from.Unix() != 1779962400 || e.until.Unix() != 1779966000 || e.mac != "02:00:5e:00:00:01" {
		t.Errorf("a lease of Kea: %+v", e)
	}
}

// A file that is larger than it may be is refused, and with it the import.
func TestTooMuch(t *testing.T) {
	t.Parallel()
	const text = radiusHeader + "Start,1,asha,1779962400,198.51.100.1,\nStart,2,asha,1779962400,198.51.100.2,\n"
	for room, want := range map[int64]string{1: "f.csv: there are more than 1000000 rows; import them in parts", 2: ""} {
		_, err := read("f.csv", strings.NewReader(text), forms[RADIUS], nil, room, new(Problems))
		if (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("two rows in room for %d: %v, want %q", room, err, want)
		}
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
		{"1779962400", nil, "2026-05-28T10:00:00Z"},
		{"2026-05-28T15:30:00+05:30", nil, "2026-05-28T10:00:00Z"},
		{"2026-05-28 15:30:00+05:30", nil, "2026-05-28T10:00:00Z"},
		{"2026-05-28 12:00:00", berlin, "2026-05-28T10:00:00Z"},
		{"2026/05/28 12:00:00", berlin, "2026-05-28T10:00:00Z"},
		{"2026-05-28 12:00:00", nil, "the time has no zone"},
		{"2026-10-25 02:30:00", berlin, "was shown twice"},
		{"2026-03-29 02:30:00", berlin, "was never shown"},
		{"2026-10-25 03:00:00", berlin, "2026-10-25T02:00:00Z"},
		{"2026-13-01 00:00:00", berlin, "is no time"},
	} {
		at, err := parseTime(c.text, c.zone)
		got := at.UTC().Format(time.RFC3339)
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, c.want) {
			t.Errorf("%s: %s, want %s", c.text, got, c.want)
		}
	}
}

// The same file, and the same rows in another file, add nothing; a later end supersedes; and no row is ever changed.
func TestAgainAndLater(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	counts := func(want string) {
		t.Helper()
		d.want(`SELECT (SELECT count(*) FROM calltrail.assignment) AS a, (SELECT count(*) FROM calltrail.assignments) AS holds, (SELECT count(*) FROM calltrail.assignment_import) AS i`, want)
	}
	const first = radiusHeader + "Start,1,asha,2026-05-28T10:00:00Z,198.51.100.1,\n"
	if r := d.put(RADIUS, first); r.Known || r.Added != 1 || r.Superseding != 0 {
		t.Errorf("%+v", r)
	}
	if r := d.put(RADIUS, first); !r.Known || r.Added != 0 || r.KnownAs != "radius.csv" || r.KnownSince.IsZero() {
		t.Errorf("the same file: %+v", r)
	}
	counts("1|1|1")
	if r := d.put(RADIUS, first+"Start,1,asha,2026-05-28T10:00:01Z,198.51.100.1,\n"); r.Known || r.Added != 0 {
		t.Errorf("the same rows in another file: %+v", r)
	}
	counts("1|1|2")
	const who = `SELECT subscriber, valid_until AT TIME ZONE 'UTC' FROM calltrail.who_used('198.51.100.1', 1, '2026-05-28 10:05Z')`
	d.want(who, "asha|-")
	if r := d.put(RADIUS, radiusHeader+"Stop,1,asha,2026-05-28T11:00:00Z,198.51.100.1,3600\n"); r.Added != 1 || r.Superseding != 1 {
		t.Errorf("its Stop: %+v", r)
	}
	counts("2|1|3")
	d.want(who, "asha|2026-05-28T11:00:00")
	// What is older says nothing new: the Start again, an Interim, the Stop repeated.
	if r := d.put(RADIUS, radiusHeader+"Stop,1,asha,2026-05-28T11:00:01Z,198.51.100.1,3601\nInterim-Update,1,asha,2026-05-28T10:15:00Z,198.51.100.1,900\n"+
		"Start,1,asha,2026-05-28T10:00:00Z,198.51.100.1,\n"); r.Added != 0 {
		t.Errorf("older rows: %+v", r)
	}
	// The same number again, after the access server was started anew.
	if r := d.put(RADIUS, radiusHeader+"Start,1,asha,2026-05-28T12:00:00Z,198.51.100.1,\nStop,1,asha,2026-05-28T12:00:00Z,198.51.100.1,0\n"); r.Added != 1 || r.Superseding != 0 {
		t.Errorf("the session's number again: %+v", r)
	}
	d.want(`SELECT subscriber, valid_until AT TIME ZONE 'UTC' FROM calltrail.who_used('198.51.100.1', 1, '2026-05-28 12:00Z')`, "asha|2026-05-28T12:00:01")
	// Heard of late first, its Start imported later.
	d.put(RADIUS, radiusHeader+"Interim-Update,7,bela,2026-05-28T10:30:00Z,198.51.100.7,\n")
	if r := d.put(RADIUS, radiusHeader+"Start,7,bela,2026-05-28T10:00:00Z,198.51.100.7,\n"); r.Superseding != 1 {
		t.Errorf("a Start that came late: %+v", r)
	}
	d.want(`SELECT subscriber, valid_from AT TIME ZONE 'UTC', remark FROM calltrail.who_used('198.51.100.7', 1, '2026-05-28 10:10Z')`,
		"bela|2026-05-28T10:00:00|no end is known, last heard of at 2026-05-28 10:30:00 UTC")
	// A block of ports gets its end.
	const block = "public_ip,port_start,port_end,inside_ip,from,to\n203.0.113.9,1024,2047,100.64.0.5,2026-05-28T10:00:00Z,"
	d.put(CGNAT, block+"\n")
	if r := d.put(CGNAT, block+"2026-05-28T11:00:00Z\n"); r.Superseding != 1 {
		t.Errorf("the end of a block: %+v", r)
	}
	if r := d.put(CGNAT, block+"\n\n"); r.Added != 0 {
		t.Errorf("an end that is known is forgotten: %+v", r)
	}
	d.want(`SELECT count(*) FROM calltrail.assignment a WHERE a.lineage <> coalesce((SELECT b.lineage FROM calltrail.assignment b WHERE b.assignment_id = a.supersedes), a.assignment_id)`, "0")

	for _, statement := range []string{
		`UPDATE calltrail.assignment SET subscriber = 'x'`, `DELETE FROM calltrail.assignment`, `TRUNCATE calltrail.assignment CASCADE`,
		`UPDATE calltrail.assignment_import SET file = 'x'`, `DELETE FROM calltrail.assignment_import`, `TRUNCATE calltrail.call_subscriber`,
	} {
		if _, err := d.pool.Exec(context.Background(), statement); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v, want a refusal", statement, err)
		}
	}
}
