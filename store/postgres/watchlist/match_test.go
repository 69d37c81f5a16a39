package watchlist

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"calltrail/cdr/record"
)

// A search that is stopped goes on where it was, tells how far it is, and finds everything once.
func TestSearchGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for n := range 4 {
		c := sample(n)
		c.StartedAt += record.Time(n * 30 * 24 * 3600 * 1_000_000)
		c.EndedAt, c.LastSeenAt, c.Day, c.RecordID = c.StartedAt+1, c.StartedAt+1, c.StartedAt.Day(), uid(n, 1, c.StartedAt)
		w.land(c)
	}
	w.add(Entry{Kind: NumberPrefix, Value: "+91120410"})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	conn := w.connect()
	var seen []Job
	_, err := Match(ctx, conn, Scope{List: "scam"}, "tester", func(j Job) {
		if seen = append(seen, j); j.Hits == 2 {
			stop()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("a search that was stopped: %v", err)
	}
	w.want(`SELECT (finished_at IS NULL)::text || ' ' || hits FROM calltrail.watchlist_job`, "true 2")
	w.want(`SELECT min(day)::text FROM calltrail.watchlist_hit`, sample(2).StartedAt.Std().AddDate(0, 0, 60).Format("2006-01-02"))

	job, err := Match(t.Context(), w.conn, Scope{List: "scam"}, "tester", func(j Job) { seen = append(seen, j) })
	if err != nil || !job.Resumed || job.Hits != 4 || job.Done != job.Spans || int64(len(seen)) != job.Spans {
		t.Errorf("gone on: %+v, %v, %d times told", job, err, len(seen))
	}
	for i, j := range seen {
		if j.Done != int64(i)+1 || i > 0 && !j.From.Before(seen[i-1].From) {
			t.Errorf("told %d: %+v", i, j)
		}
	}
	w.want(`SELECT count(*)::text FROM calltrail.watchlist_job WHERE finished_at IS NOT NULL`, "1")
	// Once more is another search, which finds nothing new; so is one for a list that has got an entry.
	if job, err = Match(t.Context(), w.conn, Scope{List: "scam"}, "tester", nil); err != nil || job.Resumed || job.Hits != 0 || job.ID != seen[0].ID+1 {
		t.Errorf("once more: %+v, %v", job, err)
	}
	if _, err := Match(ctx, w.conn, Scope{Entry: 4711}, "tester", nil); err == nil {
		t.Error("a search with nothing to look for")
	}
}

// A list that has got an entry since its search was stopped is searched for anew: the old job does not know the entry.
func TestSearchOfAListThatGrew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.land(sample(1), sample(2))
	w.add(Entry{Kind: Number, Value: "+911204100001"})
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	if _, err := Match(ctx, w.connect(), Scope{List: "scam"}, "tester", func(Job) { stop() }); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	w.add(Entry{Kind: Number, Value: "+911204100002"})
	job, err := Match(t.Context(), w.conn, Scope{List: "scam"}, "tester", nil)
	if err != nil || job.Resumed || job.Entries != 2 {
		t.Errorf("%+v, %v", job, err)
	}
	w.want(`SELECT matched FROM calltrail.watchlist_hit ORDER BY 1`, "+911204100001; +911204100002")
}

// Who listens gets one message for each call and entry, without anything of the call in it, and at most a hundred at once.
func TestNotify(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	listener := w.connect()
	if _, err := listener.Exec(t.Context(), `LISTEN calltrail_watchlist`); err != nil {
		t.Fatal(err)
	}
	w.add(Entry{Kind: Address, Value: "203.0.113.1"})
	w.land(sample(1)) // two roles, one message
	n, err := listener.WaitForNotification(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	hit := w.rows(`SELECT min(hit_id)::text FROM calltrail.watchlist_hit`)[0]
	if want := fmt.Sprintf(`{"hit" : %s, "list" : "scam", "entry" : 1}`, hit); n.Payload != want {
		t.Errorf("told %s, want %s", n.Payload, want)
	}
	w.add(Entry{List: "wide", Kind: NumberPrefix, Value: "+91120"})
	var calls []record.Call
	for i := 2; i < 125; i++ {
		calls = append(calls, sample(i))
	}
	w.land(calls...)
	for i := range 101 {
		n, err := listener.WaitForNotification(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if more := strings.Contains(n.Payload, "more"); more != (i == 100) || more && n.Payload != `{"more" : 23}` || strings.Contains(n.Payload, "+91") {
			t.Errorf("message %d: %s", i, n.Payload)
		}
	}
}

func TestScamScale(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.want(`SELECT concat_ws(' ', calls, victims, days, sources) FROM calltrail.scam_scale('scam')`, "0 0 0 0")
	w.add(Entry{Kind: NumberPrefix, Value: "+91120410"}, Entry{List: "other", Kind: Number, Value: "+911126000001"})
	same, back, between := sample(3), sample(4), sample(5)
	same.Callee.E164 = sample(1).Callee.E164 // the same victim
	same.Src.IP = sample(1).Src.IP
	back.Caller, back.Callee = back.Callee, back.Caller // a victim calls back
	between.Callee.E164 = sample(9).Caller.E164         // nobody's victim
	later := sample(6)
	later.StartedAt += 24 * 3600 * 1_000_000
	later.EndedAt, later.LastSeenAt, later.Day, later.RecordID = later.StartedAt+1, later.StartedAt+1, later.StartedAt.Day(), uid(6, 1, later.StartedAt)
	w.land(sample(1), sample(2), same, back, between, later)
	again := sample(1) // a revision is not a call
	again.Revision, again.RecordID = 2, uid(1, 2, again.StartedAt)
	w.land(again)
	// Calls 1 2 3 4 5 6; victims of 1 and 3 the same, of 2, 4 and 6; sources of 1 and 3 the same, of 2, 5 and 6.
	w.want(`SELECT concat_ws(' ', calls, victims, days, sources, first_call = '2026-05-28T10:00:01Z', last_call = '2026-05-29T10:00:06Z') FROM calltrail.scam_scale('scam')`, "6 4 2 4 t t")
	w.want(`SELECT concat_ws(' ', calls, victims, days, sources) FROM calltrail.scam_scale('other')`, "2 2 1 0")
}
