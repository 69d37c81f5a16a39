package tcp

import (
	"net/netip"
	"testing"

	"calltrail/decode/fuzzbound"
)

var (
	alice = netip.MustParseAddr("192.0.2.1")
	bob   = netip.MustParseAddr("198.51.100.9")
)

// wire is a segment of so many octets with its sequence and acknowledgement number.
type wire struct {
	fromAlice bool
	seq, ack  uint32
	flags     byte
	octets    int
}

const (
	fin = 1
	syn = 2
	rst = 4
	ack = 16
)

func (w wire) bytes() ([]byte, int) {
	from, to := uint16(40000), uint16(5060)
	if !w.fromAlice {
		from, to = to, from
	}
	b := []byte{
		byte(from >> 8), byte(from), byte(to >> 8), byte(to),
		byte(w.seq >> 24), byte(w.seq >> 16), byte(w.seq >> 8), byte(w.seq),
		byte(w.ack >> 24), byte(w.ack >> 16), byte(w.ack >> 8), byte(w.ack),
		5 << 4, w.flags, 0xff, 0xff, 0, 0, 0, 0,
	}
	return b, len(b) + w.octets
}

func TestUnseen(t *testing.T) {
	for _, c := range []struct {
		name     string
		segments []wire
		unseen   uint64
	}{
		{"a whole connection", []wire{
			{true, 1000, 0, syn, 0},
			{false, 5000, 1001, syn | ack, 0},
			{true, 1001, 5001, ack, 700},
			{false, 5001, 1701, ack, 300},
			{true, 1701, 5301, ack | fin, 0},
			{false, 5301, 1702, ack | fin, 0},
		}, 0},
		{"a segment that did not pass", []wire{
			{true, 1001, 5001, ack, 700}, {false, 5001, 2401, ack, 0},
		}, 700},
		{"acknowledged twice counts once", []wire{
			{true, 1001, 5001, ack, 700}, {false, 5001, 2401, ack, 0}, {false, 5001, 2401, ack, 0},
		}, 700},
		{"a hole that is filled late", []wire{
			{true, 1001, 5001, ack, 100}, {true, 1301, 5001, ack, 100}, {true, 1101, 5001, ack, 200}, {false, 5001, 1401, ack, 0},
		}, 0},
		{"a hole that is filled in part", []wire{
			{true, 1001, 5001, ack, 100}, {true, 1301, 5001, ack, 100}, {true, 1101, 5001, ack, 150}, {false, 5001, 1401, ack, 0},
		}, 50},
		{"a hole that is not acknowledged", []wire{
			{true, 1001, 5001, ack, 100}, {true, 1301, 5001, ack, 100}, {false, 5001, 1101, ack, 0},
		}, 0},
		{"acknowledgements alone, of the direction that does not pass", []wire{
			{false, 5001, 1001, ack, 0}, {false, 5001, 1701, ack, 0}, {false, 5001, 2701, ack, 0},
		}, 1700},
		{"sent again", []wire{
			{true, 1001, 5001, ack, 700}, {true, 1001, 5001, ack, 700}, {false, 5001, 1701, ack, 0},
		}, 0},
		{"over the end of the numbers", []wire{
			{true, 0xffffff00, 5001, ack, 0x80}, {true, 0x80, 5001, ack, 0x40}, {false, 5001, 0xc0, ack, 0},
		}, 0x100},
		{"a new connection on the same ports", []wire{
			{true, 1001, 5001, ack, 700}, {true, 900_000_000, 0, syn, 0}, {false, 77, 900_000_001, syn | ack, 0},
		}, 0},
		{"an acknowledgement that no window reaches", []wire{
			{true, 1001, 5001, ack, 700}, {false, 5001, 0x90000000, ack, 0},
		}, 0},
	} {
		tr := NewTracker([]Ports{{5060, 5061}})
		for _, w := range c.segments {
			b, n := w.bytes()
			src, dst := alice, bob
			if !w.fromAlice {
				src, dst = dst, src
			}
			var s Segment
			if !s.Parse(src, dst, b, n) {
				t.Fatalf("%s: not parsed", c.name)
			}
			tr.Add(&s, 0)
		}
		if tr.Unseen != c.unseen {
			t.Errorf("%s: %d octets unseen, want %d", c.name, tr.Unseen, c.unseen)
		}
	}
}

func TestOtherPortsAreNotFollowed(t *testing.T) {
	tr := NewTracker([]Ports{{5061, 5061}})
	b, n := wire{true, 1, 1, ack, 10}.bytes()
	var s Segment
	if !s.Parse(alice, bob, b, n) {
		t.Fatal("not parsed")
	}
	tr.Add(&s, 0)
	if len(tr.flows) != 0 {
		t.Error("a connection on port 5060 is followed")
	}
}

func TestParseRefuses(t *testing.T) {
	good, n := wire{true, 1, 1, ack, 10}.bytes()
	var s Segment
	for i := range good {
		if s.Parse(alice, bob, good[:i], n) {
			t.Errorf("%d octets of a header are enough", i)
		}
	}
	short := append([]byte(nil), good...)
	short[12] = 4 << 4
	if s.Parse(alice, bob, short, n) {
		t.Error("a header of 16 octets")
	}
	if s.Parse(alice, bob, good, 19) {
		t.Error("a header longer than what IP carries")
	}
}

// Whatever comes, the tracker stays within its bounds.
func FuzzTracker(f *testing.F) {
	b, _ := wire{true, 1, 1, ack, 10}.bytes()
	f.Add(b, b)
	f.Fuzz(func(t *testing.T, a, b []byte) {
		fuzzbound.CheckNew(t, len(a), func() func() {
			tr, s := NewTracker([]Ports{{0, 65535}}), new(Segment)
			return func() {
				if s.Parse(alice, bob, a, len(a)) {
					tr.Add(s, 0)
				}
			}
		})
		tr := NewTracker([]Ports{{0, 65535}})
		var s Segment
		for range 3 {
			if s.Parse(alice, bob, a, len(a)) {
				tr.Add(&s, 0)
			}
			if s.Parse(bob, alice, b, len(b)+100) {
				tr.Add(&s, 0)
			}
		}
		if len(tr.flows) > 12 || tr.Unseen > 6*maxLeap {
			t.Fatalf("%d connections, %d octets", len(tr.flows), tr.Unseen)
		}
	})
}

// What has been idle for long is forgotten, both directions of it, and nothing else is.
func TestIdleConnectionsAreForgotten(t *testing.T) {
	tr := NewTracker([]Ports{{5060, 5060}})
	segment := func(port uint16, now int64) {
		s := Segment{Src: netip.AddrPortFrom(alice, port), Dst: netip.AddrPortFrom(bob, 5060), Seq: 1, Len: 10, HasAck: true}
		tr.Add(&s, now)
	}
	segment(1, 0)
	segment(2, 0)
	segment(2, idle/2)
	if tr.Forget(idle - 1); tr.Len() != 4 {
		t.Errorf("%d directions before their time, want 4", tr.Len())
	}
	if tr.Forget(idle); tr.Len() != 2 || len(tr.queue) != 2 {
		t.Errorf("%d directions, %d in the queue, want 2", tr.Len(), len(tr.queue))
	}
	if tr.Forget(2 * idle); tr.Len() != 0 || len(tr.queue) != 0 {
		t.Errorf("%d directions, %d in the queue, want none", tr.Len(), len(tr.queue))
	}
	segment(1, 3*idle) // begins anew
	if tr.Len() != 2 || tr.Unseen != 0 {
		t.Errorf("%d directions, %d octets unseen", tr.Len(), tr.Unseen)
	}
}

func TestTrackerIsBounded(t *testing.T) {
	tr := NewTracker([]Ports{{5060, 5060}})
	for i := range 3 * maxFlows {
		s := Segment{
			Src: netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 5060),
			Dst: netip.AddrPortFrom(bob, uint16(i%60000+1)), HasAck: true,
		}
		tr.Add(&s, 0)
	}
	if len(tr.flows) > maxFlows || tr.Refused == 0 {
		t.Errorf("%d connections, %d refused", len(tr.flows), tr.Refused)
	}
}
