package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"calltrail/cdr/record"
	"calltrail/store"
)

func deliver(tb testing.TB, l *Loader, items ...store.Item) {
	tb.Helper()
	if err := l.Deliver(context.Background(), items); err != nil {
		tb.Fatal(err)
	}
}

func wantCounts(t *testing.T, l *Loader, want Counts) {
	t.Helper()
	if got := l.Counts(); got != want {
		t.Errorf("counts\n got %+v\nwant %+v", got, want)
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	items := chain.calls(1, 3)
	deliver(t, l, items...)

	wantCounts(t, l, Counts{Stored: 3})
	db.want(`SELECT sensor, head_seq, received FROM calltrail.ledger`, `edge-1|3|"{[1|4)}"`)
	db.want(`SELECT seq, outcome FROM calltrail.entry ORDER BY seq`, "1|stored; 2|stored; 3|stored")
	db.want(`SELECT * FROM calltrail.gap`, "")
	db.want(`SELECT caller_e164, callee_e164, sip_call_id, sip_status, src_ip, src_port, src_location_city, disposition, duration_ms
	           FROM calltrail.calls WHERE caller_e164 = '+912255500002'`,
		"+912255500002|+911205550100|call-2@203.0.113.1|200|203.0.113.2|5060|London|answered|60000")
	db.want(`SELECT sip_methods->>'INVITE' AS i, media->0->>'codec' AS c, indicators->0->>'rule' AS r, vlan, sip_emergency IS NULL AS e,
	                started_at = '2026-05-28T10:00:02Z' AS s FROM calltrail.calls WHERE sip_call_id = 'call-1@203.0.113.1'`,
		"1|PCMA|foreign_source_home_number|{100}|t|t")
	// Who used this address and port at this time.
	db.want(`SELECT DISTINCT c.caller_e164 FROM calltrail.endpoint e JOIN calltrail.calls c USING (day, record_id)
	          WHERE e.ip = '203.0.113.3' AND e.port = 40000 AND e.first_at <= '2026-05-28T10:00:30Z' AND e.last_at >= '2026-05-28T10:00:30Z'`,
		"+912255500003")
	db.want(`SELECT host(ip) AS ip, port, array_to_string(roles, ' ') AS roles, first_at < last_at AS held FROM calltrail.endpoint WHERE call_uid = $1 ORDER BY 1, 2`,
		`10.0.0.7|5062|contact|t; 198.51.100.10|5060|"callee_signalling hop"|t; 198.51.100.10|30000|"media_signalled media_to_callee"|t; `+
			`203.0.113.1|5060|"caller_signalling via hop"|t; 203.0.113.1|40000|media_from_caller|t`, numbered("call", 1))

	var body []byte
	if err := db.pool.QueryRow(context.Background(), `SELECT body FROM calltrail.record_body WHERE record_id = $1`, chain.sample(2).RecordID).Scan(&body); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(body, items[1].Body) {
		t.Error("the stored body is not the bytes that were delivered")
	}
}

func TestRedelivery(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	items := newChain(t).calls(1, 10)
	deliver(t, l, items...)
	deliver(t, l, items...)
	deliver(t, l, append(slices.Clone(items[5:]), items[5:]...)...)
	wantCounts(t, l, Counts{Stored: 10, Redelivered: 20})
	db.want(`SELECT count(*) FROM calltrail.call_record`, "10")
	db.want(`SELECT count(*) FROM calltrail.entry`, "10")
}

// The same record under a new number, as a second replay makes it: a duplicate, no new row, and no gap.
func TestDuplicateRecord(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	deliver(t, l, chain.calls(1, 2)...)
	again := chain.sample(2)
	again.Observer.Version = "another program" // observed the same, looked at by another
	deliver(t, l, chain.call(again), chain.call(chain.sample(3)), chain.call(chain.sample(3)))
	wantCounts(t, l, Counts{Stored: 3, Duplicates: 2})
	db.want(`SELECT seq, outcome FROM calltrail.entry ORDER BY seq`, "1|stored; 2|stored; 3|duplicate; 4|stored; 5|duplicate")
	db.want(`SELECT count(*), count(DISTINCT observer_version) FROM calltrail.call_record`, "3|1")
	db.want(`SELECT count(*) FROM calltrail.record_body`, "3")
	db.want(`SELECT * FROM calltrail.gap`, "")
}

func TestGapShownAndFilled(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	items := newChain(t).calls(1, 9)
	deliver(t, l, items[7], items[0], items[1])
	db.want(`SELECT first_seq, last_seq, entries, head_seq FROM calltrail.gap`, "3|7|5|8")
	deliver(t, l, items[4])
	db.want(`SELECT first_seq, last_seq FROM calltrail.gap ORDER BY 1`, "3|4; 6|7")
	deliver(t, l, items[2:7]...)
	deliver(t, l, items[8])
	db.want(`SELECT * FROM calltrail.gap`, "")
	db.want(`SELECT received, head_seq, head_hash = $1 AS head FROM calltrail.ledger`, `"{[1|10)}"|9|t`, items[8].Hash[:])
	wantCounts(t, l, Counts{Stored: 9, Redelivered: 1})
}

func TestCallsShowsTheBestRevision(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	revision := func(call, number int, final bool, who string) store.Item {
		c := chain.sample(call)
		c.RecordID, c.Revision, c.Final, c.AuthUser = numbered(who, call), number, final, who
		return chain.call(c)
	}
	deliver(t, l, revision(1, 1, false, "interim"), revision(1, 2, false, "newer interim"))
	db.want(`SELECT auth_user, revision FROM calltrail.calls`, `"newer interim"|2`)
	deliver(t, l, revision(1, 3, true, "final"), revision(1, 4, false, "late interim"))
	db.want(`SELECT auth_user, revision FROM calltrail.calls`, `final|3`)
	deliver(t, l, revision(1, 5, true, "later final"), revision(2, 1, true, "other call"))
	db.want(`SELECT auth_user, revision FROM calltrail.calls ORDER BY started_at`, `"later final"|5; "other call"|1`)
	// The same revision analysed again: the one received last.
	deliver(t, l, revision(1, 5, true, "again"))
	db.want(`SELECT auth_user, revision FROM calltrail.calls ORDER BY started_at`, `again|5; "other call"|1`)
	db.want(`SELECT count(*) FROM calltrail.call_record`, "7")
}

func TestRegistration(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	call := chain.sample(1)
	expires := int64(3600)
	body, err := json.Marshal(record.Registration{
		RecordID: numbered("registration", 1), Schema: record.SchemaRegistration, Kind: record.KindRegistration, Day: call.Day, Sensor: "edge-1",
		Event: "login", AOR: call.Callee, Contact: "<sip:alice@203.0.113.1:5062>", ExpiresS: &expires, Status: 200, AuthUser: "alice",
		CallID: "reg-1", Src: call.Src, Dst: call.Dst, At: call.StartedAt, Observer: call.Observer,
	})
	if err != nil {
		t.Fatal(err)
	}
	deliver(t, l, chain.body(body), chain.call(call), chain.body(body))
	wantCounts(t, l, Counts{Stored: 2, Duplicates: 1})
	db.want(`SELECT event, aor_e164, expires_s, src_ip FROM calltrail.registration`, "login|+911205550100|3600|203.0.113.1")
	db.want(`SELECT roles, port, last_at - first_at AS held FROM calltrail.endpoint WHERE call_uid IS NULL ORDER BY 1`,
		"{contact}|5062|01:00:00; {registrant}|5060|01:00:00; {registrar}|5060|00:00:00")
}

// Captures from long ago get their partitions when they come; weeks are ISO weeks.
func TestPartitionsAreMadeWhenNeeded(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t)
	old := chain.sample(1)
	old.StartedAt = record.Time(time.Date(2005, 6, 12, 23, 59, 59, 0, time.UTC).UnixMicro()) // a Sunday
	old.Day = old.StartedAt.Day()
	deliver(t, l, chain.call(old), chain.call(chain.sample(2)))
	db.want(`SELECT first_day, end_day FROM calltrail.partition WHERE first_day < '2006-01-01'`, "2005-06-06|2005-06-13")
	db.want(`SELECT count(*) FROM calltrail.call_record_20050606`, "1")
	db.want(`SELECT count(*) >= 5 AS ahead FROM calltrail.partition WHERE end_day > now()::date`, "t")

	// Retention took a partition away; what comes for it makes it anew.
	for _, table := range []string{"call_record", "record_body", "endpoint", "registration", "message", "coverage", "watchlist_hit"} {
		if err := db.exec("DROP TABLE calltrail." + table + "_20050606"); err != nil {
			t.Fatal(err)
		}
	}
	if err := db.exec("DELETE FROM calltrail.partition WHERE first_day = '2005-06-06'"); err != nil {
		t.Fatal(err)
	}
	late := old
	late.RecordID = numbered("late", 1)
	deliver(t, l, chain.call(late))
	db.want(`SELECT count(*) FROM calltrail.call_record_20050606`, "1")
	wantCounts(t, l, Counts{Stored: 3})
}
