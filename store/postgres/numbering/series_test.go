package numbering

import (
	"context"
	"strings"
	"testing"
)

const says = `SELECT kind, source, dated, coalesce(carrier, circle, subscriber) AS says, matched, remark FROM calltrail.registration_of($1, $2::text::timestamptz)`

// What holds at a time, in one series: the newest table that speaks of that time, the longest prefix in it.
func TestSeries(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	// The numbers end in what happens to them.
	d.put(whole(Portability, "MNP", "2026-10-01"), "number,carrier,from,until\n"+
		"+919800000001,Airtel,,\n"+ // stays
		"+919800000002,Airtel,,\n"+ // ported, no day said
		"+919800000003,Airtel,,\n"+ // ported, day said by the next table
		"+919800000004,Airtel,,\n"+ // not in the next table
		"+919800000005,Airtel,2020-01-01T00:00:00Z,\n"+ // known for long
		"+919800000006,Airtel,,2026-10-10T00:00:00Z\n"+ // ends
		"+919800000007,Airtel,,\n") // ported by changes
	d.put(changes(Portability, "MNP", "2026-10-15"), "number,carrier,from,until\n"+
		"+919800000007,Jio,2026-10-20T00:00:00Z,\n"+
		"+919800000008,Jio,,\n"+ // new
		"+919800000004,Airtel,,2026-10-18T00:00:00Z\n") // given up
	d.put(whole(Portability, "MNP", "2026-11-01"), "number,carrier,from,until\n"+
		"+919800000001,Airtel,,\n+919800000002,Jio,,\n+919800000003,Jio,2026-10-25T00:00:00Z,\n+919800000005,Vi,,\n+919800000007,Jio,,\n+919800000008,Jio,,\n")
	const before = "the table is of a later day than was asked for, and does not say since when"
	for _, c := range []struct{ number, at, want string }{
		{"1", "2026-11-02Z", "2026-11-01|Airtel"},
		{"1", "2026-10-31Z", "2026-10-01|Airtel"},
		{"1", "2026-09-30Z", "2026-10-01|Airtel|" + before},
		{"2", "2026-10-31 23:59:59Z", "2026-10-01|Airtel"},
		{"2", "2026-11-01Z", "2026-11-01|Jio"},
		{"2", "2026-09-30Z", "2026-10-01|Airtel|" + before},
		{"3", "2026-10-24Z", "2026-10-01|Airtel"},
		{"3", "2026-10-25Z", "2026-11-01|Jio"},
		{"4", "2026-10-17Z", "2026-10-15|Airtel"},
		{"4", "2026-10-18Z", ""},
		{"4", "2026-11-01Z", ""},
		{"5", "2020-01-01Z", "2026-10-01|Airtel"},
		{"5", "2019-12-31Z", ""}, // Airtel had it from 2020 on, and Vi is of another time
		{"5", "2026-11-01Z", "2026-11-01|Vi"},
		{"6", "2019-12-31Z", "2026-10-01|Airtel"},
		{"6", "2026-10-10Z", ""},
		{"7", "2026-10-19Z", "2026-10-01|Airtel"},
		{"7", "2026-10-20Z", "2026-10-15|Jio"},
		{"7", "2026-11-01Z", "2026-11-01|Jio"},
		{"8", "2026-10-15Z", "2026-10-15|Jio"},
		{"8", "2026-10-14Z", ""},
		{"9", "2026-11-01Z", ""},
	} {
		want := ""
		if c.want != "" {
			dated, rest, _ := strings.Cut(c.want, "|")
			carrier, remark, _ := strings.Cut(rest, "|")
			want = "portability|MNP|" + dated + "|" + carrier + "|+91980000000" + c.number + "|" + orDash(remark)
		}
		d.want(says, want, "+91980000000"+c.number, c.at)
	}

	// A table that came late takes its place by its date, and a second one of a day replaces the first.
	d.put(whole(Portability, "MNP", "2026-10-10"), "number,carrier\n+919800000009,Vi\n")
	d.put(whole(Portability, "MNP", "2026-11-01"), "number,carrier\n+919800000001,BSNL\n")
	d.want(says, "portability|MNP|2026-10-10|Vi|+919800000009|-", "+919800000009", "2026-10-20Z")
	d.want(says, "", "+919800000009", "2026-11-01Z")
	d.want(says, "portability|MNP|2026-11-01|BSNL|+919800000001|-", "+919800000001", "2026-11-01Z")
	d.want(says, "", "+919800000002", "2026-11-01Z")
	// What was known when there were the first three: nothing that came after is in it.
	d.want(`SELECT carrier FROM calltrail.registration_of('+919800000002', '2026-11-01Z', (SELECT imported_at FROM calltrail.numbering_import WHERE import_id = 3))`, "Jio")
	d.want(`SELECT carrier FROM calltrail.registration_of('+919800000001', '2026-11-01Z', (SELECT imported_at FROM calltrail.numbering_import WHERE import_id = 2))`, "Airtel")
	d.want(`SELECT carrier FROM calltrail.registration_of('+919800000001', '2026-11-01Z', '2000-01-01Z')`, "")
}

func orDash(s string) string {
	if s == "" {
		return "-"
	}
	return s
}

// Several sources, and several kinds of one, are all shown; within one the longest prefix; two rows of one table are both shown.
func TestSourcesAndPrefixes(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	const plan = "to whom the range was allotted: the number may have been ported since"
	d.put(whole(Range, "DoT", "2026-01-01"), "prefix,range from,range to,operator,lsa\n+919812,,,Airtel,Haryana\n+9198123,,,Vi,\n,+919812400000,+919812449999,BSNL,\n+91,,,anyone,\n")
	d.put(whole(Range, "vendor", "2026-02-01"), "prefix,city\n+9198,Delhi\n")
	d.put(whole(Portability, "MNP", "2026-03-01"), "number,carrier\n+919812345678,Jio\n")
	d.put(whole(Subscriber, "books", "2026-03-01"), "number,range from,range to,circle,subscriber\n+919812345678,,,UP West,asha\n,+911244000100,+911244000349,Haryana,acme\n+911244000150,,,Delhi,bela\n")
	for _, c := range []struct{ number, want string }{
		{"+919812345678", "subscriber|books|2026-03-01|UP West|+919812345678|-\nportability|MNP|2026-03-01|Jio|+919812345678|-\n" +
			"range|DoT|2026-01-01|Vi|+9198123|" + plan + "\nrange|vendor|2026-02-01|-|+9198|" + plan},
		{"+919812245678", "range|DoT|2026-01-01|Airtel|+919812|" + plan + "\nrange|vendor|2026-02-01|-|+9198|" + plan},
		{"+919812420000", "range|DoT|2026-01-01|BSNL|+91981242|" + plan + "\nrange|vendor|2026-02-01|-|+9198|" + plan},
		{"+919812450000", "range|DoT|2026-01-01|Airtel|+919812|" + plan + "\nrange|vendor|2026-02-01|-|+9198|" + plan},
		{"+9198124200001", "range|DoT|2026-01-01|Airtel|+919812|" + plan + "\nrange|vendor|2026-02-01|-|+9198|" + plan}, // a digit more than the range's
		{"+911244000349", "subscriber|books|2026-03-01|Haryana|+91124400034|-\nrange|DoT|2026-01-01|anyone|+91|" + plan},
		{"+911244000150", "subscriber|books|2026-03-01|Delhi|+911244000150|-\nrange|DoT|2026-01-01|anyone|+91|" + plan},
		{"+911244000350", "range|DoT|2026-01-01|anyone|+91|" + plan},
		{"+44", ""},
		{"garbage", ""},
		{"", ""},
	} {
		d.want(says, c.want, c.number, "2026-04-01Z")
	}
	d.want(says+" LIMIT 1", "subscriber|books|2026-03-01|UP West|+919812345678|-", "+91 98123-45678", "2026-04-01Z")

	// A table that contradicts itself is not settled here.
	d.put(whole(Portability, "twice", "2026-03-01"), "number,carrier\n+919812345678,Vi\n+919812345678,BSNL\n")
	d.want(says+" WHERE source = 'twice'", "portability|twice|2026-03-01|Vi|+919812345678|one of 2 rows that this table has of it\n"+
		"portability|twice|2026-03-01|BSNL|+919812345678|one of 2 rows that this table has of it", "+919812345678", "2026-04-01Z")
}

// The same file, and one that says what the series had last, add nothing; no row is ever changed.
func TestAgain(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	counts := func(want string) {
		t.Helper()
		d.want(`SELECT (SELECT count(*) FROM calltrail.numbering) AS n, (SELECT count(*) FROM calltrail.numbering_import) AS i`, want)
	}
	const first, second = "number,carrier\n+919812345678,Airtel\n", "number,carrier\n+919812345678,Jio\n"
	if r := d.put(whole(Portability, "MNP", "2026-10-01"), first); r.Known || r.Rows != 1 || r.Added != 1 {
		t.Errorf("%+v", r)
	}
	for _, day := range []string{"2026-10-01", "2026-11-01"} {
		if r := d.put(whole(Portability, "MNP", day), first); !r.Known || r.Added != 0 || r.KnownAs != "f.csv" || r.KnownDated != "2026-10-01" || r.KnownSince.IsZero() {
			t.Errorf("the same file again, of %s: %+v", day, r)
		}
	}
	counts("1|1")
	// From another source, as another kind, or of an earlier day it says something else.
	d.put(whole(Portability, "other", "2026-10-01"), first)
	d.put(whole(Portability, "MNP", "2026-09-01"), first)
	counts("3|3")
	// What was once so, and is again.
	d.put(whole(Portability, "MNP", "2026-11-01"), second)
	if r := d.put(whole(Portability, "MNP", "2026-12-01"), first); r.Known {
		t.Errorf("a table that came back: %+v", r)
	}
	counts("5|5")
	d.want(says+" WHERE source = 'MNP'", "portability|MNP|2026-12-01|Airtel|+919812345678|-", "+919812345678", "2026-12-02Z")
	if _, err := d.try(whole(Portability, "MNP", "2062-11-01"), first); err == nil || err.Error() != "2062-11-01 is more than a year ahead: a table of that day is a typing mistake" {
		t.Errorf("got %v", err)
	}
	for _, statement := range []string{
		`UPDATE calltrail.numbering SET carrier = 'x'`, `DELETE FROM calltrail.numbering`, `TRUNCATE calltrail.numbering`,
		`UPDATE calltrail.numbering_import SET file = 'x'`, `DELETE FROM calltrail.numbering_import`, `TRUNCATE calltrail.numbering_import CASCADE`,
	} {
		if _, err := d.pool.Exec(context.Background(), statement); err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v, want a refusal", statement, err)
		}
	}
}
