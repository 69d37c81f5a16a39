package reassembly

import (
	"encoding/binary"
	"testing"

	"calltrail/decode/fuzzbound"
	"calltrail/decode/sip"
)

// FuzzStreams reads its input as segments of two connections: 10 octets that describe one, then its payload.
//
//	0       1       2       3       4       5       6       7       8       9
//	+-------+-------+-------+-------+-------+-------+-------+-------+-------+-------+
//	|  flow | flags |      sequence number      |  ack  |  cut  | later |   octets  |  flow: 1 the reverse, 2 the other port
//	+-------+-------+-------+-------+-------+-------+-------+-------+-------+-------+
func FuzzStreams(f *testing.F) {
	one, x := inviteOf("one", 30), answer200("x")
	op := func(flow, flags byte, seq uint32, ack, cut, later byte, payload string) string {
		b := binary.BigEndian.AppendUint32([]byte{flow, flags}, seq)
		return string(append(b[:5], ack, cut, later, byte(len(payload)>>8), byte(len(payload)))) + payload
	}
	f.Add([]byte(op(0, syn, 0, 0, 0, 0, "") + op(0, 0, 1<<8, 0, 0, 1, one[:60]) + op(0, 0, 61<<8, 0, 0, 1, one[60:])))
	f.Add([]byte(op(0, 0, 90<<8, 0, 0, 1, one) + op(0, fin, 30<<8, 0, 9, 1, one[:60]) + op(1, ackFlag, 7<<8, 90, 0, 9, x) + op(1, rst, 9<<8, 0, 0, 9, "")))
	f.Add([]byte(op(2, 0, 0, 0, 0, 1, upgrade(deflateExtension)) + op(2, 0, uint32(len(upgrade(deflateExtension)))<<8, 0, 0, 1, frameOf(finText, true, one))))
	f.Add([]byte(op(0, 0, 0, 0, 0, 0, one[:20]) + op(0, 0, 40<<8, 0, 0, 0, one[40:]) + op(2, 0, 40<<8, 0, 0, 255, one) + op(2, 0, 44<<8, 0, 0, 255, one)))
	f.Fuzz(func(t *testing.T, b []byte) {
		cfg := StreamConfig{Ports: sipPorts, Streams: 6, GapWait: 20 * ms, Idle: 300 * ms}
		list, at := segmentsOf(b)
		fuzzbound.CheckNew(t, len(b), func() func() {
			s := NewStreams(cfg)
			s.flate.prepare(nil)
			var packets [][]byte
			for _, g := range list {
				p, _ := g.wire()
				packets = append(packets, p)
			}
			return func() {
				for i, g := range list {
					s.Segment(g.flow, packets[i], len(packets[i])+g.cut, g.at*ms)
				}
			}
		})
		w := newWorld(cfg)
		for _, g := range list {
			before, made := w.Stats.Messages, len(w.found)
			if v := w.send(g); v > Completed {
				t.Fatalf("verdict %d", v)
			}
			for _, m := range w.found[made:] {
				if len(m.octets) > sip.MaxMessage || m.at > m.now || !looksLikeSIP([]byte(m.octets)) {
					t.Fatalf("%d octets, %d to %d", len(m.octets), m.at, m.now)
				}
			}
			if w.Stats.Messages-before != uint64(len(w.found)-made) {
				t.Fatal("messages that were not given out")
			}
			w.sound(t)
		}
		w.until(at + 100000)
		w.sound(t)
		if w.Len() != 0 || w.Octets() != 0 || len(w.waits) != 0 {
			t.Fatalf("%d connections, %d octets, %d deadlines left", w.Len(), w.Octets(), len(w.waits))
		}
	})
}

// segmentsOf reads segments, and how late it is after the last one.
func segmentsOf(b []byte) (list []tcpSegment, at int64) {
	for len(b) >= 10 {
		n := min(int(binary.BigEndian.Uint16(b[8:])), len(b)-10)
		flow := &toProxy
		if b[0]&2 != 0 {
			flow = &elsewhere
		}
		if b[0]&1 != 0 {
			back := flow.Reverse()
			flow = &back
		}
		list = append(list, tcpSegment{
			flow: flow, flags: b[1], seq: uint32(int32(binary.BigEndian.Uint32(b[2:])) >> 8), ack: uint32(int8(b[5])),
			payload: string(b[10 : 10+n]), cut: min(n, int(b[6])), at: at,
		})
		at += int64(b[7])
		b = b[10+n:]
	}
	return list, at
}

// FuzzWebSocket reads its input as what a client sends behind its handshake, in segments of so many octets, and again in one.
// What is found does not depend on it but for what is too much to be inflated at once, and where a step was lost.
func FuzzWebSocket(f *testing.F) {
	one := inviteOf("one", 30)
	var z deflator
	f.Add([]byte(frameOf(finText, true, one)+frameOf(0x80|opPing, true, "x")+frameOf(opText, true, one[:9])+frameOf(0x80, true, one[9:])), uint16(20))
	f.Add([]byte(frameOf(finText|rsv1, true, z.message(one))+frameOf(finText|rsv1, true, z.message(one))), uint16(5))
	f.Add([]byte("\x81\xff\x40\x00\x00\x00\x00\x00\x00\x00abcd"+frameOf(finText, false, one)), uint16(14))
	f.Fuzz(func(t *testing.T, b []byte, step uint16) {
		b = b[:min(len(b), 60000)]
		fuzzbound.CheckNew(t, len(b), func() func() {
			s := NewStreams(StreamConfig{})
			s.flate.prepare(nil)
			first, n := tcpSegment{flow: &elsewhere, seq: 1, payload: upgrade(deflateExtension)}.wire()
			s.Segment(&elsewhere, first, n, 0)
			rest, _ := tcpSegment{flow: &elsewhere, seq: uint32(1 + n - tcpLen), payload: string(b)}.wire()
			return func() { s.Segment(&elsewhere, rest, len(rest), 0) }
		})
		var worlds [2]*socketWorld
		for i, n := range []int{max(1, int(step)), 60000} {
			w := newSocketWorld()
			w.client(upgrade(deflateExtension))
			for from := 0; from < len(b); from += n {
				w.client(string(b[from:min(from+n, len(b))]))
			}
			w.sound(t)
			for _, m := range w.found {
				if len(m.octets) > sip.MaxMessage || !looksLikeSIP([]byte(m.octets)) {
					t.Fatalf("%d octets", len(m.octets))
				}
			}
			worlds[i] = w
		}
		a, b2 := worlds[0], worlds[1]
		if s, u := &a.Stats, &b2.Stats; s.BadFrames+u.BadFrames+s.TooLong+u.TooLong+s.Compressed+u.Compressed == 0 && a.String() != b2.String() {
			t.Fatalf("by %d: %v, at once: %v", step, a, b2)
		}
		parseHandshake(b)
		beginsHandshake(b)
		beginsFrame(b)
	})
}
