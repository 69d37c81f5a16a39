package store

import (
	"context"
	"errors"
	"strconv"
	"time"

	"github.com/rs/zerolog"

	"calltrail/store/spool"
)

// Request asks a sensor for numbers of its chain again, the first and the last included.
type Request struct {
	Sensor             string
	Epoch, First, Last uint64
}

// MaxRequest is how many numbers one Request may ask for. What is missing beyond them is asked for when these have come.
const MaxRequest = 10_000

// Times of an Inquiry.
const (
	// inquiryPause is between two looks at what is missing. What two looks in a row show is asked for: entries that were sent
	// again, or that another store of the group has in hand, fill most gaps within moments.
	inquiryPause = 10 * time.Second
	// repeatLast is the longest wait before the same numbers are asked for again. It begins at two pauses and doubles, for a
	// sensor that no longer has them.
	repeatLast = time.Hour
	// maxInquiries bounds how many gaps are known at a time.
	maxInquiries = 1024
)

// Inquiry looks for what is missing on the chains in the database and asks the sensors for it.
type Inquiry struct {
	// Missing returns at most so many gaps.
	Missing func(ctx context.Context, limit int) ([]Request, error)
	// Ask sends requests to the sensors.
	Ask func(ctx context.Context, r []Request) error
	// Pause is between two looks. 0 means 10 s.
	Pause time.Duration
	Log   zerolog.Logger

	known map[Request]inquiry
}

type inquiry struct {
	next  time.Time     // when to ask again
	after time.Duration // and how long to wait then
}

// Run looks and asks until ctx ends. That the database or Kafka does not answer is logged and tried again.
func (q *Inquiry) Run(ctx context.Context) error {
	for wait(ctx, q.pause()) == nil {
		if err := q.look(ctx, time.Now()); err != nil && ctx.Err() == nil {
			q.Log.Warn().Err(err).Msg("missing entries were not asked for; the next look is in some seconds")
		}
	}
	return nil
}

func (q *Inquiry) pause() time.Duration {
	if q.Pause > 0 {
		return q.Pause
	}
	return inquiryPause
}

// look asks for what is missing now and was at the look before.
func (q *Inquiry) look(ctx context.Context, now time.Time) error {
	missing, err := q.Missing(ctx, maxInquiries)
	if err != nil {
		return err
	}
	known := make(map[Request]inquiry, len(missing))
	var ask []Request
	for _, r := range missing {
		r.Last = min(r.Last, r.First+MaxRequest-1)
		state, again := q.known[r]
		if !again {
			state.after = 2 * q.pause()
		} else if !now.Before(state.next) {
			ask = append(ask, r)
			state.next, state.after = now.Add(state.after), min(2*state.after, repeatLast)
		}
		known[r] = state
	}
	if len(ask) > 0 {
		if err := q.Ask(ctx, ask); err != nil {
			return err // nothing is noted: the next look asks
		}
		q.Log.Info().Int("gaps", len(ask)).Msg("missing entries asked for again")
	}
	q.known = known
	return nil
}

// Answer sends entries of a sensor's spool again when they are asked for.
type Answer struct {
	Spool *spool.Spool
	// Requests waits for the next request to any sensor.
	Requests func(ctx context.Context) (Request, error)
	// Open connects to where the entries go; what it returns is closed with free. It is asked again after a failure.
	Open func(ctx context.Context) (sink Sink, free func(), err error)
	Log  zerolog.Logger
}

// Run answers until ctx ends. What could not be sent will be asked for again.
func (a *Answer) Run(ctx context.Context) error {
	retry := Config{MinWait: time.Second, MaxWait: 30 * time.Second}
	for failures := 0; ctx.Err() == nil; {
		r, err := a.Requests(ctx)
		if err == nil && r.Sensor == a.Spool.Sensor() {
			err = a.send(ctx, r)
		}
		if err != nil && ctx.Err() == nil {
			failures++
			a.Log.Warn().Err(err).Msg("entries that were asked for again cannot be sent")
			_ = wait(ctx, retry.pause(failures)) // ctx is looked at above
			continue
		}
		failures = 0
	}
	return nil
}

// send delivers what the spool still has of a request.
func (a *Answer) send(ctx context.Context, r Request) error {
	if r.First == 0 || r.Last < r.First {
		return errors.New("a request for no number")
	}
	sink, free, err := a.Open(ctx)
	if err != nil {
		return err
	}
	defer free()
	sent := 0
	var items []Item
	bytes := 0
	flush := func() (err error) {
		if breach != unanswered {
			err = sink.Deliver(ctx, items)
		}
		if err == nil {
			sent += len(items)
		}
		items, bytes = nil, 0
		return err
	}
	err = a.Spool.ReadRange(ctx, r.First, min(r.Last, r.First+MaxRequest-1), func(e spool.Entry) error {
		if e.Epoch != r.Epoch {
			return nil
		}
		e.Body = append([]byte(nil), e.Body...) // it lives until this returns
		items = append(items, Item{Entry: e, Origin: "spool " + strconv.FormatUint(e.Seq, 10)})
		if bytes += len(e.Body); bytes >= batchBytes || len(items) >= defaultBatch {
			return flush()
		}
		return nil
	})
	if err == nil && len(items) > 0 {
		err = flush()
	}
	a.Log.Info().Uint64("first", r.First).Uint64("last", r.Last).Int("sent", sent).Msg("entries asked for again")
	return err
}
