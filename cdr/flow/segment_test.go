package flow_test

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"calltrail/cdr/flow"
	"calltrail/decode"
)

const (
	fin = 1
	rst = 4
	ack = 16
)

// segment gives a TCP segment to the table, with the next sequence number of its sender.
func (w *world) segment(src, dst netip.AddrPort, flags byte, payload []byte) bool {
	w.t.Helper()
	followed := w.segmentAt(src, dst, w.seq[src], flags, payload)
	w.seq[src] += uint32(len(payload))
	return followed
}

func (w *world) segmentAt(src, dst netip.AddrPort, seq uint32, flags byte, payload []byte) bool {
	w.t.Helper()
	b := make([]byte, 20, 20+len(payload))
	binary.BigEndian.PutUint16(b, src.Port())
	binary.BigEndian.PutUint16(b[2:], dst.Port())
	binary.BigEndian.PutUint32(b[4:], seq)
	b[12], b[13] = 5<<4, flags
	f := frame(src, dst, append(b, payload...))
	f.Proto = 6
	return w.table.Segment(f, 0, w.now, w.now)
}

// prefixed puts two octets of length before a frame (RFC 4571).
func prefixed(b []byte) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(b))), b...)
}

func TestSegments(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.seq[alice] = 0xffffff00 // wraps around
	if w.segment(alice, server, ack, nil) || w.segment(alice, server, ack, []byte("GET / HTTP/1.1\r\nHost: example.com\r\n\r\n")) {
		t.Error("followed")
	}
	if !w.segment(alice, server, ack, message(allocateRequest)) || !w.segment(server, alice, ack, message(allocateSuccess, xor(attrRelayed, relay))) {
		t.Error("not followed")
	}
	w.want("noticed " + flowTURN + " tcp")
	w.segment(alice, server, ack, nil)
	for i := range 21 {
		w.segment(alice, server, ack, channel(media(111, i, 100)))
		// Padded, and with another one behind it.
		w.segment(server, alice, ack, append(append(channel(media(111, i, 101)), 0, 0, 0), channel(media(111, i, 104))...))
		w.pass(50 * time.Millisecond)
	}
	w.want("playing " + flowTURN + " tcp rtp")
	w.segment(alice, server, ack, channel([]byte{0x80, 111, 0, 99, 0})) // too short for RTP
	w.segment(alice, server, ack, []byte{0x40, 1, 2, 0, 9})             // longer than the segment
	w.segment(alice, server, fin|ack, nil)
	w.pass(4 * time.Second)
	w.segment(server, alice, ack, nil)
	w.want()
	w.pass(time.Second)
	e := w.last()
	if e.Up.Packets != 24 || e.Up.RTP != 21 || e.Up.Other != 2 || e.Down.RTP != 21 || w.table.Len() != 0 {
		t.Errorf("up %+v down %+v, %d flows", e.Up, e.Down, w.table.Len())
	}
	w.want("closed " + flowTURN + " tcp rtp")
}

// What can begin a flow over TCP.
func TestSegmentsThatBegin(t *testing.T) {
	stun := message(bindingRequest)
	noCookie := message(bindingRequest)
	noCookie[5] ^= 1
	multiplexed := append([]byte{0xff, 0x10, 0, 8 + 20, 1, 2, 3, 4, 5, 6, 7, 8}, stun...)
	for _, c := range []struct {
		name string
		b    []byte
		want bool
	}{
		{"bare", stun, true},
		{"bare, and more behind it", append(message(bindingRequest), 1, 2, 3), true},
		{"after its length", prefixed(stun), true},
		{"after another length", append([]byte{0, 21}, stun...), false},
		{"multiplexed", multiplexed, true},
		{"multiplexed, of another length", multiplexed[:31], false},
		{"no cookie", noCookie, false},
		{"no cookie, after its length", prefixed(noCookie), false},
		{"ChannelData", channel(media(0, 1, 172)), false},
		{"RTP after its length", prefixed(media(0, 1, 172)), false},
		{"ClientHello", []byte{22, 3, 1, 0, 40, 1, 0, 0, 36, 3, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, false},
		{"too short", stun[:19], false},
	} {
		w := newWorld(t, flow.Config{})
		if got := w.segment(alice, server, ack, c.b); got != c.want || w.table.Len() == 1 != c.want {
			t.Errorf("%s: followed %t", c.name, got)
		}
	}
}

// RFC 4571: media after its length, as ICE over TCP has it.
func TestFrames(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.segment(alice, bob, ack, prefixed(check("abcd", "efgh")))
	w.segment(bob, alice, ack, prefixed(message(bindingSuccess, xor(attrMapped, mapped))))
	w.events()
	for i := range 21 {
		w.segment(alice, bob, ack, prefixed(media(111, i, 100)))
		w.segment(bob, alice, ack, prefixed(media(111, i, 100)))
		w.pass(50 * time.Millisecond)
	}
	e := w.last()
	if e.Kind != flow.Playing || !e.PlayingRTP || facts(e.Facts) != "asked answered ice" || learned(&e.Flow) != "mapped 192.0.2.200:61000" {
		t.Errorf("%s %s %s", say(e), facts(e.Facts), learned(&e.Flow))
	}
}

// What is sent again counts once, at any time; a number that is far away begins a new count.
func TestSentAgain(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.segment(alice, server, ack, message(allocateRequest))
	w.segment(server, alice, ack, message(allocateSuccess))
	seq := w.seq[alice]
	w.segment(alice, server, ack, noise(1, 100))
	w.pass(3 * time.Second)
	w.segmentAt(alice, server, seq, ack, noise(1, 100))
	w.segmentAt(alice, server, seq+50, ack, noise(1, 100)) // half of it is new
	w.segmentAt(alice, server, seq-1<<25, ack, noise(2, 100))
	w.table.Finish(w.now)
	if e := w.last(); e.Up.Other != 3 || w.table.Stats.Copies != 1 {
		t.Errorf("%d, %d copies", e.Up.Other, w.table.Stats.Copies)
	}
}

// Anybody can send a RST; data after it shows that it was not the end.
func TestReset(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.segment(alice, server, ack, message(allocateRequest))
	w.segment(server, alice, ack, message(allocateSuccess))
	w.events()
	w.segmentAt(server, alice, 12345, rst, nil)
	w.pass(4 * time.Second)
	w.segment(alice, server, ack, noise(1, 10))
	w.pass(50 * time.Second)
	w.want()
	w.segment(server, alice, rst, nil)
	w.pass(5 * time.Second)
	w.want("closed " + flowTURN + " tcp")
}

// The same ends over UDP and TCP are two flows.
func TestBothTransports(t *testing.T) {
	w := newWorld(t, flow.Config{})
	w.segment(alice, server, ack, message(allocateRequest))
	w.send(alice, server, message(allocateRequest))
	w.send(server, alice, message(allocateSuccess))
	w.want("noticed " + flowTURN)
	w.segment(server, alice, ack, message(allocateSuccess))
	w.want("noticed " + flowTURN + " tcp")
	if w.table.Len() != 2 {
		t.Errorf("%d flows", w.table.Len())
	}
}

func TestSegmentHeaders(t *testing.T) {
	table := flow.New(flow.Config{})
	for _, b := range [][]byte{nil, make([]byte, 19), make([]byte, 20), append(make([]byte, 12), 0xf0, 0, 0, 0, 0, 0, 0, 0)} {
		f := decode.Frame{Src: decode.EndpointOf(alice), Dst: decode.EndpointOf(server), Proto: 6, Payload: b, PayloadLen: len(b)}
		if table.Segment(&f, 0, 1, 1) {
			t.Errorf("%x is followed", b)
		}
	}
}
