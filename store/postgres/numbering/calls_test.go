package numbering

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The numbers of a call, as they were registered when it began.
func TestCallRegistrations(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.put(whole(Portability, "MNP", "2026-10-01"), "number,carrier\n+919812345678,Airtel\n")
	d.put(whole(Portability, "MNP", "2026-11-01"), "number,carrier\n+919812345678,Jio\n")
	d.put(whole(Subscriber, "books", "2026-10-01"), "number,subscriber,city\n+911244000150,bela,Gurugram\n")
	d.exec(`SELECT calltrail.ensure_partitions('2026-10-31', '2026-11-01')`)
	for i, at := range []string{"2026-10-31T23:59:59Z", "2026-11-01T00:00:00Z"} {
		id := fmt.Sprintf("00000000-0000-8000-8000-%012d", i)
		for revision := range 2 { // of which the calls have the second
			d.exec(`INSERT INTO calltrail.call_record (day, record_id, schema, call_uid, revision, final, kind, sensor, started_at, disposition, visibility, flags, received_at,
			                                       caller_raw, caller_e164, asserted_e164, callee_e164, redirects)
			VALUES ($2::text::timestamptz::date, gen_random_uuid(), 'test', $1::text::uuid, $3::int, false, 'sip', 'edge-1', $2::text::timestamptz, 'answered', 'full', '{}', now(),
			        'x', '+919812345678', '+15005550006', CASE $3::int WHEN 1 THEN '+19995550000' ELSE '+911244000150' END, '[{"raw": "x", "e164": "+919812345678"}, {"raw": "y"}]')`, id, at, revision+1)
		}
		carrier := []string{"2026-10-01|Airtel", "2026-11-01|Jio"}[i]
		d.want(`SELECT role, number, kind, source, dated, carrier, city, subscriber FROM calltrail.call_registrations('`+id+`')`,
			"caller|+919812345678|portability|MNP|"+carrier+"|-|-\nasserted|+15005550006|-|-|-|-|-|-\n"+
				"callee|+911244000150|subscriber|books|2026-10-01|-|Gurugram|bela\ndiverted|+919812345678|portability|MNP|"+carrier+"|-|-")
	}
	d.want(`SELECT * FROM calltrail.call_registrations('00000000-0000-8000-8000-000000000009')`, "")
}

// The numbers of a subscriber at a time; of a block, the block once.
func TestSubscriberNumbers(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	const header = "number,range from,range to,subscriber\n"
	d.put(whole(Subscriber, "books", "2026-10-01"), header+"+919812345678,,,asha\n+919812345679,,,asha\n,+911244000148,+911244000321,asha\n+911244000148,,,bela\n")
	d.put(whole(Subscriber, "books", "2026-11-01"), header+"+919812345678,,,asha\n+919812345679,,,bela\n")
	d.put(whole(Subscriber, "partner", "2026-11-01"), header+"+919812345678,,,asha\n")
	const ask = `SELECT number, last_number, source, dated FROM calltrail.subscriber_numbers($1, $2::text::timestamptz)`
	d.want(ask, "+911244000148|+911244000321|books|2026-10-01\n+919812345678|-|books|2026-10-01\n+919812345678|-|partner|2026-11-01\n+919812345679|-|books|2026-10-01", "asha", "2026-10-20Z")
	d.want(ask, "+911244000148|-|books|2026-10-01", "bela", "2026-10-20Z")
	d.want(ask, "+919812345678|-|books|2026-11-01\n+919812345678|-|partner|2026-11-01", "asha", "2026-11-20Z")
	d.want(ask, "+919812345679|-|books|2026-11-01", "bela", "2026-11-20Z")
	d.want(ask, "", "nobody", "2026-11-20Z")
}

// What Status and Lookup return is what the tables have.
func TestStatusAndLookup(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.put(whole(Range, "DoT", "2025-01-01"), "range from,range to,carrier,circle,from,until\n+919812400148,+919812449999,BSNL,Haryana,2020-01-01T00:00:00Z,2030-01-01T00:00:00Z\n")
	d.put(whole(Subscriber, "books", "2025-10-01"), "number,state,city,country,subscriber\n+919812400148,Haryana,Gurugram,IN,asha\n")
	d.put(whole(Subscriber, "books", "2025-11-01"), "number,city\n+919812400149,Agra\n")
	d.put(changes(Subscriber, "books", "2025-11-02"), "number,city\n+919812400150,Agra\n")
	status, err := Status(context.Background(), d.cfg)
	if err != nil || len(status) != 4 {
		t.Fatalf("%+v, %v", status, err)
	}
	var got []string
	for _, i := range status {
		day, err := time.Parse(time.DateOnly, i.Dated)
		if days := int(i.ImportedAt.Sub(day).Hours() / 24); err != nil || i.Days != days || len(i.SHA256) != 64 || i.Rows != 1 || i.File != "f.csv" || i.ImportedBy == "" {
			t.Errorf("%+v: %d days, %v", i, days, err)
		}
		got = append(got, fmt.Sprint(i.Kind, " ", i.Source, " ", i.Dated, " ", i.Holds, " ", i.Changes))
	}
	if want := "subscriber books 2025-11-02 true true; subscriber books 2025-11-01 true false; subscriber books 2025-10-01 false false; range DoT 2025-01-01 true false"; strings.Join(got, "; ") != want {
		t.Errorf("got %s\nwant %s", strings.Join(got, "; "), want)
	}
	list, err := Lookup(context.Background(), d.cfg, "+919812400148", time.Date(2025, 10, 20, 0, 0, 0, 0, time.UTC))
	if err != nil || len(list) != 2 {
		t.Fatalf("%+v, %v", list, err)
	}
	if g := list[0]; g.Kind != Subscriber || g.Source != "books" || g.Dated != "2025-10-01" || g.State != "Haryana" || g.City != "Gurugram" || g.Country != "IN" || g.Subscriber != "asha" ||
		g.Matched != "+919812400148" || g.File != "f.csv" || g.Line != 2 || g.ImportedAt.IsZero() || g.First != "" || !g.From.IsZero() || !g.Until.IsZero() {
		t.Errorf("%+v", g)
	}
	if g := list[1]; g.Kind != Range || g.Carrier != "BSNL" || g.Circle != "Haryana" || g.First != "+919812400148" || g.Last != "+919812449999" || g.From.Year() != 2020 || g.Until.Year() != 2030 || g.Remark == "" {
		t.Errorf("%+v", g)
	}
	if list, err = Lookup(context.Background(), d.cfg, "+919812400149", time.Time{}); err != nil || len(list) != 2 || list[0].City != "Agra" {
		t.Errorf("now: %+v, %v", list, err)
	}
}

// The rights that the comments of Import, Lookup and Status name are enough, and none needs more.
func TestRights(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	role := fmt.Sprintf("calltrail_test_%016x", rand.Uint64())
	d.exec("CREATE ROLE " + role + " LOGIN PASSWORD 'test'")
	t.Cleanup(func() {
		d.exec("DROP OWNED BY " + role)
		d.exec("DROP ROLE " + role)
	})
	u, err := url.Parse(d.cfg.DSN)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, "test")
	cfg := d.cfg
	cfg.DSN = u.String()
	d.exec("GRANT USAGE ON SCHEMA calltrail TO " + role)
	d.exec("GRANT SELECT ON calltrail.schema_version TO " + role) // what every command asks first
	for _, c := range []struct {
		name  string
		do    func() error
		grant []string
	}{
		{"import", func() error {
			_, err := Import(context.Background(), cfg, whole(Range, "DoT", "2026-01-01"), File{"f.csv", strings.NewReader("prefix,carrier\n+919812,Airtel\n")})
			return err
		}, []string{"SELECT, INSERT ON calltrail.numbering_import", "INSERT ON calltrail.numbering"}},
		{"status", func() error { _, err := Status(context.Background(), cfg); return err }, nil},
		{"lookup", func() error {
			_, err := Lookup(context.Background(), cfg, "+919812345678", time.Time{})
			return err
		}, []string{"SELECT ON calltrail.numbering"}},
	} {
		for _, right := range c.grant {
			if err := c.do(); err == nil || !strings.Contains(err.Error(), "permission denied") {
				t.Errorf("%s without %s: %v", c.name, right, err)
			}
			d.exec("GRANT " + right + " TO " + role)
			_, table, _ := strings.Cut(right, " ON ")
			d.exec(fmt.Sprintf("CREATE POLICY %q ON %s TO %s USING (true) WITH CHECK (true)", right, table, role)) // as access init does
		}
		if err := c.do(); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}
