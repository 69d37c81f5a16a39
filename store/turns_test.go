package store

import (
	"context"
	"errors"
	"io"
	"runtime"
	"testing"

	"github.com/rs/zerolog"
)

// stuck is a sink that does not come back until it is told to.
type stuck struct{ entered, leave chan struct{} }

func (s *stuck) Deliver(context.Context, []Item) error {
	close(s.entered)
	<-s.leave
	return MarkPermanent(errors.New("told to end"))
}

// A pump that waits for work, or for a server, turns; one that has been in the same step for longer than any time-out does not.
func TestTurns(t *testing.T) {
	turning := func(p *Pump) bool { before := p.Turns(); return p.Turns() > before }
	sink := &stuck{make(chan struct{}), make(chan struct{})}
	sp := testSpool(t, 0)
	pending := false
	p, err := New(Config{Name: "test", Pending: func() bool { return pending }}, SpoolFeed(sp, 0, true), sink, zerolog.New(io.Discard))
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- p.Run(t.Context()) }()
	if !turning(p) {
		t.Error("a pump with nothing to do does not turn")
	}
	for p.since.Load() == 0 { // until it fetches
		runtime.Gosched()
	}
	p.start = p.start.Add(-longFetch) // it has fetched for long
	if !turning(p) {
		t.Error("a pump that has waited for work for long does not turn")
	}
	if pending = true; turning(p) {
		t.Error("a pump that does not fetch what is there turns")
	}
	pending = false
	if _, _, err := sp.Append([]byte("a record")); err != nil {
		t.Fatal(err)
	}
	<-sink.entered
	if !turning(p) {
		t.Error("a pump that has just begun to deliver does not turn")
	}
	p.start = p.start.Add(-longStep)
	if turning(p) {
		t.Error("a pump stuck in one step turns")
	}
	close(sink.leave)
	if err := <-done; err == nil {
		t.Error("it ended without the error")
	}
	if !turning(p) {
		t.Error("a pump that left the step does not turn")
	}
}
