//go:build linux

package taptest

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"
	"time"

	"calltrail/capture"
)

// Engine is what is tested.
type Engine struct {
	Open func(capture.TapConfig) (capture.Tap, error)
	// Resolution of its packets' times.
	Resolution time.Duration
}

// Config is how the tests open a tap: as the defaults of the configuration do, with a smaller ring.
func Config() capture.TapConfig {
	return capture.TapConfig{
		Interface: Seen, Workers: 1, RingBytes: 8 << 20, BlockTimeout: 20 * time.Millisecond, Promiscuous: true, SnapLength: 65535,
	}
}

// Tap is a tap under test.
type Tap struct {
	capture.Tap
	readers []*Reader
}

// Start opens a tap for the duration of the test.
func (e Engine) Start(t testing.TB, cfg capture.TapConfig) *Tap {
	t.Helper()
	opened, err := e.Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	tap := &Tap{Tap: opened}
	t.Cleanup(func() { tap.Stop(t) })
	return tap
}

// Stop closes the tap, waits for its readers and closes the sources.
func (tap *Tap) Stop(t testing.TB) {
	t.Helper()
	if err := tap.Close(); err != nil {
		t.Error(err)
	}
	for _, r := range tap.readers {
		<-r.done
	}
	for _, s := range tap.Sources() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Reader reads a source in a goroutine of its own and keeps copies of what came.
type Reader struct {
	source capture.Live
	done   chan struct{}

	mu      sync.Mutex
	packets []capture.Packet
	idle    int64 // time of the last ErrIdle
	idles   int
	late    int // packets with a time before that of an ErrIdle before them
	gap     time.Duration
	end     error
}

// Read starts to read a source, until it ends.
func (tap *Tap) Read(source int) *Reader {
	r := &Reader{source: tap.Sources()[source], done: make(chan struct{})}
	tap.readers = append(tap.readers, r)
	go r.run()
	return r
}

func (r *Reader) run() {
	defer close(r.done)
	for {
		var p capture.Packet
		before := time.Now()
		err := r.source.Next(&p)
		r.mu.Lock()
		r.gap = max(r.gap, time.Since(before))
		switch {
		case errors.Is(err, capture.ErrIdle):
			r.idle = p.Time
			r.idles++
		case err != nil:
			r.end = err
			r.mu.Unlock()
			return
		default:
			if p.Time < r.idle {
				r.late++
			}
			p.Data = bytes.Clone(p.Data)
			r.packets = append(r.packets, p)
		}
		r.mu.Unlock()
	}
}

// Packets that came until now.
func (r *Reader) Packets() []capture.Packet {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clip(r.packets)
}

// Passed waits until everything of before now was handed out: the source says so, or hands out something later.
func (r *Reader) Passed(t testing.TB) {
	t.Helper()
	now := time.Now().UnixNano()
	Until(t, 5*time.Second, "the source comes to a time after now", func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		return r.idle > now || len(r.packets) > 0 && r.packets[len(r.packets)-1].Time > now
	})
}

// End waits for the source's end, which must be io.EOF.
func (r *Reader) End(t testing.TB, most time.Duration) {
	t.Helper()
	select {
	case <-r.done:
	case <-time.After(most):
		t.Fatalf("the source did not end within %v", most)
	}
	if !errors.Is(r.end, io.EOF) {
		t.Fatalf("the source ended with %v, want io.EOF", r.end)
	}
}

// Numbers counts how often each number of a UDP frame to a port came.
func Numbers(packets []capture.Packet, port uint16) map[uint32]int {
	seen := make(map[uint32]int)
	for _, p := range packets {
		if len(p.Data) >= 46 && binary.BigEndian.Uint16(p.Data[36:]) == port {
			seen[Number(p.Data)]++
		}
	}
	return seen
}

// ExactlyOnce fails when not every number of from..to-1 came once.
func ExactlyOnce(t testing.TB, seen map[uint32]int, from, to uint32) {
	t.Helper()
	missing, double := 0, 0
	for n := from; n < to; n++ {
		switch seen[n] {
		case 0:
			missing++
		case 1:
		default:
			double++
		}
	}
	if missing > 0 || double > 0 {
		t.Fatalf("of %d packets %d did not come and %d came more than once", to-from, missing, double)
	}
}
