package retention

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// A span goes as a notice announced it, or less of it; anything else is refused until there is a notice of that.
func TestAnnounced(t *testing.T) {
	t.Parallel()
	const first = "2023-03-06"
	l := newLog(t)
	l.weeks(2)
	place := func(value string) int64 {
		t.Helper()
		id, err := AddHold(t.Context(), l.conn, Hold{Case: "FIR 12/2026", Kind: "number", Value: value, Reason: "letter of the court"})
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	begins := func(what string, want bool) {
		t.Helper()
		tx, err := l.conn.BeginTx(t.Context(), pgx.TxOptions{IsoLevel: pgx.ReadCommitted})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = tx.Rollback(context.Background()) }() // it is only asked
		_, err = tx.Exec(t.Context(), `SELECT * FROM calltrail.retention_begin($1::date, 0)`, first)
		switch {
		case want && err != nil:
			t.Errorf("%s: %v", what, err)
		case !want && (err == nil || !strings.Contains(err.Error(), "no notice that is old enough announces all")):
			t.Errorf("%s: %v, want a refusal", what, err)
		}
	}
	// announces changes the first notice behind the back of its table, and puts it back.
	announces := func(what, change string) {
		t.Helper()
		l.exec(`SET session_replication_role = replica`)
		l.exec(`CREATE TEMPORARY TABLE was AS SELECT * FROM calltrail.retention_notice WHERE first_day = '` + first + `'`)
		l.exec(`UPDATE calltrail.retention_notice SET ` + change + ` WHERE first_day = '` + first + `'`)
		begins(what, false)
		l.exec(`UPDATE calltrail.retention_notice n SET announced = w.announced, digest = w.digest FROM was w WHERE w.notice_id = n.notice_id`)
		l.exec(`DROP TABLE was`)
		l.exec(`SET session_replication_role = origin`)
		begins("as it was after: "+what, true)
	}

	hold := place(held)
	spans := l.due()
	begins("as announced", true)
	var text string
	if err := l.conn.QueryRow(t.Context(), `SELECT announced::text FROM calltrail.retention_notice WHERE notice_id = $1`, spans[0].Notice).Scan(&text); err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256([]byte(text)); spans[0].Digest != hex.EncodeToString(sum[:]) {
		t.Errorf("digest %s is not of %s", spans[0].Digest, text)
	}
	if !strings.Contains(text, `"held": 3`) || !strings.Contains(text, `"records": 17`) || !strings.Contains(text, sensor) {
		t.Errorf("announced is %s", text)
	}

	announces("other words below the same digest", `announced = jsonb_set(announced, '{records}', '1000')`)
	for what, less := range map[string]string{
		"one record less":  `jsonb_set(announced, '{records}', '16')`,
		"one number less":  `jsonb_set(announced, ARRAY['numbers', c.key], to_jsonb((c.value::int8multirange - '{[1,1]}'::int8multirange)::text))`,
		"another chain":    `jsonb_set(announced, '{numbers}', jsonb_build_object(c.key || '1', c.value))`,
		"no number at all": `jsonb_set(announced, '{numbers}', '{}')`,
	} {
		change := `(announced, digest) = (SELECT x.new, calltrail.announcement_digest(x.new) FROM jsonb_each_text(announced -> 'numbers') AS c, LATERAL (SELECT ` + less + ` AS new) AS x)`
		announces(what, change)
	}

	if err := ReleaseHold(t.Context(), l.conn, hold, "closed by mistake"); err != nil {
		t.Fatal(err)
	}
	begins("what was held when notice was given", false)
	place(held)
	begins("held again", true)
	l.call("late", "+911204500001", monday+day, 1, true)
	l.load()
	begins("a record that came late", false)
	if spans := l.due(); spans[0].Notice <= 2 {
		t.Errorf("no other notice after a late record: %+v", spans[0])
	}
	begins("announced again", true)

	// What has no number on a chain is counted.
	foreign := `INSERT INTO calltrail.quarantine (received_at, origin, reason, body, sha256) SELECT '2023-03-07T12:00:00Z', x, 'test', convert_to(x, 'UTF8'), sha256(convert_to(x, 'UTF8'))`
	l.exec(foreign + ` FROM (VALUES ('one')) AS v(x)`)
	begins("an item of quarantine that nobody announced", false)
	l.due()
	begins("announced with it", true)
	l.exec(`SET session_replication_role = replica`)
	l.exec(`DELETE FROM calltrail.quarantine WHERE origin = 'one'`) // the rest of the test is without
	l.exec(`INSERT INTO calltrail.record_body (day, record_id, body) VALUES ('2023-03-07', gen_random_uuid(), '{}'), ('2023-03-07', gen_random_uuid(), '{}')`)
	begins("records that stand on no chain", false)
	l.exec(`DELETE FROM calltrail.record_body WHERE body = '{}'`)
	l.exec(`SET session_replication_role = origin`)

	// A hold added since may only make it less.
	place("+911204500001")
	spans = l.due()
	if spans[0].Notice != 1 {
		t.Errorf("planned by notice %d, want the first: what came since is held", spans[0].Notice)
	}
	done := l.run()
	if len(done) != 2 || done[0].Notice != spans[0].Notice || done[0].Digest != spans[0].Digest || done[0].Deleted["record_body"] != 17 {
		t.Errorf("deleted %+v, planned %+v", done, spans)
	}
	if got := l.ask(`SELECT count(*) FROM calltrail.call_record WHERE caller_e164 = '+911204500001'`); got != "1" {
		t.Errorf("%s of the record that was held after the notice are left", got)
	}
	if got := l.ask(`SELECT count(*) FROM calltrail.retention_run r JOIN calltrail.retention_notice n USING (notice_id, first_day, end_day)
		WHERE (r.deleted ->> 'record_body')::bigint <= (n.announced ->> 'records')::bigint`); got != "2" {
		t.Errorf("%s of 2 deletions name a notice of no less", got)
	}
	if got := l.ask(`WITH certified AS (SELECT sensor, epoch, range_agg(int8range(from_seq, to_seq, '[]')) AS numbers FROM calltrail.deletion_certificate GROUP BY 1, 2),
		announced AS (SELECT format('%s %s', c.sensor, c.epoch) AS chain, c.numbers, range_agg(a.r) AS allowed FROM certified c, calltrail.retention_notice n,
			unnest((n.announced #>> ARRAY['numbers', format('%s %s', c.sensor, c.epoch)])::int8multirange) AS a(r) GROUP BY 1, 2)
		SELECT bool_and(numbers <@ allowed) FROM announced`); got != "t" {
		t.Errorf("certified is what nobody announced: %q", got)
	}
}
