package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"calltrail/store/spool"
)

// flaky is a sink that fails at random, before, in the middle of, or after it has taken the items. Kill, when not nil,
// is called at a random delivery, in place of the process that dies.
type flaky struct {
	rnd   *rand.Rand
	got   []spool.Entry
	calls int
	kill  context.CancelFunc
}

func (f *flaky) Deliver(ctx context.Context, items []Item) error {
	f.calls++
	if f.kill != nil && f.rnd.IntN(4) == 0 {
		f.kill()
		return ctx.Err()
	}
	fails := f.rnd.IntN(2) == 0
	if fails {
		items = items[:f.rnd.IntN(len(items)+1)]
	}
	for _, it := range items {
		it.Body = bytes.Clone(it.Body)
		f.got = append(f.got, it.Entry)
	}
	if fails {
		return errors.New("connection lost")
	}
	return nil
}

// check holds what a sink got to what was spooled: every record, the same bytes, in the order of the chain when each is
// taken at its first arrival.
func check(got []spool.Entry, records int) error {
	next := uint64(1)
	for _, e := range got {
		switch {
		case e.Seq > next:
			return fmt.Errorf("record %d came before record %d", e.Seq, next)
		case string(e.Body) != testBody(e.Seq) || e.Hash != spool.Link(e.Prev, e.Epoch, e.Seq, e.Leaf):
			return fmt.Errorf("record %d came with other bytes", e.Seq)
		case e.Seq == next:
			next++
		}
	}
	if next != uint64(records)+1 {
		return fmt.Errorf("%d records of %d came", next-1, records)
	}
	return nil
}

func testBody(seq uint64) string { return strings.Repeat(fmt.Sprintf("record %d ", seq), int(seq%17)) }

func testSpool(t *testing.T, records int) *spool.Spool {
	t.Helper()
	sp, err := spool.Open(spool.Config{Dir: t.TempDir(), Sensor: "edge-1", SegmentBytes: 8 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sp.Close() })
	for i := range records {
		if _, err := sp.Write([]byte(testBody(uint64(i + 1)))); err != nil {
			t.Fatal(err)
		}
	}
	if err := sp.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	return sp
}

// newPump returns a pump that does not wait between its attempts.
func newPump(t *testing.T, feed Feed, sink Sink, log io.Writer) *Pump {
	t.Helper()
	p, err := New(Config{Name: "test"}, feed, sink, zerolog.New(log))
	if err != nil {
		t.Fatal(err)
	}
	p.wait = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return p
}

func TestPumpDeliversEverything(t *testing.T) {
	const records = 500
	sp := testSpool(t, records)
	sink := &flaky{rnd: rand.New(rand.NewPCG(1, 1))}
	p := newPump(t, SpoolFeed(sp, 7, false), sink, io.Discard)
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := check(sink.got, records); err != nil {
		t.Fatal(err)
	}
	st := p.Stats()
	if st.Items != records || st.Batches != 72 || st.Retries == 0 || st.Retries != uint64(sink.calls)-st.Batches ||
		st.Failures != 0 || st.LastError == nil || sp.Acked() != records {
		t.Fatalf("stats %+v, %d calls, acknowledged %d", st, sink.calls, sp.Acked())
	}
}

// early breaks a feed on purpose: it acknowledges what it has only fetched.
type early struct{ Feed }

func (e early) Fetch(ctx context.Context) (Batch, error) {
	b, err := e.Feed.Fetch(ctx)
	if err == nil {
		err = e.Ack(ctx, b)
	}
	return b, err
}

// runKilled pumps a spool through many lives, each killed at a random delivery.
func runKilled(t *testing.T, seed uint64, records int, wrap func(Feed) Feed) error {
	t.Helper()
	sp := testSpool(t, records)
	sink := &flaky{rnd: rand.New(rand.NewPCG(seed, 1))}
	for {
		ctx, cancel := context.WithCancel(t.Context())
		sink.kill = cancel
		err := newPump(t, wrap(SpoolFeed(sp, 5, false)), sink, io.Discard).Run(ctx)
		cancel()
		if err == nil {
			return check(sink.got, records)
		}
		if !errors.Is(err, context.Canceled) {
			return err
		}
	}
}

func TestPumpKilled(t *testing.T) {
	for seed := range uint64(20) {
		if err := runKilled(t, seed, 100, func(f Feed) Feed { return f }); err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
	}
}

// Negative control: a pump that acknowledges early loses records, and the check sees it.
func TestPumpAcknowledgingEarlyIsNoticed(t *testing.T) {
	for seed := range uint64(20) {
		if err := runKilled(t, seed, 100, func(f Feed) Feed { return early{f} }); err == nil {
			t.Fatalf("seed %d: the loss was not noticed", seed)
		}
	}
}

// sinkFunc is a sink of one function.
type sinkFunc func(context.Context, []Item) error

func (f sinkFunc) Deliver(ctx context.Context, items []Item) error { return f(ctx, items) }

func TestPumpStopsOnPermanentError(t *testing.T) {
	sp := testSpool(t, 3)
	calls := 0
	sink := sinkFunc(func(context.Context, []Item) error {
		calls++
		return fmt.Errorf("load: %w", MarkPermanent(errors.New("password refused")))
	})
	var log bytes.Buffer
	p := newPump(t, SpoolFeed(sp, 0, true), sink, &log)
	err := p.Run(t.Context())
	if err == nil || !Permanent(err) || calls != 1 || sp.Acked() != 0 {
		t.Fatalf("%v after %d calls, acknowledged %d", err, calls, sp.Acked())
	}
	if log.Len() > 0 || !strings.Contains(err.Error(), "password refused") || strings.Contains(err.Error(), "record 1") {
		t.Fatalf("returned, so not logged too: %v\n%s", err, log.String())
	}
}

// The same bytes go out again, whatever the sink does with the slice of the first attempt's items.
func TestPumpResendsTheSameBytes(t *testing.T) {
	sp := testSpool(t, 20)
	var attempts [][]byte
	sink := sinkFunc(func(_ context.Context, items []Item) error {
		var all []byte
		for _, it := range items {
			all = append(all, it.Body...)
		}
		attempts = append(attempts, all)
		if len(attempts) < 5 {
			return errors.New("unknown outcome")
		}
		return nil
	})
	var log bytes.Buffer
	if err := newPump(t, SpoolFeed(sp, 20, false), sink, &log).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, a := range attempts {
		if len(attempts) != 5 || !bytes.Equal(a, attempts[0]) {
			t.Fatalf("%d attempts with different bytes", len(attempts))
		}
	}
	if got := strings.Count(log.String(), `"level":"warn"`); got != 3 { // failures 1, 2 and 4
		t.Fatalf("%d warnings for 4 failures, want 3:\n%s", got, log.String())
	}
	if !strings.Contains(log.String(), "delivery works again") {
		t.Fatalf("no line on recovery:\n%s", log.String())
	}
}

func TestSpoolFeedFollows(t *testing.T) {
	sp := testSpool(t, 2)
	feed := SpoolFeed(sp, 10, true)
	ctx, cancel := context.WithCancel(t.Context())
	got := make(chan uint64)
	done := make(chan error)
	sink := sinkFunc(func(_ context.Context, items []Item) error {
		for _, it := range items {
			got <- it.Seq
		}
		return nil
	})
	p := newPump(t, feed, sink, io.Discard)
	go func() { done <- p.Run(ctx) }()
	for want := uint64(1); want <= 5; want++ {
		if want > 2 {
			if _, _, err := sp.Append([]byte(testBody(want))); err != nil {
				t.Fatal(err)
			}
		}
		if seq := <-got; seq != want {
			t.Fatalf("record %d, want %d", seq, want)
		}
	}
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

// What comes after the feed was made is not for a feed that does not follow.
func TestSpoolFeedEnds(t *testing.T) {
	sp := testSpool(t, 3)
	feed := SpoolFeed(sp, 2, false)
	if _, _, err := sp.Append([]byte("later")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{2, 1, 0, 0} {
		b, err := feed.Fetch(t.Context())
		if len(b.Items) != want || (want == 0) != errors.Is(err, io.EOF) {
			t.Fatalf("%d items, %v; want %d", len(b.Items), err, want)
		}
		if want > 0 && b.Items[0].Origin != fmt.Sprintf("spool %d", b.Items[0].Seq) {
			t.Fatalf("origin %q", b.Items[0].Origin)
		}
	}
	if err := feed.Ack(t.Context(), Batch{Mark: "other"}); !Permanent(err) {
		t.Fatalf("a foreign batch: %v", err)
	}
	if err := sp.Close(); err != nil {
		t.Fatal(err)
	}
	err := newPump(t, SpoolFeed(sp, 2, true), sinkFunc(func(context.Context, []Item) error { return nil }), io.Discard).Run(t.Context())
	if !errors.Is(err, spool.ErrClosed) || !Permanent(err) {
		t.Fatalf("a closed spool: %v", err)
	}
}

func TestPause(t *testing.T) {
	c, err := Config{}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	for failures := 1; failures < 200; failures++ {
		full := c.MaxWait
		if failures < 10 {
			full = c.MinWait << (failures - 1)
		}
		for range 20 {
			if got := c.pause(failures); got > full || got < full/2 {
				t.Fatalf("after %d failures: %v, want %v to %v", failures, got, full/2, full)
			}
		}
	}
	for _, bad := range []Config{{MinWait: -1}, {MinWait: time.Hour}} {
		if _, err := New(bad, SpoolFeed(testSpool(t, 0), 0, true), &flaky{}, zerolog.Nop()); err == nil {
			t.Errorf("%+v was taken", bad)
		}
	}
	if _, err := New(Config{}, nil, nil, zerolog.Nop()); err == nil {
		t.Error("no feed and no sink")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := wait(ctx, time.Hour); !errors.Is(err, context.Canceled) {
		t.Errorf("wait: %v", err)
	}
	if err := wait(t.Context(), time.Nanosecond); err != nil {
		t.Errorf("wait: %v", err)
	}
	if Permanent(errors.New("x")) || Permanent(nil) || MarkPermanent(nil) != nil {
		t.Error("permanent without being marked")
	}
}
