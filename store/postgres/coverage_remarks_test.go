package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"calltrail/cdr/record"
	"calltrail/migrations"
	"calltrail/store"
)

// remarked delivers ten minutes of three taps on which more was seen than the log has.
func remarked(t *testing.T) (*Loader, *asker) {
	t.Helper()
	l, db := opened(t)
	chain := newChain(t)
	var items []store.Item
	for n := range 10 {
		eth0, eth1, eth2 := tapMinute("eth0", n), tapMinute("eth1", n), tapMinute("eth2", n)
		switch n {
		case 2:
			eth0.Ignored = map[string]uint64{"tcp": 90, "h323": 1000, "sctp": 5}
			eth1.Ignored = map[string]uint64{"mgcp": 1}
		case 5:
			eth0.Ignored = map[string]uint64{"h323": 234, "skinny": 2, "iax2": 3, "sigtran": 4}
			eth1.Ignored = map[string]uint64{"h323": 6}
			// The sensor's tables: each tap's event says the same.
			for _, e := range []*record.Coverage{&eth0, &eth1, &eth2} {
				e.Evicted = map[string]uint64{"calls": 2, "tcp_connections": 1}
			}
		case 6:
			eth1.Decoded = map[string]uint64{"sip": 10, "tls": 7}
		case 7: // the program ended in this minute and began again: two events a tap, each with what it pushed out
			for _, e := range []*record.Coverage{&eth0, &eth1, &eth2} {
				early := *e
				early.To, early.Evicted = early.From+20*second, map[string]uint64{"tcp_connections": 4, "datagrams": 1}
				items = append(items, chain.coverage(early))
				e.From, e.Evicted = early.To, map[string]uint64{"tcp_connections": 5}
			}
		}
		items = append(items, chain.coverage(eth0), chain.coverage(eth1), chain.coverage(eth2))
	}
	deliver(t, l, items...)
	return l, db
}

const (
	h323Words = "H.323 was seen (%s packets) and is not decoded: its calls are not in the log"
	tlsWords  = "encrypted signalling was seen (7 packets of TLS): its calls are not in the log, only its connections, as records of kind tls"
)

// Signalling that is not decoded, or cannot be, and full tables are told in words, beside minutes that are complete.
func TestCoverageRemarks(t *testing.T) {
	t.Parallel()
	l, db := remarked(t)
	const all = `('2026-05-28 10:00Z', '2026-05-28 10:10Z')`
	db.want(`SELECT tap, class, subject, count, to_char(first_minute, 'HH24:MI') AS a, to_char(last_minute, 'HH24:MI') AS b FROM calltrail.coverage_remarks`+all,
		`eth0|not_decoded|h323|1234|10:02|10:05; eth0|not_decoded|iax2|3|10:05|10:05; eth0|not_decoded|sigtran|4|10:05|10:05; `+
			`eth0|not_decoded|skinny|2|10:05|10:05; eth1|not_decoded|h323|6|10:05|10:05; eth1|not_decoded|mgcp|1|10:02|10:02; `+
			`eth1|encrypted|tls|7|10:06|10:06; |evicted|calls|2|10:05|10:05; |evicted|datagrams|1|10:07|10:07; |evicted|tcp_connections|10|10:05|10:07`)

	// A row for each tap; what the sensor's tables pushed out is on each.
	db.want(`SELECT tap, complete, not_decoded->>'h323' AS h, not_decoded->>'mgcp' AS m, tls_packets, evicted->>'tcp_connections' AS e, remarks LIKE $1 AS said
	           FROM calltrail.coverage_summary`+all,
		"eth0|10|1234|||10|t; eth1|10|6|1|7|10|f; eth2|10||||10|f", fmt.Sprintf(h323Words, "1,234")+"; IAX2 was seen %")
	db.want(`SELECT not_decoded IS NULL AS a, tls_packets IS NULL AS b, evicted IS NULL AS c, remarks IS NULL AS d
	           FROM calltrail.coverage_summary('2026-05-28 10:00Z', '2026-05-28 10:02Z', NULL, 'eth0')`, "t|t|t|t")

	// The line that goes with an answer has each once, of all taps that were asked for.
	db.want(`SELECT replace(calltrail.coverage_note`+all+`, ',', '') = replace($1, ',', '') AS n`, "t",
		"2026-05-28 10:00 to 2026-05-28 10:10 UTC: 3 taps, 30 of 30 minutes complete; "+strings.Join([]string{
			fmt.Sprintf(h323Words, "1,240"),
			"IAX2 was seen (3 packets) and is not decoded: its calls are not in the log",
			"MGCP was seen (1 packet) and is not decoded: its calls are not in the log",
			"SIGTRAN was seen (4 packets) and is not decoded: its calls are not in the log",
			"Skinny was seen (2 packets) and is not decoded: its calls are not in the log",
			tlsWords,
			"2 calls were pushed out of memory (limits.calls): their records are flagged evicted",
			"1 fragmented datagram was pushed out of memory (limits.fragments): what they carried is lost",
			"10 TCP connections with SIP were pushed out of memory (limits.tcp_streams): a message that was not whole is lost",
		}, "; "))
	db.want(`SELECT calltrail.coverage_note('2026-05-28 10:00Z', '2026-05-28 10:02Z') AS n`, `"2026-05-28 10:00 to 2026-05-28 10:02 UTC: 3 taps| 6 of 6 minutes complete"`)

	// Only of the time and the tap that was asked for.
	ask := CoverageQuery{From: ten.Std().Add(5 * time.Minute), To: ten.Std().Add(7 * time.Minute), Sensor: "edge-1", Tap: "eth1"}
	list, err := ReadCoverageRemarks(context.Background(), l.cfg, ask)
	var got []string
	for _, r := range list {
		got = append(got, fmt.Sprintf("%s|%s|%s|%s", r.Tap, r.FirstMinute.Format("15:04"), r.LastMinute.Format("15:04"), r.Remark))
	}
	want := []string{
		"eth1|10:05|10:05|" + fmt.Sprintf(h323Words, "6"), "eth1|10:06|10:06|" + tlsWords,
		"|10:05|10:05|2 calls were pushed out of memory (limits.calls): their records are flagged evicted",
		"|10:05|10:05|1 TCP connection with SIP was pushed out of memory (limits.tcp_streams): a message that was not whole is lost",
	}
	if err != nil || strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("%v\n got %s\nwant %s", err, strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	ask.Sensor = "edge-2"
	if list, err := ReadCoverageRemarks(context.Background(), l.cfg, ask); err != nil || len(list) > 0 {
		t.Errorf("of another sensor: %v, %v", list, err)
	}
	ask.To = ask.From
	if _, err := ReadCoverageRemarks(context.Background(), l.cfg, ask); err == nil || !strings.Contains(err.Error(), "coverage_remarks(") {
		t.Errorf("an empty time: %v", err)
	}
}

// Each subject has its words, also one that only a newer sensor knows.
func TestCoverageRemarkWords(t *testing.T) {
	t.Parallel()
	_, db := opened(t)
	for subject, want := range map[string]string{
		"h323":                   "H.323 was seen (1,234,567 packets) and is not decoded: its calls are not in the log",
		"mgcp":                   "MGCP was seen (1,234,567 packets) and is not decoded: its calls are not in the log",
		"tls":                    "encrypted signalling was seen (1,234,567 packets of TLS): its calls are not in the log, only its connections, as records of kind tls",
		"streams":                "1,234,567 RTP streams of one packet were pushed out of memory (limits.streams)",
		"stream_packets_refused": "1,234,567 packets of new RTP streams found no room (limits.streams) and count in no call",
		"tls_connections":        "1,234,567 TLS connections were pushed out of memory (limits.tls_connections): their records are flagged evicted",
		"sctp_associations":      "1,234,567 SCTP associations were pushed out of memory: a message that was not whole is lost",
		"flows":                  "1,234,567 conversations were pushed out of memory (limits.flows): a call in an application may be missing, or in two records",
		"app_calls":              "1,234,567 calls in applications were pushed out of memory (limits.flows): their records are flagged evicted",
		"media_calls":            "1,234,567 calls of media alone were pushed out of memory: their records are flagged evicted",
		"something_new":          "1,234,567 of something_new were pushed out of memory",
	} {
		db.want(`SELECT calltrail.coverage_remark($1, 1234567) = $2 AS same`, "t", subject, want)
	}
	// The largest count that an event can have, and more of them than a bigint holds.
	db.want(`SELECT calltrail.coverage_remark('mgcp', 400 * 1440 * 18446744073709551615.0) LIKE '%10,625,324,586,456,701,730,240,000%' AS whole`, "t")
}

// The functions go back to what 009 made them, and forth again.
func TestCoverageRemarksMigrate(t *testing.T) {
	t.Parallel()
	c := migrated(t)
	deliver(t, open(t, c), newChain(t).coverage(tapMinute("eth1", 0)))
	db := ask(t, c)
	released, err := migrations.Files.ReadFile("009_coverage_minutes.sql")
	if err != nil {
		t.Fatal(err)
	}
	type function struct{ name, body, result, comment, settings string }
	functions := func() []function {
		t.Helper()
		return rows[function](t, db, `SELECT proname, prosrc, pg_get_function_result(oid), replace(obj_description(oid), $1, $1 || $1), proconfig::text
			  FROM pg_proc WHERE pronamespace = 'calltrail'::regnamespace AND proname = ANY ('{coverage_minutes,coverage_note,coverage_remark,coverage_remarks,coverage_summary}') ORDER BY proname`,
			func(f *function) []any { return []any{&f.name, &f.body, &f.result, &f.comment, &f.settings} }, "'")
	}
	now := functions()
	downTo(t, c, 13)
	before := functions()
	if len(now) != 5 || len(before) != 3 {
		t.Fatalf("%d functions, %d before", len(now), len(before))
	}
	for _, f := range before {
		if !strings.Contains(string(released), "$$"+f.body+"$$;") || !strings.Contains(string(released), f.comment) ||
			strings.Contains(f.settings, "nestloop") || strings.Contains(f.settings, "jit") {
			t.Errorf("%s is not what it was:\n%s\n%s\n%s", f.name, f.body, f.comment, f.settings)
		}
	}
	if n := strings.Count(before[2].result, ","); n != 12 {
		t.Errorf("%s has %d columns: %s", before[2].name, n+1, before[2].result)
	}
	db.want(`SELECT minutes, complete FROM calltrail.coverage_summary('2026-05-28 10:00Z', '2026-05-28 10:10Z')`, "10|1")
	if _, err := Migrate(context.Background(), c, Up); err != nil {
		t.Fatal(err)
	}
	if again := functions(); !slices.Equal(again, now) {
		t.Error("up, down and up again is not the same")
	}
}

// A long time is answered in one pass over its events, also before the planner has seen any of them.
func TestCoverageOfALongTime(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	deliver(t, l, newChain(t).coverage(tapMinute("eth0", 0)))
	// The event again for each minute of three days and four taps.
	columns := make([]string, len(coverageNames))
	for i, name := range coverageNames {
		switch name {
		case "day":
			columns[i] = "(m AT TIME ZONE 'UTC')::date"
		case "record_id":
			columns[i] = "gen_random_uuid()"
		case "tap":
			columns[i] = "'eth' || k"
		case "minute", "from_at":
			columns[i] = "m"
		case "to_at":
			columns[i] = "m + interval '1 minute'"
		default:
			columns[i] = name
		}
	}
	for _, statement := range []string{
		`INSERT INTO calltrail.coverage (` + strings.Join(coverageNames, ", ") + `) SELECT ` + strings.Join(columns, ", ") + `
		   FROM calltrail.coverage, generate_series('2026-05-28Z'::timestamptz, '2026-05-30 23:59Z', '1 minute') AS m, generate_series(1, 4) AS k`,
		`INSERT INTO calltrail.tap SELECT sensor, tap, min(minute), max(minute) FROM calltrail.coverage WHERE tap <> 'eth0' GROUP BY 1, 2`,
		// With the join that looks at all events for each minute this is no answer in the time.
		`SET statement_timeout = '8s'`,
	} {
		if err := db.exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	db.want(`SELECT count(*) FILTER (WHERE state = 'complete'), count(*) FROM calltrail.coverage_minutes('2026-05-28Z', '2026-05-31Z')`, "17281|21600")
}
