package monitor

import (
	"testing"
	"time"
)

func TestGrowth(t *testing.T) {
	var g growth
	at, bytes := noon, int64(0)
	step := func(n int, each int64) {
		for range n {
			at, bytes = at.Add(sampleEvery), bytes+each
			g.add(at, bytes)
		}
	}
	step(1, 0)
	step(59, 10_000)
	if _, known := g.perSecond(); known {
		t.Error("known after less than ten minutes")
	}
	step(1, 10_000)
	if r, known := g.perSecond(); !known || r != 1000 {
		t.Errorf("%v, %v; want 1000", r, known)
	}
	step(1, -600_000) // a segment trimmed: neither growth nor time
	step(60, 10_000)
	if r, _ := g.perSecond(); r != 1000 {
		t.Errorf("%v after a trim; want 1000", r)
	}
	// Two days later only the last day counts, and the memory has not grown.
	step(2*8640, 20_000)
	if r, _ := g.perSecond(); r != 2000 || len(g.marks) > 1440 {
		t.Errorf("%v with %d marks; want 2000", r, len(g.marks))
	}
}

func TestBacklog(t *testing.T) {
	var b backlog
	at := noon
	for i := range uint64(10_000) {
		b.add(at, i+1, 0)
		at = at.Add(time.Second)
	}
	if len(b.marks) > backlogMarks {
		t.Fatalf("%d marks", len(b.marks))
	}
	for _, acked := range []uint64{0, 1, 5000, 9000} {
		// Number acked+1 came at second acked.
		is, got := at.Sub(noon.Add(time.Duration(acked)*time.Second)), b.oldest(at, acked)
		if got > is || got < is-time.Minute {
			t.Errorf("acknowledged %d: %v, and it is %v", acked, got, is)
		}
	}
	b.add(at, 10_000, 10_000)
	if len(b.marks) != 0 || b.oldest(at, 10_000) != 0 {
		t.Errorf("%d marks of an empty spool", len(b.marks))
	}
}

func TestStatusRecent(t *testing.T) {
	w := newWorld()
	w.sp.Failure = nil
	_, s := w.make(t)
	if d := s.status(); d.Taps[0].PacketsPerSecond != nil || d.Disk.BytesPerSecond != nil || d.RecentSeconds != 0 {
		t.Errorf("rates before anything was sampled: %+v", d)
	}
	// Ten minutes: 100 packets a second, a drop in the first minute, a call pushed out in the last, 1000 octets a second.
	for i := range 61 {
		switch i {
		case 6:
			w.live.Taps[0].Capture.Drops++
		case 60:
			w.live.Dialogs.Evicted, w.card.Missed = 2, 51
		}
		s.sample(w.now)
		w.now = w.now.Add(sampleEvery)
		w.live.Taps[0].Packets += 1000
		w.sp.Bytes += 10_000
	}
	d := s.status()
	tap := d.Taps[0]
	if *tap.PacketsPerSecond != 100 || tap.Total.KernelDrops != 11 || tap.Recent.KernelDrops != 0 || tap.Recent.CardMissed != 1 || tap.Recent.Packets != 30_000 {
		t.Errorf("tap %+v, %v packets a second", tap, *tap.PacketsPerSecond)
	}
	if d.Calls.RecentEvicted != 2 || d.RecentSeconds != 300 {
		t.Errorf("%d calls pushed out in %v s", d.Calls.RecentEvicted, d.RecentSeconds)
	}
	if d.Taps[1].CardError != "eth2: no such device" {
		t.Errorf("card error %q", d.Taps[1].CardError)
	}
	if d.Disk.BytesPerSecond == nil || *d.Disk.BytesPerSecond != 1000 {
		t.Errorf("disk %+v", d.Disk)
	}
	// Records above 90 have waited since the first sample.
	if d.Spool.OldestSeconds != 610 {
		t.Errorf("the oldest record waits for %v s", d.Spool.OldestSeconds)
	}
	w.sp.Acked = 100
	if d := s.status(); d.Spool.OldestSeconds != 0 {
		t.Errorf("nothing waits, and the oldest does for %v s", d.Spool.OldestSeconds)
	}
	if n := len(s.recent.moments); n > 32 {
		t.Errorf("%d moments are kept", n)
	}
}
