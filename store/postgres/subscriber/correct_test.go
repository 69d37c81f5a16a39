package subscriber

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"
)

// correct takes what is due, and says how many rows that added and took back.
func (d *database) correct(assignments, added, takenBack int64) {
	d.Helper()
	c, err := Correct(context.Background(), d.cfg, nil)
	if err != nil || c.Assignments != assignments || c.Added != added || c.TakenBack != takenBack {
		d.Errorf("corrected %+v, %v, want %d assignments, %d added and %d taken back", c, err, assignments, added, takenBack)
	}
}

// Whatever order calls and imports come in, what holds in the end is the same, and it is what joining everything anew would find.
func TestCorrectionEqualsLanding(t *testing.T) {
	t.Parallel()
	first, last := newDatabase(t), newDatabase(t)
	first.neighbours()
	first.correct(8, 0, 0)
	first.correct(0, 0, 0)
	last.calls()
	last.want(`SELECT count(*) FROM calltrail.call_subscriber`, "0")
	last.assignments()
	last.correct(8, 9, 0)
	const holds = `SELECT c.caller_raw, host(s.ip), s.port, s.roles[1], s.subscriber, host(s.inside_address) AS inside, s.source FROM calltrail.call_subscribers s JOIN calltrail.calls c USING (day, record_id) ORDER BY 1, 2, 3, 5, 6, 7`
	if a, b := first.ask(holds), last.ask(holds); a != b || strings.Count(a, "\n") != 8 {
		t.Errorf("joined as they landed\n%s\ncorrected\n%s", a, b)
	}
	for _, d := range []*database{first, last} {
		d.want(`SELECT * FROM calltrail.join_subscribers('2026-05-01')`, "0|0")
	}
}

// What a session's accounting says later corrects only the calls that it changes.
func TestLateAccounting(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	for minute := range 30 {
		d.call(minute, minute, "198.51.100.9", "5060", "192.0.2.200", "5060")
	}
	const shown = `SELECT coalesce(min(c.started_at) AT TIME ZONE 'UTC', 'epoch')::time AS first, max(c.started_at AT TIME ZONE 'UTC')::time AS last, count(*) FROM calltrail.call_subscribers s JOIN calltrail.calls c USING (day, record_id) WHERE subscriber = $1`
	for _, step := range []struct {
		row                string // of the file
		due, plus, minus   int64
		asha, bela, change string
	}{
		// Heard of first in the middle; open.
		{"Interim-Update,1,asha,2026-05-28T10:10:00Z,198.51.100.9,", 1, 20, 0, "10:10:00|10:29:00|20", "00:00:00|-|0", "open from the first that was heard of"},
		// Alive: nothing new is said of any call.
		{"Interim-Update,1,asha,2026-05-28T10:15:00Z,198.51.100.9,", 0, 0, 0, "10:10:00|10:29:00|20", "00:00:00|-|0", "alive"},
		// Its end; a call that went on for 30 seconds over the end keeps it.
		{"Stop,1,asha,2026-05-28T10:20:10Z,198.51.100.9,", 1, 0, 9, "10:10:00|10:20:00|11", "00:00:00|-|0", "the end"},
		// Its beginning was earlier.
		{"Start,1,asha,2026-05-28T10:05:00Z,198.51.100.9,", 1, 5, 0, "10:05:00|10:20:00|16", "00:00:00|-|0", "the beginning"},
		// The next one's; the call over the change has both.
		{"Start,2,bela,2026-05-28T10:20:10Z,198.51.100.9,", 1, 10, 0, "10:05:00|10:20:00|16", "10:20:00|10:29:00|10", "the next session"},
		{"Stop,2,bela,2026-05-28T10:25:00Z,198.51.100.9,", 1, 0, 5, "10:05:00|10:20:00|16", "10:20:00|10:24:00|5", "its end"},
	} {
		d.put(RADIUS, radiusHeader+step.row+"\n")
		before := d.ask(`SELECT md5(string_agg(s::text, '' ORDER BY s::text)), count(*) FROM calltrail.call_subscriber s`)
		d.exec(`CREATE TABLE frozen AS SELECT * FROM calltrail.call_subscriber`)
		d.correct(step.due, step.plus, step.minus)
		d.want(shown, step.asha, "asha")
		d.want(shown, step.bela, "bela")
		// Nothing that was there has changed.
		if after := d.ask(`SELECT md5(string_agg(s::text, '' ORDER BY s::text)), count(*) FROM calltrail.call_subscriber s JOIN frozen USING (record_id, ip, port, assignment_id, joined_at)`); after != before && before != "-|0" {
			t.Errorf("%s: rows that were there have changed: %s, were %s", step.change, after, before)
		}
		d.exec(`DROP TABLE frozen`)
		d.want(`SELECT * FROM calltrail.join_subscribers('2026-05-28')`, "0|0")
	}
	d.want(`SELECT count(*) FILTER (WHERE holds), count(*) FILTER (WHERE NOT holds) FROM calltrail.call_subscriber`, "35|14")
}

// An assignment of many parts: a correction that was stopped is gone on with, and tells how far it is.
func TestCorrectionGoesOn(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.call(1, 1, "198.51.100.1", "5060", "192.0.2.200", "5060")
	var file strings.Builder
	file.WriteString("public_ip,port_start,port_end,inside_ip,from,to\n")
	for n := range 2500 {
		_, _ = fmt.Fprintf(&file, "203.0.113.%d,%d,%d,100.64.0.1,2026-05-28T10:00:00Z,2026-05-28T11:00:00Z\n", n%100, 1024+n/100*10, 1033+n/100*10) // a Builder never fails
	}
	d.put(CGNAT, file.String())
	d.put(RADIUS, radiusHeader+"Start,1,asha,2026-05-28T10:00:00Z,198.51.100.1,\n")
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var seen []Corrected
	progress := func(c Corrected) {
		if seen = append(seen, c); len(seen) == 1 {
			stop()
		}
	}
	if _, err := Correct(ctx, d.cfg, progress); err == nil || !strings.Contains(err.Error(), "1000 of 2501 assignments are done") {
		t.Fatalf("a correction that was stopped: %v", err)
	}
	d.want(`SELECT count(*) FROM calltrail.assignment_due`, "1501")
	all, err := Correct(context.Background(), d.cfg, progress)
	if want := (Corrected{1501, 1501, 1, 0}); err != nil || all != want || len(seen) != 3 || seen[1] != (Corrected{1000, 1501, 0, 0}) || seen[2] != want {
		t.Errorf("gone on: %+v, %v, told %+v", all, err, seen)
	}
}

// Beside a live source: what is stored is corrected for without anybody asking, and a database that is away is told of and tried again.
func TestKeepCorrected(t *testing.T) {
	t.Parallel()
	d := newDatabase(t)
	d.call(1, 1, "198.51.100.1", "5060", "192.0.2.200", "5060")
	d.exec(`ALTER TABLE calltrail.assignment_due RENAME TO away`)
	ctx, stop := context.WithTimeout(context.Background(), 5*time.Minute)
	defer stop()
	type run struct {
		c   Corrected
		err error
	}
	runs, ended := make(chan run), make(chan struct{})
	go func() {
		defer close(ended)
		KeepCorrected(ctx, d.cfg, 10*time.Millisecond, func(c Corrected, err error) {
			select {
			case runs <- run{c, err}:
			case <-ctx.Done():
			}
		})
	}()
	if r := <-runs; r.err == nil || strings.Contains(r.err.Error(), "\n") {
		t.Errorf("without its table: %+v", r)
	}
	d.exec(`ALTER TABLE calltrail.away RENAME TO assignment_due`)
	d.put(RADIUS, radiusHeader+"Start,1,asha,2026-05-28T10:00:00Z,198.51.100.1,\n")
	r := <-runs
	for r.err != nil { // begun before the table was back
		r = <-runs
	}
	if r.c != (Corrected{1, 1, 1, 0}) {
		t.Errorf("%+v", r)
	}
	stop()
	<-ended
}
