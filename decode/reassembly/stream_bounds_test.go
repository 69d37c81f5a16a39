package reassembly

import (
	"bytes"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"
)

// caller is the flow of the i-th telephone.
func caller(i int) *Flow {
	f := toProxy
	f.Src[13], f.Src[14], f.Src[15] = byte(i>>16), byte(i>>8), byte(i)
	return &f
}

// What a flood leaves behind is bounded, whatever it is made of.
func TestFloods(t *testing.T) {
	long := "INVITE sip:b SIP/2.0\r\nl: 60000\r\n\r\n" + string(bytes.Repeat([]byte("x"), 1400))
	for _, c := range []struct {
		name string
		make func(i int) tcpSegment
	}{
		{"of SYNs", func(i int) tcpSegment { return tcpSegment{flow: caller(i), seq: 1, flags: syn} }},
		{"of messages that do not end", func(i int) tcpSegment { return tcpSegment{flow: caller(i), seq: 1, payload: long} }},
		{"of octets behind gaps", func(i int) tcpSegment {
			return tcpSegment{flow: caller(i / 2), seq: 1 + uint32(i%2)*5000, payload: long}
		}},
		{"of octets behind gaps, in one stream", func(i int) tcpSegment {
			return tcpSegment{flow: caller(0), seq: 1 + uint32(i)*3000, payload: long}
		}},
		{"of single octets behind gaps, in one stream", func(i int) tcpSegment {
			return tcpSegment{flow: caller(0), seq: 1 + uint32(i)*2, payload: "x"}
		}},
		{"of fragments of WebSocket messages", func(i int) tcpSegment {
			if i%2 == 0 {
				return tcpSegment{flow: caller(i / 2), seq: 1, payload: upgrade("")}
			}
			return tcpSegment{flow: caller(i / 2), seq: 1 + uint32(len(upgrade(""))), payload: frameOf(opText, true, long)}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(StreamConfig{Ports: sipPorts, Streams: 4096, Octets: 2 << 20})
			for i := range 12000 {
				g := c.make(i)
				g.at = int64(i) / 100
				w.send(g)
				if i%500 == 0 {
					w.sound(t)
				}
			}
			w.sound(t)
			if w.Len() > 2048 || w.Octets() > 2<<20 || len(w.waits) > 4096 || cap(w.conns) > 4096 {
				t.Errorf("%d connections, %d octets, %d deadlines", w.Len(), w.Octets(), len(w.waits))
			}
		})
	}
}

// The heap follows the caps: 64 MiB of octets and what 8,192 connections take.
func TestStreamMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("128 MiB of segments")
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	s := NewStreams(StreamConfig{Ports: sipPorts, Octets: 32 << 20})
	body := string(bytes.Repeat([]byte("x"), 8000))
	for i := range 16000 {
		g := tcpSegment{flow: caller(i), seq: 1, payload: "INVITE sip:b SIP/2.0\r\nl: 8100\r\n\r\n" + body}
		b, n := g.wire()
		s.Segment(g.flow, b, n, 1)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	grown := int64(after.HeapAlloc) - int64(before.HeapAlloc)
	t.Logf("%d connections with %d octets take %d octets of heap", s.Len(), s.Octets(), grown)
	if grown > 48<<20 {
		t.Errorf("%d octets of heap", grown)
	}
	if s.Stats.PushedOut == 0 {
		t.Error("no pressure")
	}
	runtime.KeepAlive(s)
}

// A flood of connections that carry nothing costs no trunk its place; more trunks than there is room for cost the one that
// was silent for longest.
func TestEviction(t *testing.T) {
	w := newWorld(StreamConfig{Ports: sipPorts, Streams: 8})
	one, two := inviteOf("one", 0), inviteOf("two", 0)
	w.send(tcpSegment{flow: caller(0), seq: 1, payload: one + two[:20]})
	for i := range 100 {
		w.send(tcpSegment{flow: caller(1000 + i), seq: 1, flags: syn, at: 1})
	}
	w.send(tcpSegment{flow: caller(0), seq: 1 + uint32(len(one)) + 20, payload: two[20:], at: 2})
	if w.String() != "one two" || w.Stats.Evicted != 0 || w.Stats.Forgotten != 97 {
		t.Fatalf("found %q, counted %+v", w, w.Stats)
	}
	for i := range 3 {
		w.send(tcpSegment{flow: caller(1 + i), seq: 1, payload: one, at: 3})
	}
	w.send(tcpSegment{flow: caller(0), seq: 1 + uint32(len(one)+len(two)), payload: one[:30], at: 4})
	w.send(tcpSegment{flow: caller(9), seq: 1, payload: one, at: 5}) // pushes out the first of the three
	w.send(tcpSegment{flow: caller(0), seq: 1 + uint32(len(one)+len(two)) + 30, payload: one[30:], at: 6})
	w.sound(t)
	if w.String() != "one two one one one one one" || w.Stats.Evicted != 1 {
		t.Errorf("found %q, counted %+v", w, w.Stats)
	}
}

func TestIdle(t *testing.T) {
	one := inviteOf("one", 0)
	w := newWorld(StreamConfig{Ports: sipPorts, Idle: 100e9})
	w.send(tcpSegment{flow: &toProxy, seq: 1, payload: one + one[:20]})
	w.send(tcpSegment{flow: caller(5), seq: 1, flags: syn})
	w.until(59_999)
	if w.Len() != 2 {
		t.Errorf("%d connections after a minute", w.Len())
	}
	w.until(60_000)
	if w.Len() != 1 {
		t.Errorf("%d connections after a minute: one of them never said a word", w.Len())
	}
	w.until(100_000)
	if w.Len() != 0 || w.Octets() != 0 || w.Stats.Expired != 1 || w.Stats.Partial != 1 {
		t.Errorf("%d connections, %+v", w.Len(), w.Stats)
	}
	w.Advance(maxTime)
	w.send(tcpSegment{flow: &toProxy, seq: 1, payload: one})
	if len(w.found) != 2 {
		t.Errorf("found %q at the end of time", w)
	}
}

// A length that only a header claims takes no memory.
func TestClaimsOfStreamsTakeNoMemory(t *testing.T) {
	w := newSocketWorld()
	w.send(tcpSegment{flow: &toProxy, seq: 1, payload: "BYE sip:b SIP/2.0\r\nl: 60000\r\n\r\nbody"})
	w.client(upgrade(""))
	w.client("\x81\x7e\xf0\x00payload")
	if n := w.Octets(); n > 200 || w.Len() != 2 {
		t.Errorf("%d octets for two messages that claim 60,000", n)
	}
}

// What was in a buffer is gone when the buffer is given back.
func TestStreamsAreWiped(t *testing.T) {
	w := newWorld(StreamConfig{Ports: sipPorts})
	one := inviteOf("one", 500)
	w.send(tcpSegment{flow: &toProxy, seq: 1, payload: one[:40]})
	w.send(tcpSegment{flow: &toProxy, seq: 101, payload: one[100:]})
	w.send(tcpSegment{flow: &toProxy, seq: 41, payload: one[40:100]})
	w.Advance(1)
	if w.String() != "one" || len(w.lent) != 0 {
		t.Fatalf("found %q", w)
	}
	n := 0
	for _, list := range w.pool.free {
		for _, b := range list {
			n++
			if b = b[:cap(b)]; len(bytes.Trim(b, "\x00")) > 0 {
				t.Errorf("left in a buffer: %q", bytes.Trim(b, "\x00"))
			}
		}
	}
	if n < 2 {
		t.Errorf("%d buffers", n)
	}
}

// notFollowed are segments of other traffic, as they come: TLS, a page in the middle, acknowledgements.
func notFollowed() (list []tcpSegment) {
	r := rand.New(rand.NewPCG(1, 2))
	random := make([]byte, 1400)
	for i := range 64 {
		for k := range random {
			random[k] = byte(r.Uint32())
		}
		f := elsewhere
		f.SrcPort += uint16(i)
		f.DstPort = 443
		switch i % 4 {
		case 0:
			list = append(list, tcpSegment{flow: &f, payload: "\x17\x03\x03\x05\x00" + string(random)})
		case 1:
			list = append(list, tcpSegment{flow: &f, payload: string(random)})
		case 2:
			list = append(list, tcpSegment{flow: &f, flags: ackFlag})
		case 3:
			list = append(list, tcpSegment{flow: &f, payload: "the text of a page goes on here, <b>for a while</b> / and then\n" + string(random)})
		}
	}
	return list
}

func wires(list []tcpSegment) (all [][]byte) {
	for _, g := range list {
		b, _ := g.wire()
		all = append(all, b)
	}
	return all
}

func TestSegmentsDoNotAllocate(t *testing.T) {
	list := notFollowed()
	all := wires(list)
	s := NewStreams(StreamConfig{Ports: sipPorts})
	at := int64(0)
	if n := testing.AllocsPerRun(100, func() {
		for i, b := range all {
			at++
			if s.Segment(list[i].flow, b, len(b), at) != NotFollowed {
				t.Fatal("followed")
			}
		}
	}); n != 0 {
		t.Errorf("%v allocations for %d segments that are not followed", n, len(all))
	}
	// A message in one segment, then one in three of which the last comes first.
	one := inviteOf("one", 300)
	flow, seq := toProxy, uint32(1)
	whole, first, second, third := wires([]tcpSegment{{flow: &flow, payload: one}})[0], wires([]tcpSegment{{flow: &flow, payload: one[:100]}})[0],
		wires([]tcpSegment{{flow: &flow, payload: one[100:200]}})[0], wires([]tcpSegment{{flow: &flow, payload: one[200:]}})[0]
	put := func(b []byte, seq uint32) {
		b[4], b[5], b[6], b[7] = byte(seq>>24), byte(seq>>16), byte(seq>>8), byte(seq)
		at++
		s.Segment(&flow, b, len(b), at)
	}
	n := uint32(len(one))
	found := s.Stats.Messages
	if allocs := testing.AllocsPerRun(100, func() {
		put(whole, seq)
		put(third, seq+n+200)
		put(first, seq+n)
		put(second, seq+n+100)
		seq += 2 * n
	}); allocs != 0 {
		t.Errorf("%v allocations for two messages", allocs)
	}
	if s.Stats.Messages != found+202 {
		t.Errorf("%d messages", s.Stats.Messages-found)
	}
}

func BenchmarkSegmentNotFollowed(b *testing.B) {
	list := notFollowed()
	all := wires(list)
	s := NewStreams(StreamConfig{Ports: sipPorts})
	for i := range 100 { // some that are followed on other ports
		g := tcpSegment{flow: caller(i), payload: inviteOf("x", 0)}
		g.flow.DstPort = 6000
		w, n := g.wire()
		s.Segment(g.flow, w, n, 0)
	}
	at := int64(1)
	for kind, name := range []string{"tls", "random", "empty", "text"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := kind; b.Loop(); i = (i + 4) & 63 {
				at++
				s.Segment(list[i].flow, all[i], len(all[i]), at)
			}
		})
	}
}

func BenchmarkSegmentFollowed(b *testing.B) {
	s := NewStreams(StreamConfig{Ports: sipPorts})
	g := tcpSegment{flow: &toProxy, payload: inviteOf("x", 600)}
	w, n := g.wire()
	seq := uint32(1)
	b.ReportAllocs()
	b.SetBytes(int64(n))
	for at := int64(1); b.Loop(); at++ {
		w[4], w[5], w[6], w[7] = byte(seq>>24), byte(seq>>16), byte(seq>>8), byte(seq)
		s.Segment(g.flow, w, n, at)
		seq += uint32(len(g.payload))
	}
	if s.Stats.Messages == 0 {
		b.Fatal("nothing found")
	}
}

func BenchmarkSegmentRefused(b *testing.B) {
	s := NewStreams(StreamConfig{Ports: sipPorts})
	g := tcpSegment{flow: &toProxy, payload: "\x17\x03\x03\x05\x00" + string(make([]byte, 1400))}
	w, n := g.wire()
	b.ReportAllocs()
	for at := int64(1); b.Loop(); at++ {
		s.Segment(g.flow, w, n, at)
	}
}

// No traffic is worth more than 64 KiB and eight times its octets of memory, nor a millisecond for each KiB.
func TestStreamWork(t *testing.T) {
	upgraded := upgrade(deflateExtension)
	bomb := frameOf(finText|rsv1, true, (&deflator{}).message("BYE sip:b SIP/2.0\r\n"+string(bytes.Repeat([]byte("x"), 60000))))
	for _, c := range []struct {
		name, stream string
		step, gap    int
	}{
		{"a head without end, by single octets", "BYE sip:b SIP/2.0\r\n" + string(bytes.Repeat([]byte("x: y\r\n"), 11000)), 1, 0},
		{"a line without end, by single octets", "BYE " + string(bytes.Repeat([]byte("x"), 60000)), 1, 0},
		{"short lines", string(bytes.Repeat([]byte("a b\r\n"), 12000)), 1400, 0},
		{"start lines", string(bytes.Repeat([]byte("a sip:b sip/2.0\r\n"), 4000)), 1400, 0},
		{"empty messages", string(bytes.Repeat([]byte("a sip:b sip/2.0\r\n\r\n"), 4000)), 1400, 0},
		{"single octets behind gaps", string(bytes.Repeat([]byte("x"), 20000)), 1, 1},
		{"Content-Lengths", "BYE sip:b SIP/2.0\r\n" + string(bytes.Repeat([]byte("l:1\r\n"), 13000)) + "\r\n", 1400, 0},
		{"a small message that inflates to a large one, many times", upgraded + string(bytes.Repeat([]byte(bomb), 300)), 1400, 0},
		{"frames without payload", upgraded + string(bytes.Repeat([]byte("\x00\x00"), 30000)), 1400, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			var list [][]byte
			total := 0
			for i := 0; i < len(c.stream); i += c.step {
				g := tcpSegment{flow: &toProxy, seq: 1 + uint32(i*(1+c.gap)), payload: c.stream[i:min(i+c.step, len(c.stream))]}
				b, n := g.wire()
				list, total = append(list, b), total+n
			}
			allowed := time.Duration(total/1024+10) * time.Millisecond
			var took time.Duration
			var made uint64
			for attempt := range 20 { // the quickest counts: other programs may be in the way
				s := NewStreams(StreamConfig{Ports: sipPorts})
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				began := time.Now()
				for i, b := range list {
					s.Segment(&toProxy, b, len(b), int64(i))
				}
				if d := time.Since(began); attempt == 0 || d < took {
					took = d
				}
				runtime.ReadMemStats(&after)
				if made = after.TotalAlloc - before.TotalAlloc; took <= allowed {
					break
				}
			}
			t.Logf("%d octets: %v, %d octets made", total, took, made)
			if made > 64<<10+8*uint64(total) {
				t.Errorf("%d octets made of %d", made, total)
			}
			if took > allowed {
				t.Errorf("%v for %d octets", took, total)
			}
		})
	}
}
