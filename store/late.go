package store

import "context"

// Late is a Sink that connects when there is something to deliver. To a sensor no failure is for good: it has to go on, and
// somebody may mend the receiver meanwhile, so a Pump before it never ends for an error. One goroutine at a time uses it.
type Late struct {
	// Open connects to where the entries go; what it returns is closed with free. It is asked again after a permanent error.
	Open func(context.Context) (sink Sink, free func(), err error)

	sink Sink
	free func()
}

// Deliver connects if need be and delivers. After a permanent error (see [Permanent]) the connection is made anew. Its own errors
// are never permanent.
func (l *Late) Deliver(ctx context.Context, items []Item) error {
	if l.sink == nil {
		sink, free, err := l.Open(ctx)
		if err != nil {
			return passing{err}
		}
		l.sink, l.free = sink, free
	}
	err := l.sink.Deliver(ctx, items)
	if err == nil {
		return nil
	}
	if Permanent(err) {
		l.Close()
	}
	return passing{err}
}

// Close closes what Open has returned last, if anything. The next Deliver connects again.
func (l *Late) Close() {
	if l.sink != nil {
		l.free()
		l.sink = nil
	}
}

// passing is an error that is worth another attempt, whatever it says.
type passing struct{ cause error }

func (p passing) Error() string { return p.cause.Error() }
