package pipeline_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"runtime/pprof"
	"testing"
	"time"

	"calltrail/capture"
	"calltrail/cdr/pipeline"
)

// errFull is what a spool says whose disk is full.
var errFull = errors.New("no space left on device")

// failing takes so many records and then no more.
type failing struct{ left int }

func (f *failing) Put(pipeline.Meta, []byte) error {
	if f.left--; f.left < 0 {
		return errFull
	}
	return nil
}

// stopping is a source that does something before a packet.
type stopping struct {
	packets
	at   int
	stop func() error
}

func (s *stopping) Next(p *capture.Packet) error {
	if s.next == s.at {
		if err := s.stop(); err != nil {
			return err
		}
	}
	return s.packets.Next(p)
}

// within runs f and ends the program, with all stacks, if it hangs.
func within(t *testing.T, d time.Duration, f func() error) error {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		return err
	case <-time.After(d):
		_ = pprof.Lookup("goroutine").WriteTo(os.Stderr, 1) // on the way out
		t.Fatalf("hangs: still running after %s", d)
		return nil
	}
}

// However a run ends, it ends: with the error that ended it, every packet read in the sums, and no goroutine left.
func TestRunEnds(t *testing.T) {
	list := drain(t, generate(t, 300, 21).source(t))
	lookups, err := goldenLookups()
	if err != nil {
		t.Fatal(err)
	}
	broken := errors.New("the card is gone")
	cases := []struct {
		name string
		run  func(ctx context.Context, cancel context.CancelFunc) (capture.Source, pipeline.Output)
		want error
	}{
		{"at the end of the input", func(context.Context, context.CancelFunc) (capture.Source, pipeline.Output) {
			return &packets{list: list}, &discard{}
		}, nil},
		{"without a packet", func(context.Context, context.CancelFunc) (capture.Source, pipeline.Output) {
			return &packets{}, &discard{}
		}, nil},
		{"cancelled before", func(_ context.Context, cancel context.CancelFunc) (capture.Source, pipeline.Output) {
			cancel()
			return &packets{list: list}, &discard{}
		}, context.Canceled},
		{"cancelled midway", func(_ context.Context, cancel context.CancelFunc) (capture.Source, pipeline.Output) {
			return &stopping{packets{list: list}, len(list) / 2, func() error { cancel(); return nil }}, &discard{}
		}, context.Canceled},
		{"source broken midway", func(context.Context, context.CancelFunc) (capture.Source, pipeline.Output) {
			return &stopping{packets{list: list}, len(list) / 2, func() error { return broken }}, &discard{}
		}, broken},
		{"output full at once", func(context.Context, context.CancelFunc) (capture.Source, pipeline.Output) {
			return &packets{list: list}, &failing{}
		}, errFull},
		{"output full midway", func(context.Context, context.CancelFunc) (capture.Source, pipeline.Output) {
			return &packets{list: list}, &failing{150}
		}, errFull},
		{"output full at the last record", func(context.Context, context.CancelFunc) (capture.Source, pipeline.Output) {
			return &packets{list: list}, &failing{300}
		}, errFull},
	}
	for _, c := range cases {
		for _, workers := range []int{1, 2, 3, 8} {
			t.Run(fmt.Sprintf("%s, %d workers", c.name, workers), func(t *testing.T) {
				before := runtime.NumGoroutine()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				src, out := c.run(ctx, cancel)
				p, err := pipeline.New(pipeline.Config{Workers: workers, Sensor: "test"}, lookups, out)
				if err != nil {
					t.Fatal(err)
				}
				if err := within(t, 2*time.Minute, func() error { return p.Run(ctx, src) }); !errors.Is(err, c.want) {
					t.Errorf("error %v, want %v", err, c.want)
				}
				if s := p.Stats(); s.Packets != s.Counts.Total() {
					t.Errorf("%d packets, and %d in the counts", s.Packets, s.Counts.Total())
				}
				goroutinesBack(t, before)
			})
		}
	}
}

// goroutinesBack waits until there are no more goroutines than before: one that has done its work may still be ending.
func goroutinesBack(t *testing.T, before int) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			var stacks bytes.Buffer
			_ = pprof.Lookup("goroutine").WriteTo(&stacks, 1) // to memory
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, stacks.Bytes())
		}
	}
}
