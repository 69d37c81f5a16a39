package flow_test

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"strings"
	"testing"
	"time"

	"calltrail/cdr/flow"
)

// Media that ends while keep-alives go on ends the flow; when it begins again it is another one in the same place.
func TestAnew(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.allocate(alice)
	w.talk(alice, server, 40, rtp(111))
	w.events()
	last := w.now - int64(50*time.Millisecond)
	alive := func(d time.Duration) {
		for range int(d / (5 * time.Second)) {
			w.pass(5 * time.Second)
			w.send(alice, server, message(refreshRequest))
			w.send(server, alice, message(refreshRequest|0x100))
			w.both(alice, server, func(seq int) []byte { return noise(seq, 40) }, int(w.now/1e9))
		}
	}
	alive(25 * time.Second)
	w.want()
	alive(5 * time.Second)
	if e := w.last(); e.Now != last+30e9 || e.LastMedia != last || e.Up.RTP != 40 {
		t.Errorf("closed at %d, media until %d, %d packets", e.Now-start, e.LastMedia-start, e.Up.RTP)
	}
	w.want("closed " + flowTURN + " rtp")
	alive(10 * time.Minute)
	w.want()
	begin := w.now
	w.talk(alice, server, 1, rtp(111))
	e := w.last()
	if e.First != begin || e.FirstMedia != begin || e.Up.Packets != 1 || e.Down.Packets != 0 || facts(e.Facts) != "turn" && facts(e.Facts) != "asked answered turn" ||
		learned(&e.Flow) != "mapped 192.0.2.200:61000, relayed 203.0.113.5:55000" || e.Marks.Empty() || e.Types[0][0].Packets != 1 {
		t.Errorf("first %d media %d %+v %q %s %v", e.First-begin, e.FirstMedia-begin, e.Up, facts(e.Facts), learned(&e.Flow), e.Types)
	}
	w.want("noticed " + flowTURN + " #1")
	w.talk(alice, server, 40, rtp(111))
	w.want("playing " + flowTURN + " #1 rtp")
	w.pass(20 * time.Second)
	w.want("closed " + flowTURN + " #1 rtp")
	if w.table.Stats.Anew != 2 {
		t.Errorf("%d begun anew", w.table.Stats.Anew)
	}
}

// A new mark wakes a flow as media does; a known one does not.
func TestAnewByMark(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.greet(alice, bob)
	w.pass(16 * time.Second)
	w.want("noticed "+flowAB, "closed "+flowAB)
	w.greet(alice, bob)
	w.want()
	w.send(alice, bob, message(bindingRequest, text(attrRealm, "viber.com")))
	w.want("noticed " + flowAB + " #1")
	w.pass(16 * time.Second)
	w.want("closed " + flowAB + " #1")
	w.send(alice, bob, message(bindingRequest, text(attrRealm, "viber.com")))
	w.pass(2 * time.Minute)
	w.want()
}

// What is asked now and then is told of once, not each time.
func TestSlowKeepAlives(t *testing.T) {
	w := newWorld(t, flow.Config{})
	for range 20 {
		w.greet(alice, bob)
		w.pass(40 * time.Second)
	}
	w.want("noticed "+flowAB, "closed "+flowAB)
}

// An allocation waits longer for its call than others, until it has had one.
func TestIdleTURN(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.allocate(alice)
	w.greet(alice, bob)
	w.events()
	w.pass(16 * time.Second)
	w.want("closed " + flowAB)
	w.pass(43 * time.Second)
	w.want()
	w.talk(alice, server, 40, rtp(111))
	w.events()
	w.pass(16 * time.Second)
	w.want("closed " + flowTURN + " rtp")
	w = newWorld(t, flow.Config{})
	w.allocate(alice)
	w.pass(59 * time.Second)
	w.want("noticed " + flowTURN)
	w.pass(2 * time.Second)
	w.want("closed " + flowTURN)
}

// What time brings does not depend on how often it is told.
func TestAdvanceInStepsOrAtOnce(t *testing.T) {
	run := func(step time.Duration) string {
		w := newWorld(t, flow.Config{})
		for i := range 20 {
			w.greet(netip.AddrPortFrom(alice.Addr(), uint16(20_000+i)), bob)
			w.now += int64(time.Duration(i) * 777 * time.Millisecond)
			w.table.Advance(w.now)
		}
		w.allocate(alice)
		for end := w.now + int64(time.Hour); w.now < end; {
			w.pass(step)
		}
		var out []string
		for i := range w.table.Events {
			out = append(out, fmt.Sprintf("%d %s", w.table.Events[i].Now, say(&w.table.Events[i])))
		}
		if _, ok := w.table.NextTimer(); ok || w.table.Len() != 0 {
			t.Error("something is left")
		}
		return strings.Join(out, "\n")
	}
	once := run(time.Hour)
	if strings.Count(once, "\n") != 41 {
		t.Fatalf("events:\n%s", once)
	}
	for _, step := range []time.Duration{time.Second, 7 * time.Minute} {
		if got := run(step); got != once {
			t.Errorf("in steps of %v\n%s\nat once\n%s", step, got, once)
		}
	}
}

// A packet that comes late does not move time back.
func TestLatePackets(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.greet(alice, bob)
	w.talk(alice, bob, 30, rtp(111))
	f := frame(alice, bob, media(111, 5000, 172))
	w.table.Datagram(f, 0, 0, w.now-int64(40*time.Second), w.now)
	w.table.Finish(w.now)
	if e := w.last(); e.Last != w.now-int64(50*time.Millisecond) || e.First != start {
		t.Errorf("first %d last %d", e.First-start, e.Last-w.now)
	}
}

// A full table pushes out what nobody has answered, the oldest first; then what is idle longest; what plays comes last.
func TestEviction(t *testing.T) {
	w := newWorld(t, flow.Config{Flows: 4})
	from := func(i int) netip.AddrPort { return netip.AddrPortFrom(alice.Addr(), uint16(20_000+i)) }
	line := func(kind string, i int, rest string) string {
		return fmt.Sprintf("%s %s>%s%s", kind, from(i), bob, rest)
	}
	w.greet(from(1), bob)
	w.talk(from(1), bob, 30, rtp(111)) // plays, and is idle longest
	w.greet(from(2), bob)
	w.pass(time.Second)
	w.greet(from(3), bob)
	w.send(from(4), bob, message(bindingRequest, text(attrRealm, "viber")))
	w.pass(time.Second)
	w.send(from(2), bob, message(bindingRequest)) // now 3 is idle longer
	w.pass(time.Millisecond)
	w.events()
	w.send(from(5), bob, message(bindingRequest))
	w.want(line("closed", 4, " evicted"))
	w.send(from(6), bob, message(bindingRequest)) // 5 goes: it never had an event
	w.want()
	w.send(bob, from(6), message(bindingSuccess))
	w.want(line("noticed", 6, ""))
	w.pass(time.Millisecond)
	w.send(from(7), bob, message(bindingRequest))
	w.want(line("closed", 3, " evicted"))
	w.send(bob, from(7), message(bindingSuccess))
	w.send(bob, from(6), message(bindingSuccess))
	w.send(from(8), bob, message(bindingRequest))
	w.want(line("noticed", 7, ""), line("closed", 2, " evicted"))
	if w.table.Len() != 4 || w.table.Stats.Evicted != 4 || w.table.Stats.EvictedPlaying != 0 {
		t.Errorf("%d flows, %+v", w.table.Len(), w.table.Stats)
	}
	small := newWorld(t, flow.Config{Flows: 1})
	small.greet(from(1), bob)
	small.talk(from(1), bob, 30, rtp(111))
	small.events()
	small.greet(from(2), bob)
	small.want(line("closed", 1, " rtp evicted"), line("noticed", 2, ""))
	if small.table.Stats.EvictedPlaying != 1 {
		t.Errorf("%+v", small.table.Stats)
	}
}

// A flood of STUN from forged sources pushes out no call, whether somebody answers it or not, and memory does not grow.
func TestFlood(t *testing.T) {
	for _, answered := range []bool{false, true} {
		w := newWorld(t, flow.Config{Flows: 1000})
		const calls = 100
		from := func(i int) netip.AddrPort { return netip.AddrPortFrom(alice.Addr(), uint16(20_000+i)) }
		for i := range calls {
			w.greet(from(i), bob)
		}
		for i := range 30 {
			for c := range calls {
				w.both(from(c), bob, rtp(111), i)
			}
			w.pass(50 * time.Millisecond)
		}
		w.events()
		r := rand.New(rand.NewPCG(6, 6))
		for i := range 50_000 {
			forged := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, byte(r.Uint32()), byte(r.Uint32()), byte(r.Uint32())}), uint16(1024+r.IntN(60_000)))
			w.send(forged, server, message(bindingRequest, text(attrRealm, "viber")))
			if answered {
				w.send(server, forged, message(bindingSuccess))
			}
			if i%100 == 0 {
				w.both(from(i/100%calls), bob, rtp(111), 1000+i)
				w.pass(time.Millisecond)
			}
			for j := range w.table.Events {
				if e := &w.table.Events[j]; e.PlayingRTP {
					t.Fatalf("answered %t: %s", answered, say(e))
				}
			}
			w.table.Events = w.table.Events[:0]
		}
		if w.table.Len() > 1000 || w.table.Stats.EvictedPlaying != 0 || w.table.Stats.Evicted < 48_000 {
			t.Errorf("%d flows, %+v", w.table.Len(), w.table.Stats)
		}
		w.table.Finish(w.now)
		plays := 0
		for j := range w.table.Events {
			if w.table.Events[j].PlayingRTP {
				plays++
			}
		}
		if plays != calls {
			t.Errorf("answered %t: %d calls of %d at the end", answered, plays, calls)
		}
	}
}

// Flows know nothing of each other: however their packets mix, each has the same events.
func TestInterleaving(t *testing.T) {
	type packet struct {
		src, dst netip.AddrPort
		b        []byte
	}
	scripts := [][]packet{}
	way := func(a, b netip.AddrPort, up bool, p []byte) packet {
		if up {
			return packet{a, b, p}
		}
		return packet{b, a, p}
	}
	for i := range 6 {
		a := netip.AddrPortFrom(alice.Addr(), uint16(20_000+i))
		var s []packet
		s = append(s, way(a, server, true, message(allocateRequest)), way(a, server, false, message(allocateSuccess, xor(attrRelayed, relay))))
		for n := range 60 {
			switch p := media(111, n, 100); (n + i) % 4 {
			case 0:
				s = append(s, way(a, server, true, channel(p)))
			case 1:
				s = append(s, way(a, server, false, wrap(dataIndication, p)))
			case 2:
				s = append(s, way(a, server, n%8 < 4, record(23, 1, n, 9)))
			default:
				s = append(s, way(a, server, n%8 < 4, noise(n, 50)))
			}
		}
		scripts = append(scripts, s)
	}
	run := func(order func(left []int) int) map[string]string {
		w := newWorld(t, flow.Config{})
		at := make([]int, len(scripts))
		left := make([]int, len(scripts))
		for i := range left {
			left[i] = len(scripts[i])
		}
		for {
			i := order(left)
			if i < 0 {
				break
			}
			p := scripts[i][at[i]]
			// Each flow's packets have its own times, whatever stands between them; the clock stands still.
			f := frame(p.src, p.dst, p.b)
			w.now = start + int64(at[i])*int64(60*time.Millisecond)
			w.table.Datagram(f, classify(f), 0, w.now, start)
			at[i]++
			left[i]--
		}
		w.table.Finish(start)
		out := map[string]string{}
		for i := range w.table.Events {
			e := &w.table.Events[i]
			e.Tunnels = nil
			out[e.Client.AddrPort().String()] += fmt.Sprintf("%+v\n", *e)
		}
		return out
	}
	want := run(func(left []int) int {
		for i, n := range left {
			if n > 0 {
				return i
			}
		}
		return -1
	})
	if len(want) != len(scripts) || !strings.Contains(want["192.0.2.10:20000"], "PlayingRTP:true") {
		t.Fatalf("%d flows: %v", len(want), want)
	}
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		got := run(func(left []int) int {
			open := []int{}
			for i, n := range left {
				if n > 0 {
					open = append(open, i)
				}
			}
			if len(open) == 0 {
				return -1
			}
			return open[r.IntN(len(open))]
		})
		for client, events := range want {
			if got[client] != events {
				t.Fatalf("seed %d, %s:\n%s\nwant\n%s", seed, client, got[client], events)
			}
		}
	}
}
