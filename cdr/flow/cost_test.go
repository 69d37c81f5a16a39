package flow_test

import (
	"net/netip"
	"testing"
	"time"

	"calltrail/cdr/flow"
	"calltrail/decode"
)

// prepared are packets of one followed flow, of each sort that comes often.
func prepared() (names []string, frames map[string]*decode.Frame) {
	names = []string{"RTP", "ChannelData", "DTLS", "STUN", "other", "report"}
	return names, map[string]*decode.Frame{
		"RTP":         frame(alice, server, media(111, 1, 172)),
		"ChannelData": frame(alice, server, channel(media(111, 1, 172))),
		"DTLS":        frame(alice, server, record(23, 1, 1, make([]byte, 160)...)),
		"STUN":        frame(alice, server, check("abcd", "efgh")),
		"other":       frame(alice, server, noise(1, 172)),
		"report":      frame(alice, server, report(1)),
	}
}

func playing(t testing.TB) *world {
	w := newWorld(t, flow.Config{})
	w.allocate(alice)
	w.talk(alice, server, 40, rtp(111))
	w.talk(alice, server, 40, func(seq int) []byte { return record(23, 1, seq, 1, 2, 3) })
	w.talk(alice, server, 40, func(seq int) []byte { return noise(seq, 60) })
	w.send(alice, server, check("abcd", "efgh"))
	w.talk(alice, server, 1, rtp(111)) // after DTLS: SRTP
	w.events()
	return w
}

// A packet of a followed flow allocates nothing.
func TestNoAllocation(t *testing.T) {
	w := playing(t)
	names, frames := prepared()
	for _, name := range names {
		f := frames[name]
		class := decode.Classify(f)
		if n := testing.AllocsPerRun(100, func() {
			w.now += int64(25 * time.Millisecond)
			w.table.Advance(w.now)
			w.table.Datagram(f, class, 0, w.now, w.now)
		}); n != 0 || len(w.table.Events) != 0 {
			t.Errorf("%s: %v allocations, %d events", name, n, len(w.table.Events))
		}
	}
	segment := frame(alice, server, append(append(make([]byte, 12), 5<<4, ack, 0, 0, 0, 0, 0, 0), make([]byte, 1000)...))
	if n := testing.AllocsPerRun(100, func() { w.table.Segment(segment, 0, w.now, w.now) }); n != 0 {
		t.Errorf("segment: %v allocations", n)
	}
}

// A packet of no flow, on a table with 50,000 of them.
func BenchmarkRefused(b *testing.B) {
	w := crowd(b, 50_000)
	others := make([]*decode.Frame, 1024)
	classes := make([]decode.Reason, len(others))
	for i := range others {
		src := netip.AddrPortFrom(netip.AddrFrom4([4]byte{172, 16, byte(i >> 8), byte(i)}), 40_000)
		others[i] = frame(src, bob, noise(i, 1200))
		classes[i] = decode.UDPOther
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		w.table.Datagram(others[i%len(others)], classes[i%len(others)], 0, w.now, w.now)
	}
	if w.table.Len() != 50_000 {
		b.Fatal("followed")
	}
}

func BenchmarkRefusedSegment(b *testing.B) {
	w := crowd(b, 50_000)
	f := frame(alice, netip.MustParseAddrPort("198.51.100.5:443"), append(append(make([]byte, 12), 5<<4, ack, 0, 0, 0, 0, 0, 0), make([]byte, 1400)...))
	b.ReportAllocs()
	for b.Loop() {
		if w.table.Segment(f, 0, w.now, w.now) {
			b.Fatal("followed")
		}
	}
}

// crowd is a table with n flows of TURN.
func crowd(b *testing.B, n int) *world {
	w := newWorld(b, flow.Config{})
	for i := range n {
		w.allocate(from(i))
		w.table.Events = w.table.Events[:0]
	}
	return w
}

func from(i int) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(i >> 16), byte(i >> 8), byte(i)}), uint16(20_000+i%30_000))
}

func BenchmarkHit(b *testing.B) {
	names, frames := prepared()
	for _, name := range names {
		for _, flows := range []struct {
			name string
			n    int
		}{{"one", 1}, {"50000", 50_000}} {
			b.Run(name+"/"+flows.name, func(b *testing.B) {
				w := crowd(b, flows.n)
				f := *frames[name]
				class := decode.Classify(&f)
				ends := make([]decode.Endpoint, flows.n)
				for i := range ends {
					ends[i] = decode.EndpointOf(from(i))
				}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					f.Src = ends[i*7919%flows.n]
					w.now += 1e6
					w.table.Datagram(&f, class, 0, w.now, w.now)
					w.table.Events = w.table.Events[:0]
				}
			})
		}
	}
}
