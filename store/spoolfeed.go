package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"

	"calltrail/store/spool"
)

const (
	// defaultBatch is how many entries a batch of a spool has at most unless told.
	defaultBatch = 500
	// batchBytes is when a batch of a spool is large enough whatever its number of entries.
	batchBytes = 4 << 20
)

// SpoolFeed reads a spool behind its acknowledgement, in batches of at most batchMax entries (0 means 500) and about
// 4 MiB; Ack moves the spool's cursor. With follow it waits for new entries; without, it ends (io.EOF) behind what was durable
// when SpoolFeed was called. Numbers that damage has taken are passed over: the receiver's chain check shows them, as the
// spool's Gaps do. One feed at a time: a second would read the same entries.
func SpoolFeed(sp *spool.Spool, batchMax int, follow bool) Feed {
	if batchMax <= 0 {
		batchMax = defaultBatch
	}
	return &spoolFeed{
		sp: sp, reader: sp.NewReader(sp.Acked() + 1),
		max: batchMax, follow: follow, last: sp.Stats().Last,
	}
}

type spoolFeed struct {
	sp     *spool.Spool
	reader *spool.Reader
	max    int
	follow bool
	last   uint64 // where a feed that does not follow ends

	items []Item
	bytes []byte // the bodies of items
}

// Fetch waits for one entry and takes with it what else is there.
func (f *spoolFeed) Fetch(ctx context.Context) (Batch, error) {
	if err := ctx.Err(); err != nil {
		return Batch{}, err
	}
	f.items, f.bytes = f.items[:0], f.bytes[:0]
	for len(f.items) < f.max && len(f.bytes) < batchBytes {
		e, err := f.next(ctx)
		if err != nil && len(f.items) > 0 {
			break // what is in hand goes first; the next Fetch meets the error again
		}
		if err != nil {
			return Batch{}, unlessOpen(err)
		}
		f.bytes = append(f.bytes, e.Body...)
		f.items = append(f.items, Item{Entry: e, Origin: "spool " + strconv.FormatUint(e.Seq, 10)})
	}
	// The arena may have moved while it grew: only now do the bodies have their place.
	at := 0
	for i := range f.items {
		n := len(f.items[i].Body)
		f.items[i].Body = f.bytes[at : at+n : at+n]
		at += n
	}
	mark := f.items[len(f.items)-1].Entry
	mark.Body = nil
	return Batch{Items: f.items, Mark: mark}, nil
}

// next waits only for the first entry of a batch, and only when the feed follows.
func (f *spoolFeed) next(ctx context.Context) (spool.Entry, error) {
	if f.follow {
		if len(f.items) == 0 {
			return f.reader.Next(ctx)
		}
		return f.reader.Poll()
	}
	e, err := f.reader.Poll()
	if err == nil && e.Seq > f.last {
		return spool.Entry{}, io.EOF
	}
	return e, err
}

// Ack moves the spool's cursor.
func (f *spoolFeed) Ack(_ context.Context, b Batch) error {
	e, ok := b.Mark.(spool.Entry)
	if !ok {
		return MarkPermanent(fmt.Errorf("spool feed: acknowledgement of a batch that is not its own (%T)", b.Mark))
	}
	return unlessOpen(f.sp.Ack(e))
}

// unlessOpen makes the error of a closed spool a permanent one; others pass.
func unlessOpen(err error) error {
	if errors.Is(err, spool.ErrClosed) {
		return MarkPermanent(err)
	}
	return err
}
