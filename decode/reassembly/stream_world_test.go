package reassembly

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"calltrail/decode/sip"
)

// The ends of the connection in these tests: a telephone and its proxy.
var (
	toProxy = Flow{
		Src: [16]byte{10: 0xff, 0xff, 192, 0, 2, 1}, Dst: [16]byte{10: 0xff, 0xff, 198, 51, 100, 9}, SrcPort: 40000, DstPort: 5060,
	}
	toPhone    = toProxy.Reverse()
	sipPorts   = []PortRange{{5060, 5061}}
	elsewhere  = Flow{Src: toProxy.Src, Dst: toProxy.Dst, SrcPort: 40000, DstPort: 8080}
	elsewhere2 = elsewhere.Reverse()
)

// inviteOf is a message with a body of so many octets.
func inviteOf(callID string, body int) string {
	return fmt.Sprintf("INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1;branch=z9hG4bK%s\r\nCall-ID: %s\r\n"+
		"Content-Length: %d\r\n\r\n%s", callID, callID, body, strings.Repeat("a=b\r\n", body/5+1)[:body])
}

func answer200(callID string) string {
	return "SIP/2.0 200 OK\r\nCall-ID: " + callID + "\r\nl: 0\r\n\r\n"
}

// tcp is one segment: where it goes, its numbers and flags, what it carries.
type tcpSegment struct {
	flow     *Flow
	seq, ack uint32
	flags    uint8
	payload  string
	cut      int   // octets of the payload that the snap length took
	at       int64 // milliseconds
}

func (g tcpSegment) wire() (b []byte, length int) {
	b = make([]byte, tcpLen, tcpLen+len(g.payload))
	binary.BigEndian.PutUint16(b, g.flow.SrcPort)
	binary.BigEndian.PutUint16(b[2:], g.flow.DstPort)
	binary.BigEndian.PutUint32(b[4:], g.seq)
	binary.BigEndian.PutUint32(b[8:], g.ack)
	b[12], b[13] = tcpLen/4<<4, g.flags
	b = append(b, g.payload...)
	return b[:len(b)-g.cut], len(b)
}

const ms = int64(1e6)

// found is a message as tests compare it.
type found struct {
	callID       string // of its head
	octets       string
	at, now      int64 // milliseconds
	gap, overlap bool
	transport    sip.Transport
}

func foundOf(m *Message) found {
	f := found{octets: string(m.Octets), at: m.At / ms, now: m.Now / ms, gap: m.Gap, overlap: m.Overlap, transport: m.Transport}
	if _, rest, ok := strings.Cut(f.octets, "Call-ID: "); ok {
		f.callID, _, _ = strings.Cut(rest, "\r\n")
	}
	return f
}

// String says it short: the Call-ID, "!" behind a gap, "~" with an overlap, and when it was known if that was later.
func (f found) String() string {
	s := f.callID
	if f.gap {
		s += "!"
	}
	if f.overlap {
		s += "~"
	}
	if f.now != f.at {
		s += fmt.Sprintf("@%d/%d", f.at, f.now)
	}
	return s
}

// world collects what Streams find.
type world struct {
	*Streams
	found []found
}

func newWorld(cfg StreamConfig) *world { return &world{Streams: NewStreams(cfg)} }

func (w *world) take() {
	for i := range w.Messages {
		w.found = append(w.found, foundOf(&w.Messages[i]))
	}
}

func (w *world) send(g tcpSegment) Verdict {
	b, n := g.wire()
	v := w.Segment(g.flow, b, n, g.at*ms)
	w.take()
	return v
}

func (w *world) until(at int64) {
	w.Advance(at * ms)
	w.take()
}

func (w *world) String() string {
	var list []string
	for _, f := range w.found {
		list = append(list, f.String())
	}
	return strings.Join(list, " ")
}

// sound holds what must always hold.
func (w *world) sound(t testing.TB) {
	t.Helper()
	s := w.Streams
	total, used, held := 0, 0, 0
	for i := range s.conns {
		c := &s.conns[i]
		if !c.used {
			continue
		}
		used++
		n := 0
		for dir := range c.halves {
			h := &c.halves[dir]
			if held := 0; true {
				for _, q := range h.pieces {
					held += cap(q.data)
				}
				if n += cap(h.buf) + held; held != h.held || len(h.pieces) > 2*maxPieces {
					t.Fatalf("%d octets held, %d counted, in %d pieces", held, h.held, len(h.pieces))
				}
			}
			for k := range h.pieces {
				if ahead(h.pieces[k].seq, h.next) <= 0 || k > 0 && ahead(h.pieces[k].seq, h.pieces[k-1].end()) < 0 {
					t.Fatal("pieces out of order")
				}
			}
			if h.ws != nil {
				n += cap(h.ws.msg) + cap(h.ws.window)
			}
			if h.due > 0 && (s.waits[h.due-1].conn != c.self || int(s.waits[h.due-1].dir) != dir) {
				t.Fatal("a deadline that is not its own")
			}
			if waits := h.due > 0; waits != (s.noticed(h) != maxTime) {
				t.Fatalf("deadline %t with a gap since %d", waits, s.noticed(h))
			}
		}
		if n != c.octets {
			t.Fatalf("%d octets in a connection, %d counted", n, c.octets)
		}
		if n > 0 {
			held++
		}
		total += n
	}
	if total != s.octets || total > s.cfg.Octets || used != s.used || used > max(1, s.cfg.Streams/2) {
		t.Fatalf("%d octets, %d counted, %d the limit; %d connections, %d counted", total, s.octets, s.cfg.Octets, used, s.used)
	}
	for list, want := range []int{minor: -1, major: -1, holders: held} {
		n := 0
		for i := s.lists[list].oldest; i != 0; i = s.conns[i-1].links[linkOf(list)].newer {
			n++
		}
		if want >= 0 && n != want {
			t.Fatalf("%d connections in ring %d, want %d", n, list, want)
		}
	}
}
