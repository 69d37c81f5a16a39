package watchlist

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// An alert that was published and not yet taken off the queue, because the program ended there, is published again under the
// same identity; none is lost, none has personal data, and the order is that of the hits.
func TestAlertsAreToldAtLeastOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(Entry{Kind: NumberPrefix, Value: "+91120410", Case: "FIR 12/2026"})
	w.land(sample(1))
	w.want(`SELECT count(*)::text FROM calltrail.watchlist_alert`, "0") // nobody wants them
	if _, err := SetAlerts(t.Context(), w.conn, true); err != nil {
		t.Fatal(err)
	}
	w.land(sample(2), sample(3))

	var told [][]Alert
	ctx, kill := context.WithCancel(t.Context())
	_, err := publish(ctx, w.connect(), false, func(_ context.Context, alerts []Alert) error {
		told = append(told, slices.Clone(alerts))
		kill() // the broker has them, and the program is gone
		return nil
	})
	if err == nil {
		t.Fatal("a program that was killed took alerts off the queue")
	}
	// The server may take a moment to see that the program is gone; its turn ends with it.
	w.rows(`SELECT pg_advisory_xact_lock(hashtextextended('calltrail.watchlist_alert', 0))::text`)
	away := errors.New("broker away")
	if _, err := publish(t.Context(), w.conn, false, func(context.Context, []Alert) error { return away }); !errors.Is(err, away) {
		t.Fatal(err)
	}
	n, err := publish(t.Context(), w.conn, false, func(_ context.Context, alerts []Alert) error {
		told = append(told, slices.Clone(alerts))
		return nil
	})
	if err != nil || n != 2 || len(told) != 2 || !slices.Equal(told[0], told[1]) {
		t.Fatalf("%d, %v, %+v", n, err, told)
	}
	a := told[0]
	if a[0].ID >= a[1].ID || a[0].List != "scam" || a[0].Case != "FIR 12/2026" || a[0].Kind != "call" || a[0].Role != "caller" || a[0].Day != "2026-05-28" || a[0].RecordID == a[1].RecordID ||
		!slices.Contains([]string{a[0].RecordID.String(), a[1].RecordID.String()}, sample(2).RecordID.String()) {
		t.Errorf("%+v", a)
	}
	if body, err := a[0].JSON(); err != nil || strings.Contains(string(body), "+91") || strings.Contains(string(body), `"at"`) {
		t.Errorf("%s, %v", body, err)
	}
	if n, err := publish(t.Context(), w.conn, false, nil); n != 0 || err != nil {
		t.Errorf("the queue should be empty: %d, %v", n, err)
	}
	w.land(sample(4))
	if waiting, err := SetAlerts(t.Context(), w.conn, false); err != nil || waiting != 1 {
		t.Errorf("%d wait, %v", waiting, err)
	}
	w.land(sample(5))
	n, err = publish(t.Context(), w.conn, true, func(_ context.Context, alerts []Alert) error {
		if alerts[0].Matched != "+911204100004" || alerts[0].At == nil {
			t.Errorf("with values: %+v", alerts[0])
		}
		return nil
	})
	if n != 1 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
}

// While one publishes, another finds nothing to do; a relay goes on after failures and ends with its context.
func TestRelay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.add(Entry{Kind: NumberPrefix, Value: "+91120410"})
	if _, err := SetAlerts(t.Context(), w.conn, true); err != nil {
		t.Fatal(err)
	}
	w.land(sample(1), sample(2))
	other := w.connect()
	_, err := publish(t.Context(), w.conn, false, func(ctx context.Context, _ []Alert) error {
		if n, err := publish(ctx, other, false, nil); n != 0 || err != nil {
			t.Errorf("two at once: %d, %v", n, err)
		}
		return errors.New("away")
	})
	if err == nil {
		t.Fatal("no error")
	}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	attempts, told := 0, 0 // of Run's goroutine
	r := Relay{Postgres: w.config, Every: time.Millisecond, Logger: zerolog.Nop(), Send: func(_ context.Context, alerts []Alert) error {
		if attempts++; attempts < 3 {
			return errors.New("away")
		}
		told += len(alerts)
		return nil
	}}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		r.Run(ctx)
	}()
	for w.rows(`SELECT count(*)::text FROM calltrail.watchlist_alert`)[0] != "0" { // they leave the queue after they were told
		runtime.Gosched()
	}
	stop()
	<-ended
	if told != 2 {
		t.Errorf("%d told in %d attempts", told, attempts)
	}
	w.want(`SELECT count(*)::text FROM calltrail.watchlist_alert`, "0")
}
