package retention

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"calltrail/store/postgres"
)

// What is old goes and leaves certificates by which the chain still proves whole; what is held stays with its signed head, until it is
// released.
func TestRetention(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.weeks(4)
	if bad := l.verify(); len(bad) > 0 {
		t.Fatalf("before anything is deleted: %q", bad)
	}
	all := l.ask(`SELECT count(*) FROM calltrail.entry`)
	hold, err := AddHold(t.Context(), l.conn, Hold{Case: "FIR 12/2026", Kind: "number", Value: held, Reason: "letter of the court"})
	if err != nil {
		t.Fatal(err)
	}
	spans := l.due()
	if len(spans) != 4 || spans[0].First.Format(time.DateOnly) != "2023-03-06" || !spans[0].Due || spans[0].Held != 3 {
		t.Fatalf("plan %+v", spans)
	}
	done := l.run()
	if len(done) != 4 || done[1].Held != 3 || done[1].Certificates < 3 || done[1].Deleted["call_record"] != 14 {
		t.Errorf("deleted %+v", done)
	}
	if bad := l.verify(); len(bad) > 0 {
		t.Errorf("after the deletion: %q", bad)
	}
	if got := l.ask(`SELECT count(*), count(DISTINCT caller_e164) FROM calltrail.call_record WHERE day < '2024-01-01'`); got != "8|1" {
		t.Errorf("left are %s old records, want the 8 of the held number", got)
	}
	if got := l.ask(`SELECT count(*) FROM calltrail.endpoint WHERE day < '2024-01-01'`); got != "8" {
		t.Errorf("left are %s old addresses, want the 8 of the held number", got)
	}
	if got := l.ask(`SELECT count(*) FROM calltrail.calls WHERE caller_e164 = $1`, held); got != "4" {
		t.Errorf("the view has %s held calls, want 4", got)
	}
	if got := l.ask(`SELECT count(*) FROM calltrail.entry`); got != all {
		t.Errorf("%s entries of %s are left: hashes stay", got, all)
	}
	if spans := l.due(); len(spans) != 0 {
		t.Errorf("still planned: %+v", spans)
	}

	// The same again from an old backup: it goes again, without a second certificate.
	l.exec(`SET session_replication_role = replica`)
	l.exec(`INSERT INTO calltrail.record_body (day, record_id, body) SELECT e.day, e.record_id, '{}' FROM calltrail.entry e
		WHERE e.day < '2023-03-13' AND NOT EXISTS (SELECT FROM calltrail.record_body b WHERE b.day = e.day AND b.record_id = e.record_id) GROUP BY 1, 2`)
	l.exec(`SET session_replication_role = origin`)
	if bad := l.verify(); len(bad) == 0 {
		t.Error("records that came back from a backup are not found")
	}
	l.due()
	if done := l.run(); len(done) != 1 || done[0].Certificates != 0 {
		t.Errorf("deleted again %+v", done)
	}
	if bad := l.verify(); len(bad) > 0 {
		t.Errorf("after the second deletion: %q", bad)
	}

	if err := ReleaseHold(t.Context(), l.conn, hold, "the case is closed"); err != nil {
		t.Fatal(err)
	}
	l.due()
	if done := l.run(); len(done) != 4 {
		t.Errorf("after the release %+v", done)
	}
	if bad := l.verify(); len(bad) > 0 {
		t.Errorf("after the release: %q", bad)
	}
	if got := l.ask(`SELECT count(*) FROM calltrail.call_record`) + " " + l.ask(`SELECT count(*) FROM calltrail.partition WHERE first_day < '2024-01-01'`); got != "1 0" {
		t.Errorf("left are %s records and partitions, want that of today and none", got)
	}
}

// Verify accepts exactly what the certificates name: control of the above.
func TestOneMore(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.weeks(3)
	if _, err := AddHold(t.Context(), l.conn, Hold{Case: "c", Kind: "number", Value: held, Reason: "r"}); err != nil {
		t.Fatal(err)
	}
	l.due()
	l.run()
	l.exec(`SET session_replication_role = replica`)
	l.exec(`DELETE FROM calltrail.record_body WHERE record_id = (SELECT record_id FROM calltrail.call_record WHERE caller_e164 = $1 ORDER BY day LIMIT 1)`, held)
	if bad := l.verify(); len(bad) == 0 {
		t.Error("one record more is gone, and nobody says so")
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.weeks(2)
	ctx := context.Background()
	fails := func(what, want string, err error) {
		t.Helper()
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", what, err, want)
		}
	}
	begin := func(first string, keep int) error {
		_, err := l.conn.Exec(ctx, `SELECT * FROM calltrail.retention_begin($1::date, $2)`, first, keep)
		return err
	}
	fails("without notice", "no notice that is old enough", begin("2023-03-06", 0))
	l.due()
	l.exec(`UPDATE calltrail.setting SET retention_notice_days = 1`)
	fails("with a notice of a moment ago", "no notice that is old enough", begin("2023-03-06", 0))
	l.exec(`UPDATE calltrail.setting SET retention_notice_days = 0`)
	fails("a longer period", "not old enough", begin("2023-03-06", 36000))
	this := l.ask(`SELECT max(first_day) FROM calltrail.partition WHERE first_day <= current_date`)
	fails("this week", "not old enough", begin(this, 0))
	fails("this week, a period below nothing", "not old enough", begin(this, -100000))
	fails("no partition", "no partition begins", begin("2023-03-07", 0))
	_, err := l.conn.Exec(ctx, `SELECT calltrail.retention_finish('2023-03-06', '{}')`)
	fails("the second half alone", "comes first", err)

	tx, err := l.conn.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(ctx, `SELECT * FROM calltrail.retention_begin('2023-03-06', 0)`); err != nil {
		t.Fatal(err)
	}
	_, err = tx.Exec(ctx, `SELECT calltrail.retention_finish('2023-03-06', '{}')`)
	fails("without certificates", "not of the runs", err)
	_ = tx.Rollback(ctx)
	l.stays(ctx, pgx.ReadCommitted, "another span was begun", `SELECT * FROM calltrail.retention_begin('2023-03-06', 0)`, `SELECT calltrail.retention_finish($$`+this+`$$, '{}')`)
	// A hold that was placed since the snapshot was taken would not be seen.
	l.stays(ctx, pgx.RepeatableRead, "READ COMMITTED is wanted", `SELECT * FROM calltrail.retention_begin('2023-03-06', 0)`)
	l.stays(ctx, pgx.RepeatableRead, "READ COMMITTED is wanted", `SELECT calltrail.retention_assignments(0)`)

	for what, h := range map[string]Hold{
		"the case and the reason": {Kind: "number", Value: "1"}, "number_prefix, address": {Case: "c", Kind: "name", Value: "1", Reason: "r"},
		"needs a value": {Case: "c", Kind: "number", Reason: "r"}, "its times and no value": {Case: "c", Kind: "window", Value: "x", Reason: "r"},
		"a time that ends": {Case: "c", Kind: "window", Reason: "r"}, "no address": {Case: "c", Kind: "address", Value: "300.1.1.1", Reason: "r"},
		"no identity of a call": {Case: "c", Kind: "call", Value: "x", Reason: "r"},
	} {
		_, err := AddHold(ctx, l.conn, h)
		fails("hold", what, err)
	}
	fails("release", "there is no hold 99", ReleaseHold(ctx, l.conn, 99, "r"))
}

// stays runs statements in one transaction, of which the last must fail so.
func (l *log) stays(ctx context.Context, level pgx.TxIsoLevel, want string, statements ...string) {
	l.Helper()
	tx, err := l.conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: level})
	if err != nil {
		l.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }() // to be sure
	for i, statement := range statements {
		_, err := tx.Exec(ctx, statement)
		if last := i == len(statements)-1; last != (err != nil) || last && !strings.Contains(err.Error(), want) {
			l.Errorf("%s: %v, want %q", statement, err, want)
		}
	}
}

// Ended midway, a span is there whole.
func TestAllOrNothing(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.weeks(2)
	l.due()
	before := l.ask(`SELECT count(*) FROM calltrail.record_body`)
	o := l.options()
	n := 0
	other, err := postgres.Connect(t.Context(), l.cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close(context.Background()) })
	pid := l.conn.PgConn().PID()
	// The clock is asked for each certificate: the connection dies between two of them.
	o.Now = func() time.Time {
		if n++; n == 2 {
			if _, err := other.Exec(context.Background(), `SELECT pg_terminate_backend($1)`, pid); err != nil {
				t.Error(err)
			}
		}
		return time.Now()
	}
	if _, err := Run(t.Context(), l.conn, o, func(Done) {}); err == nil {
		t.Fatal("it was not told that the connection died")
	}
	l.conn = other
	if after := l.ask(`SELECT count(*) FROM calltrail.record_body`) + l.ask(`SELECT count(*) FROM calltrail.deletion_certificate`); after != before+"0" {
		t.Errorf("%s bodies and certificates, want %s and none", after, before)
	}
	if bad := l.verify(); len(bad) > 0 {
		t.Errorf("after the death: %q", bad)
	}
	if done := l.run(); len(done) != 2 {
		t.Errorf("deleted %+v", done)
	}
	if bad := l.verify(); len(bad) > 0 {
		t.Errorf("after the run: %q", bad)
	}
}

// Every kind of hold keeps its call and nothing else.
func TestHoldsKeep(t *testing.T) {
	t.Parallel()
	l := newLog(t)
	l.weeks(1)
	uid := l.ask(`SELECT call_uid FROM calltrail.call_record WHERE caller_e164 = $1 LIMIT 1`, held)
	from, to := monday.Std().Add(60*time.Hour), monday.Std().Add(61*time.Hour)
	for _, h := range []Hold{
		{Kind: "number", Value: held},
		{Kind: "number_prefix", Value: "+9112041"},
		{Kind: "call", Value: uid},
		{Kind: "window", From: &from, To: &to},
		{Kind: "address", Value: "198.51.100.0/24", From: &from, To: &to},
	} {
		h.Case, h.Reason = "c", "r"
		id, err := AddHold(t.Context(), l.conn, h)
		if err != nil {
			t.Fatal(err)
		}
		got := l.ask(`SELECT c.caller_e164, count(*) FROM calltrail.held('2023-03-06', '2023-03-13') k JOIN calltrail.call_record c USING (day, record_id) GROUP BY 1 ORDER BY 1`)
		if want := fmt.Sprintf("%s|2", held); got != want {
			t.Errorf("%s %s keeps %q, want %q", h.Kind, h.Value, got, want)
		}
		if err := ReleaseHold(t.Context(), l.conn, id, "r"); err != nil {
			t.Fatal(err)
		}
	}
	if got := l.ask(`SELECT * FROM calltrail.held('2023-03-06', '2023-03-13')`); got != "" {
		t.Errorf("after all releases %q is held", got)
	}
}
