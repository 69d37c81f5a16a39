package collector

import (
	"testing"
	"time"
)

// What the kernel had no room for in the socket is counted with the next datagram.
func TestKernelsDropsAreCounted(t *testing.T) {
	c := newCollector(usual)
	c.SetAllow(loopback)
	if err := c.listen(Config{UDP: "127.0.0.1:0"}); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if err := c.udp.SetReadBuffer(1); err != nil { // the least that there is
		t.Fatal(err)
	}
	conn := dial(t, c, "udp")
	message := hepAt(time.Now(), "x")
	sent := uint64(0)
	for range 200 {
		send(t, conn, message)
		sent++
	}
	go c.readUDP() // not before: nobody has read until now
	until(t, "no drop was counted", func() bool {
		send(t, conn, message) // one that was put into the socket after the drops tells of them
		sent++
		return c.live.LiveStats().Drops > 100
	})
	looks := 0
	until(t, "not all that was sent is counted", func() bool {
		if c.live.LiveStats().Packets == sent {
			return true
		}
		if looks++; looks%200 == 0 { // the last one found no room either: another tells of it
			send(t, conn, message)
			sent++
		}
		return false
	})
	s := c.live.LiveStats()
	if s.Drops != c.overflown.Load() {
		t.Errorf("%+v, %d by the kernel", s, c.overflown.Load())
	}
	for range s.Packets - s.Drops {
		next(t, c)
	}
}
