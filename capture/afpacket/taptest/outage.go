//go:build linux

package taptest

import (
	"testing"
	"time"

	"calltrail/capture"
)

// back sends until a packet comes, and returns how long that took.
func back(t *testing.T, r *Reader, w *Wireside) time.Duration {
	t.Helper()
	start := time.Now()
	Until(t, 2*time.Second, "packets come again", func() bool {
		w.Send(UDP(4000, 7777, 0, 100))
		return Numbers(r.Packets(), 7777)[0] > 0
	})
	return time.Since(start)
}

func (e Engine) downUp(t *testing.T) {
	Pair(t)
	cfg := Config()
	cfg.Filter = nil
	tap := e.Start(t, cfg)
	source := tap.Sources()[0]
	r, w := tap.Read(0), Sender(t, Wire)
	for i := range uint32(100) {
		w.MustSend(UDP(4000, 5060, i, 100))
	}
	r.Passed(t)
	IP(t, "link", "set", Seen, "down")
	Until(t, time.Second, "counted as down", func() bool { return !source.LiveStats().Up })
	r.Passed(t) // time goes on
	IP(t, "link", "set", Seen, "up")
	took := back(t, r, w)
	Until(t, time.Second, "counted as up", func() bool { return source.LiveStats().Up })
	r.Passed(t)
	checkOutage(t, source, r, 1)
	ExactlyOnce(t, Numbers(r.Packets(), 5060), 0, 100)
	t.Logf("packets came again after %v", took)
}

// checkOutage compares the counts with what came.
func checkOutage(t *testing.T, source capture.Live, r *Reader, outages uint64) {
	t.Helper()
	stats := source.LiveStats()
	if stats.Reopened != outages || stats.Down <= 0 || stats.Down > 10*time.Second || !stats.Up {
		t.Errorf("%+v, want %d outages", stats, outages)
	}
	if came := uint64(len(r.Packets())); stats.Packets != came || stats.Drops != 0 {
		t.Errorf("%+v, but %d packets came", stats, came)
	}
	if r.gap > 500*time.Millisecond {
		t.Errorf("Next took %v", r.gap)
	}
	for i, p := range r.Packets() {
		if p.Position != uint64(i)+1 {
			t.Fatalf("packet %d has position %d", i+1, p.Position)
		}
	}
}

func (e Engine) recreated(t *testing.T) {
	Pair(t)
	cfg := Config()
	cfg.Filter = ToPort(t, 7777, 65535, 0)
	tap := e.Start(t, cfg)
	source := tap.Sources()[0]
	r, w := tap.Read(0), Sender(t, Wire)
	for i := range uint32(100) {
		w.MustSend(UDP(4000, 7777, 1000+i, 100))
	}
	IP(t, "link", "del", Seen) // at once: what is in the ring must come all the same
	Until(t, time.Second, "counted as down", func() bool { return !source.LiveStats().Up })
	r.Passed(t)
	if err := tap.SetFilter(ToPort(t, 7777, 65535, 3)); err != nil {
		t.Fatal(err)
	}
	AddPair(t)
	w = Sender(t, Wire)
	w.MustSend(UDP(4000, 8888, 0, 100))
	took := back(t, r, w)
	Until(t, time.Second, "counted as up", func() bool { return source.LiveStats().Up })
	w.MustSend(UDP(4000, 8888, 0, 100))
	r.Passed(t)
	checkOutage(t, source, r, 1)
	ExactlyOnce(t, Numbers(r.Packets(), 7777), 1000, 1100)
	if len(Numbers(r.Packets(), 8888)) != 0 {
		t.Error("the filter is lost")
	}
	if !isPromiscuous(t) {
		t.Error("the interface is no longer promiscuous")
	}
	t.Logf("packets came again after %v", took)
}

func (e Engine) renamed(t *testing.T) {
	Pair(t)
	tap := e.Start(t, Config())
	source := tap.Sources()[0]
	r, w := tap.Read(0), Sender(t, Wire)
	rename := func(from, to string) {
		IP(t, "link", "set", from, "down")
		IP(t, "link", "set", from, "name", to)
		IP(t, "link", "set", to, "up")
	}
	rename(Seen, "other0")
	Until(t, time.Second, "counted as down", func() bool { return !source.LiveStats().Up })
	r.Passed(t)
	before := len(r.Packets())
	w.MustSend(UDP(4000, 5060, 0, 100))
	r.Passed(t)
	if len(r.Packets()) != before {
		t.Error("packets of an interface of another name")
	}
	rename("other0", Seen)
	back(t, r, w)
	Until(t, time.Second, "counted as up", func() bool { return source.LiveStats().Up })
	r.Passed(t)
	checkOutage(t, source, r, 1)
}

func (e Engine) openedDown(t *testing.T) {
	Pair(t)
	IP(t, "link", "set", Seen, "down")
	tap := e.Start(t, Config())
	source := tap.Sources()[0]
	r := tap.Read(0)
	if source.LiveStats().Up {
		t.Error("up")
	}
	r.Passed(t)
	IP(t, "link", "set", Seen, "up")
	back(t, r, Sender(t, Wire))
	Until(t, time.Second, "counted as up", func() bool { return source.LiveStats().Up })
}

// slow is a block time-out within which Next says ErrIdle several times.
const slow = 300 * time.Millisecond

func (e Engine) closed(t *testing.T) {
	Pair(t)
	cfg := Config()
	cfg.BlockTimeout = slow
	tap := e.Start(t, cfg)
	source, w := tap.Sources()[0], Sender(t, Wire)
	const n = 1000
	for i := range uint32(n) {
		w.MustSend(UDP(4000, 5060, i, 100))
	}
	before := time.Now()
	if err := tap.Close(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(before); took > slow/2 {
		t.Errorf("Close took %v", took)
	}
	if err := tap.Close(); err != nil {
		t.Errorf("second Close: %v", err)
	}
	w.MustSend(UDP(4000, 5061, 0, 100))
	if err := tap.SetFilter(nil); err == nil {
		t.Error("SetFilter of a closed tap: no error")
	}
	w.MustSend(UDP(4000, 5061, 0, 100))
	r := tap.Read(0)
	r.End(t, time.Second)
	ExactlyOnce(t, Numbers(r.Packets(), 5060), 0, n)
	if len(r.Packets()) != n {
		t.Errorf("%d packets, want the %d of before Close", len(r.Packets()), n)
	}
	if stats := source.LiveStats(); stats.Packets != n || stats.Up {
		t.Errorf("%+v", stats)
	}
}

// closedAway closes while the interface is away, and the counts are asked for all the time.
func (e Engine) closedAway(t *testing.T) {
	Pair(t)
	tap := e.Start(t, Config())
	source := tap.Sources()[0]
	r := tap.Read(0)
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		var last capture.LiveStats
		for {
			select {
			case <-stop:
				return
			default:
			}
			now := source.LiveStats()
			if now.Packets < last.Packets || now.Drops < last.Drops || now.Reopened < last.Reopened || now.Down < last.Down {
				t.Errorf("%+v after %+v", now, last)
				return
			}
			last = now
			time.Sleep(100 * time.Microsecond)
		}
	}()
	w := Sender(t, Wire)
	for i := range uint32(100) {
		w.MustSend(UDP(4000, 5060, i, 100))
	}
	IP(t, "link", "del", Seen)
	Until(t, time.Second, "counted as down", func() bool { return !source.LiveStats().Up })
	if err := tap.Close(); err != nil {
		t.Error(err)
	}
	r.End(t, time.Second)
	close(stop)
	<-done
	ExactlyOnce(t, Numbers(r.Packets(), 5060), 0, 100)
}
