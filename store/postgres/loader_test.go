package postgres

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

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
	chain := newChain(t, "edge-1")
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
	items := newChain(t, "edge-1").calls(1, 10)
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
	chain := newChain(t, "edge-1")
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
	items := newChain(t, "edge-1").calls(1, 9)
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

func TestTampered(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name, reason string
		change       func(items []store.Item)
	}{
		{"body", reasonLeafMismatch, func(items []store.Item) {
			items[1].Body = bytes.Replace(items[1].Body, []byte("London"), []byte("Madrid"), 1)
		}},
		{"leaf", reasonLeafMismatch, func(items []store.Item) { items[1].Leaf[7] ^= 1 }},
		{"hash", reasonHashMismatch, func(items []store.Item) { items[1].Hash[7] ^= 1 }},
		{"prev", reasonHashMismatch, func(items []store.Item) { items[1].Prev[7] ^= 1 }},
		{"number", reasonHashMismatch, func(items []store.Item) { items[1].Seq = 7 }},
		// Whoever makes all its hashes anew is betrayed by the neighbour before …
		{"forged", reasonChainBroken, func(items []store.Item) {
			forged := newChain(t, "edge-1")
			forged.seq, forged.prev = 1, [32]byte{1}
			items[1] = forged.call(forged.sample(77))
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, db := opened(t)
			items := newChain(t, "edge-1").calls(1, 3)
			true2 := items[1]
			c.change(items)
			deliver(t, l, items...)
			wantCounts(t, l, Counts{Stored: 2, Quarantined: 1, Alarms: 1})
			db.want(`SELECT reason, body = $1 AS body FROM calltrail.quarantine`, c.reason+"|t", items[1].Body)
			// The true entry is still missing, shows as a gap, and fills it when it comes.
			db.want(`SELECT first_seq, last_seq FROM calltrail.gap`, "2|2")
			deliver(t, l, true2)
			db.want(`SELECT * FROM calltrail.gap`, "")
			// Delivered again, the bad one is not kept twice.
			deliver(t, l, items[1])
			db.want(`SELECT count(*) FROM calltrail.quarantine WHERE reason = $1`, "1", c.reason)
		})
	}
}

// … or, put into a gap with the right neighbour before, by the one behind.
func TestForgedIntoAGap(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t, "edge-1")
	first := chain.call(chain.sample(1))
	fork := *chain
	items := chain.calls(2, 2)
	deliver(t, l, first, items[1])
	deliver(t, l, fork.call(chain.sample(66)))
	db.want(`SELECT seq, reason FROM calltrail.quarantine`, "2|chain_broken")
	deliver(t, l, items[0])
	wantCounts(t, l, Counts{Stored: 3, Quarantined: 1, Alarms: 1})
}

func TestSameNumberOtherHash(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t, "edge-1")
	fork := *chain
	deliver(t, l, chain.calls(1, 2)...)
	deliver(t, l, fork.call(chain.sample(50)))
	wantCounts(t, l, Counts{Stored: 2, Quarantined: 1, Alarms: 1})
	db.want(`SELECT seq, reason FROM calltrail.quarantine`, "1|hash_conflict")
	db.want(`SELECT count(*) FROM calltrail.call_record`, "2")
}

// One bad record never holds up the others, and its number is no gap: it is authentic.
func TestPoison(t *testing.T) {
	t.Parallel()
	edit := func(from, to string) func(*builder) []byte {
		return func(b *builder) []byte {
			body, err := json.Marshal(b.sample(2))
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Contains(body, []byte(from)) {
				t.Fatalf("%q is not in the sample", from)
			}
			return bytes.Replace(body, []byte(from), []byte(to), 1)
		}
	}
	cases := []struct {
		name, reason string
		body         func(*builder) []byte
	}{
		{"NUL", reasonNUL, edit(`London`, `Lon\u0000don`)},
		{"bad UTF-8", reasonBadUTF8, edit(`London`, "Lon\xffdon")},
		{"half a surrogate in jsonb", reasonRefused, edit(`"detail":"number`, `"detail":"\ud800 number`)},
		{"bad JSON", reasonBadJSON, edit(`"schema":`, `"schema"`)},
		{"not an object", reasonBadJSON, func(*builder) []byte { return []byte(`[1]`) }},
		{"empty", reasonBadJSON, func(*builder) []byte { return nil }},
		{"unknown kind", reasonUnknownKind, edit(`"kind":"sip"`, `"kind":"message"`)},
		{"unknown schema", reasonUnknownSchema, edit(`calltrail.call.v1`, `calltrail.call.v9`)},
		{"another sensor's record", reasonSensorMismatch, edit(`"sensor":"edge-1"`, `"sensor":"edge-2"`)},
		{"day of another week", reasonDayMismatch, edit(`"day":"2026-05-28"`, `"day":"2026-06-28"`)},
		{"status beyond smallint", reasonBadValue, edit(`"status":200`, `"status":70000`)},
		{"revision 0", reasonBadValue, edit(`"revision":1`, `"revision":0`)},
		{"port beyond 65535", reasonBadJSON, edit(`"port":5060`, `"port":70000`)},
		{"a number jsonb cannot hold", reasonRefused, edit(`"jitter_ms":1.25`, `"jitter_ms":1.25,"new":1e999999`)},
		{"the future", reasonDayOutOfRange, func(b *builder) []byte {
			c := b.sample(2)
			c.StartedAt = record.Time(time.Now().AddDate(0, 0, 4).UnixMicro())
			c.Day = c.StartedAt.Day()
			body, err := json.Marshal(c)
			if err != nil {
				t.Fatal(err)
			}
			return body
		}},
		{"too large", reasonTooLarge, edit(`"display":"Test"`, `"display":"`+strings.Repeat("x", 70000)+`"`)},
	}
	l, db := opened(t)
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			sensor := newChain(t, "edge-1")
			sensor.epoch += uint64(len(c.name)) << 20 //nolint:gosec // a chain of its own for each case
			for _, b := range []byte(c.name) {
				sensor.epoch = sensor.epoch*31%1e15 + uint64(b)
			}
			before, items := l.Counts(), sensor.calls(1, 1)
			items = append(items, sensor.body(c.body(sensor)))
			items = append(items, sensor.calls(3, 5)...)
			deliver(t, l, items...)
			after := l.Counts()
			if after.Quarantined != before.Quarantined+1 || after.Alarms != before.Alarms || after.Stored+after.Duplicates != before.Stored+before.Duplicates+6 {
				t.Errorf("before %+v, after %+v", before, after)
			}
			db.want(`SELECT q.reason, e.outcome, e.record_id IS NULL AS bare, q.body = $2 AS body FROM calltrail.quarantine q JOIN calltrail.entry e USING (sensor, epoch, seq) WHERE epoch = $1`,
				c.reason+"|quarantined|t|t", int64(sensor.epoch), append([]byte{}, items[1].Body...)) //nolint:gosec // small
			db.want(`SELECT * FROM calltrail.gap`, "")
		})
	}
}

// Harmless text that looks like an escaped NUL is kept.
func TestEscapedBackslash(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t, "edge-1")
	c := chain.sample(1)
	c.Caller.Display = `C:\u0000`
	deliver(t, l, chain.call(c))
	db.want(`SELECT caller_display = E'C:\\u0000' AS kept FROM calltrail.calls`, "t")
}

func TestUnreadableItems(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t, "edge-1")
	good := chain.call(chain.sample(1))
	fault := store.Item{Origin: "topic/0@7", Fault: "no header seq"}
	fault.Body = []byte("what it was")
	zero, nameless, loud := good, good, good
	zero.Seq, nameless.Sensor, loud.Sensor = 0, "", "a\x00b\xff"
	zero.Origin, nameless.Origin, loud.Origin = "a", "b", "c\x00\xff"
	deliver(t, l, fault, zero, nameless, loud, good)
	wantCounts(t, l, Counts{Stored: 1, Quarantined: 4})
	db.want(`SELECT reason, origin FROM calltrail.quarantine ORDER BY id`, "bad_entry|topic/0@7; bad_entry|a; bad_entry|b; bad_entry|c␀�")
}

func TestCallsShowsTheBestRevision(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t, "edge-1")
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
	chain := newChain(t, "edge-1")
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
	chain := newChain(t, "edge-1")
	old := chain.sample(1)
	old.StartedAt = record.Time(time.Date(2005, 6, 12, 23, 59, 59, 0, time.UTC).UnixMicro()) // a Sunday
	old.Day = old.StartedAt.Day()
	deliver(t, l, chain.call(old), chain.call(chain.sample(2)))
	db.want(`SELECT first_day, end_day FROM calltrail.partition WHERE first_day < '2006-01-01'`, "2005-06-06|2005-06-13")
	db.want(`SELECT count(*) FROM calltrail.call_record_20050606`, "1")
	db.want(`SELECT count(*) >= 5 AS ahead FROM calltrail.partition WHERE end_day > now()::date`, "t")

	// Retention took a partition away; what comes for it makes it anew.
	for _, table := range []string{"call_record", "record_body", "endpoint", "registration"} {
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

func TestTwoLoadersOnOneChain(t *testing.T) {
	t.Parallel()
	c := migrated(t)
	items := newChain(t, "edge-1").calls(1, 640)
	loaders := []*Loader{open(t, c), open(t, c)}
	var wg sync.WaitGroup
	for i, l := range loaders {
		wg.Go(func() {
			for at := 0; at < len(items); at += 16 {
				// One forwards, one with every second pair of batches swapped: they meet and overlap.
				from := at
				if i == 1 {
					from = at ^ 16
				}
				for err := errors.New("not tried"); err != nil; {
					err = l.Deliver(context.Background(), items[from:from+16])
					var p interface{ Permanent() bool }
					if errors.As(err, &p) && p.Permanent() {
						t.Error(err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
	db := ask(t, c)
	db.want(`SELECT head_seq, received FROM calltrail.ledger`, `640|"{[1|641)}"`)
	db.want(`SELECT count(*) FROM calltrail.call_record`, "640")
	db.want(`SELECT count(*) FROM calltrail.entry WHERE outcome = 'stored'`, "640")
	a, b := loaders[0].Counts(), loaders[1].Counts()
	if a.Stored+b.Stored != 640 || a.Redelivered+b.Redelivered != 640 || a.Alarms+b.Alarms != 0 {
		t.Errorf("counts %+v and %+v", a, b)
	}
}

// The connection is cut in the middle of a transaction: the loader is held up by a lock, its backend is terminated.
// Delivered again, everything is there once.
func TestConnectionKilled(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	items := newChain(t, "edge-1").calls(1, 50)
	deliver(t, l, items[:10]...)

	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	lock, err := db.pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(ctx, "LOCK TABLE calltrail.entry IN EXCLUSIVE MODE"); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- l.Deliver(ctx, items) }()
	killed := 0
	for killed == 0 {
		// A backend that waits for the lock is in the middle of the batch.
		err := db.pool.QueryRow(ctx, `SELECT count(*) FILTER (WHERE pg_terminate_backend(pid)) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'calltrail' AND wait_event_type = 'Lock'`).Scan(&killed)
		if err != nil {
			t.Fatal(err)
		}
	}
	err = <-done
	var p interface{ Permanent() bool }
	if err == nil || !errors.As(err, &p) || p.Permanent() {
		t.Fatalf("after the connection was killed: %v, want an error that can be retried", err)
	}
	if err := lock.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	db.want(`SELECT count(*) FROM calltrail.call_record`, "10")
	deliver(t, l, items...)
	db.want(`SELECT count(*) FROM calltrail.call_record`, "50")
	wantCounts(t, l, Counts{Stored: 50, Redelivered: 10})
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	cases := []struct {
		name   string
		config func(t *testing.T) Config
		want   string
	}{
		{"nothing listens", func(*testing.T) Config {
			return Config{DSN: "postgres://calltrail@127.0.0.1:9/calltrail?sslmode=disable"}
		},
			"postgres: connect to 127.0.0.1:9: connection refused: is the server running? (postgres.dsn)"},
		{"no DSN", func(*testing.T) Config { return Config{} }, "postgres: no database is named: set postgres.dsn"},
		{"no schema", func(t *testing.T) Config { return Config{DSN: emptyDatabase(t)} },
			"postgres: the database has no calltrail schema: run calltrail migrate up"},
		{"no database", func(t *testing.T) Config {
			return Config{DSN: strings.Replace(serverDSN(t), "/calltrail?", "/not_there?", 1)}
		},
			`database "not_there" does not exist (SQLSTATE 3D000): create it, or name another (postgres.dsn): createdb not_there`},
		{"forgetful server", func(t *testing.T) Config {
			c := migrated(t)
			c.DSN += "&synchronous_commit=off"
			return c
		}, "postgres: the server may lose what it says is stored: fsync is on, synchronous_commit is off"},
		{"password from a missing file", func(t *testing.T) Config { return Config{DSN: serverDSN(t), PasswordFile: "/nonexistent"} }, "check postgres.password_file"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l, err := Open(context.Background(), c.config(t))
			if err == nil {
				l.Close()
				t.Fatal("opened")
			}
			if !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("\n got %s\nwant %s, on one line", err, c.want)
			}
		})
	}
	c := migrated(t)
	c.DSN += "&synchronous_commit=off"
	c.AllowUnsafeServer = true
	open(t, c)
}

func TestAppendOnly(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t, "edge-1")
	bad := chain.body([]byte("no record"))
	deliver(t, l, append(chain.calls(1, 2), bad)...)
	for _, statement := range []string{
		`UPDATE calltrail.call_record SET caller_raw = 'x'`,
		`DELETE FROM calltrail.call_record`,
		`DELETE FROM calltrail.call_record_20260525`,
		`UPDATE calltrail.call_record_20260525 SET caller_raw = 'x'`,
		`TRUNCATE calltrail.call_record_20260525`,
		`TRUNCATE calltrail.call_record`,
		`UPDATE calltrail.record_body SET body = ''`,
		`DELETE FROM calltrail.record_body`,
		`TRUNCATE calltrail.record_body_20260525`,
		`UPDATE calltrail.endpoint SET port = 1`,
		`DELETE FROM calltrail.endpoint`,
		`UPDATE calltrail.entry SET leaf = hash`,
		`DELETE FROM calltrail.entry`,
		`TRUNCATE calltrail.entry`,
		`DELETE FROM calltrail.quarantine`,
		`DELETE FROM calltrail.ledger`,
		`UPDATE calltrail.ledger SET head_seq = 1`,
		`UPDATE calltrail.ledger SET received = '{[1,2)}'`,
		`UPDATE calltrail.ledger SET genesis = head_hash`,
	} {
		err := db.exec(statement)
		if err == nil || !(strings.Contains(err.Error(), "append-only") || strings.Contains(err.Error(), "only grows")) {
			t.Errorf("%s: %v, want a refusal", statement, err)
		}
	}
	db.want(`SELECT count(*) FROM calltrail.call_record`, "2")
}

// One look-up for an address, and one partition for a time: what the indexes and constraints are for.
func TestPlans(t *testing.T) {
	t.Parallel()
	l, db := opened(t)
	chain := newChain(t, "edge-1")
	deliver(t, l, chain.calls(1, 5)...)
	plan := func(query string) string {
		t.Helper()
		var text strings.Builder
		tx, err := db.pool.Begin(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(context.Background()) }()
		// The tables are small here: what is asked is whether the indexes can answer.
		if _, err := tx.Exec(context.Background(), "SET LOCAL enable_seqscan = off"); err != nil {
			t.Fatal(err)
		}
		rows, err := tx.Query(context.Background(), "EXPLAIN "+query)
		if err != nil {
			t.Fatal(err)
		}
		var line string
		if _, err := pgx.ForEachRow(rows, []any{&line}, func() error { text.WriteString(line + "\n"); return nil }); err != nil {
			t.Fatal(err)
		}
		return text.String()
	}
	byTime := plan(`SELECT * FROM calltrail.call_record WHERE started_at >= '2026-05-28T00:00:00Z' AND started_at < '2026-05-29T00:00:00Z'`)
	if n := len(regexp.MustCompile(`on call_record_\d+ `).FindAllString(byTime, -1)); n != 1 {
		t.Errorf("a day's records are looked for in %d partitions:\n%s", n, byTime)
	}
	if err := db.exec(`SELECT calltrail.ensure_partitions('2025-01-01', '2025-12-31')`); err != nil {
		t.Fatal(err)
	}
	newest := plan(`SELECT count(*) FROM calltrail.calls WHERE day BETWEEN '2026-05-25' AND '2026-05-31'`)
	if n := len(regexp.MustCompile(`on call_record_\d+ better`).FindAllString(newest, -1)); n != 1 {
		t.Errorf("better revisions of a week's calls are looked for in %d partitions:\n%s", n, newest)
	}
	use := plan(`SELECT * FROM calltrail.endpoint_20260525 WHERE ip = '203.0.113.3' AND port = 40000 AND first_at <= '2026-05-28T10:00:30Z' AND last_at >= '2026-05-28T10:00:30Z'`)
	if !strings.Contains(use, "ip_port_first_at_last_at") {
		t.Errorf("an address is not looked up by its index:\n%s", use)
	}
}
