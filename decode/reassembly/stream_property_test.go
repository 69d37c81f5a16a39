package reassembly

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// talk is one direction of a connection: the messages that were sent, and the octets they made.
type talk struct {
	flow     *Flow
	first    uint32
	messages []string
	starts   []int // where each begins in octets
	octets   string
}

// chatter makes n messages: requests and responses, with and without bodies, some with keep-alives before them. Unless
// tame, bodies look like messages (message/sipfrag, RFC 3420) and end without a line end.
func chatter(r *rand.Rand, flow *Flow, n int, tame bool) *talk {
	t := &talk{flow: flow, first: r.Uint32()}
	var all strings.Builder
	for i := range n {
		if r.IntN(4) == 0 {
			all.WriteString("\r\n\r\n")
		}
		body := strings.Repeat("a=rtpmap:8 PCMA/8000\r\n", r.IntN(60)/2*r.IntN(2))
		if !tame && r.IntN(3) == 0 {
			body = strings.Repeat(answer200("fragment"), 1+r.IntN(3)) + "end"
		}
		id := fmt.Sprintf("%d-%s", i, strings.Repeat("x", r.IntN(40)))
		m := fmt.Sprintf("INVITE sip:bob@example.com SIP/2.0\r\nCall-ID: %s\r\nContent-Length: %d\r\n\r\n%s", id, len(body), body)
		if r.IntN(3) == 0 {
			m = fmt.Sprintf("SIP/2.0 183 Session Progress\r\nl : %d\r\nCall-ID: %s\r\n\r\n%s", len(body), id, body)
		}
		t.messages, t.starts = append(t.messages, m), append(t.starts, all.Len())
		all.WriteString(m)
	}
	t.octets = all.String()
	return t
}

// split cuts the octets into segments of any size.
func (t *talk) split(r *rand.Rand) (list []tcpSegment) {
	largest := []int{1, 10, 200, 1460, 9000}[r.IntN(5)]
	if largest == 1 && len(t.octets) > 100 { // there is not that much room behind a gap
		largest = 100
	}
	for from := 0; from < len(t.octets); {
		n := min(1+r.IntN(largest), len(t.octets)-from)
		list = append(list, t.segment(from, from+n))
		from += n
	}
	return list
}

func (t *talk) segment(from, to int) tcpSegment {
	return tcpSegment{flow: t.flow, seq: t.first + 1 + uint32(from), payload: t.octets[from:to]}
}

// disturb brings segments out of order, by at most so many places, and sends some again, in pieces of their own.
func (t *talk) disturb(r *rand.Rand, list []tcpSegment, places int) []tcpSegment {
	for range r.IntN(4) {
		from := r.IntN(len(t.octets))
		again := t.segment(from, min(from+1+r.IntN(3000), len(t.octets)))
		list = slices.Insert(list, r.IntN(len(list)+1), again)
	}
	type placed struct {
		at int
		g  tcpSegment
	}
	var order []placed
	for i, g := range list {
		order = append(order, placed{i + r.IntN(places+1), g})
	}
	slices.SortStableFunc(order, func(a, b placed) int { return a.at - b.at })
	for i := range list {
		list[i] = order[i].g
	}
	return append([]tcpSegment{{flow: t.flow, seq: t.first, flags: syn}}, list...)
}

// weave brings two lists together, each in its order, a millisecond apart.
func weave(r *rand.Rand, a, b []tcpSegment) (list []tcpSegment) {
	for len(a)+len(b) > 0 {
		if len(b) == 0 || len(a) > 0 && r.IntN(2) == 0 {
			list, a = append(list, a[0]), a[1:]
		} else {
			list, b = append(list, b[0]), b[1:]
		}
	}
	for i := range list {
		list[i].at = int64(i)
	}
	return list
}

// of returns the messages of one direction.
func messagesOf(w *world) (list []string) {
	for _, f := range w.found {
		list = append(list, f.octets)
	}
	return list
}

// Any splitting of two streams into segments, in any order that what is kept behind a gap allows, with octets sent again,
// and the directions in between each other, gives the messages that were sent, octet by octet and in their order.
func TestAnySegmentsMakeTheMessages(t *testing.T) {
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 1))
		up, down := chatter(r, &toProxy, 1+r.IntN(8), false), chatter(r, &toPhone, 1+r.IntN(8), false)
		list := weave(r, up.disturb(r, up.split(r), 20), down.disturb(r, down.split(r), 20))
		// The opening SYN of both must not be taken for a second connection: the answer to one has an ACK.
		answered := false
		for i := range list {
			if list[i].flags&syn != 0 {
				if answered {
					list[i].flags |= ackFlag
					list[i].ack = map[*Flow]uint32{&toProxy: down.first + 1, &toPhone: up.first + 1}[list[i].flow]
				}
				answered = true
			}
		}
		w := map[*Flow]*world{}
		s := newWorld(StreamConfig{Ports: sipPorts})
		for _, g := range list {
			s.send(g)
			s.sound(t)
			for _, f := range s.found {
				if w[g.flow] == nil {
					w[g.flow] = &world{}
				}
				if f.gap || f.overlap {
					t.Fatalf("seed %d: %v", seed, f)
				}
				w[g.flow].found = append(w[g.flow].found, f)
			}
			s.found = nil
		}
		for _, talk := range []*talk{up, down} {
			if got := messagesOf(w[talk.flow]); !slices.Equal(got, talk.messages) {
				t.Fatalf("seed %d: %d messages of %d\n%q\n%q\n%+v", seed, len(got), len(talk.messages), got, talk.messages, s.Stats)
			}
		}
		if s.Octets() != 0 {
			t.Fatalf("seed %d: %d octets left", seed, s.Octets())
		}
	}
}

// Whatever segment is lost, the messages of which it held no octet are there, in their order, and no others but those of
// which it did.
func TestALostSegmentCostsNoOtherMessage(t *testing.T) {
	lost := 0
	for seed := range uint64(600) {
		r := rand.New(rand.NewPCG(seed, 2))
		up := chatter(r, &toProxy, 2+r.IntN(8), true)
		list := up.split(r)
		i := r.IntN(len(list))
		from := int(list[i].seq - up.first - 1)
		to := from + len(list[i].payload)
		list = slices.Delete(list, i, i+1)
		s := newWorld(StreamConfig{Ports: sipPorts})
		s.send(tcpSegment{flow: &toProxy, seq: up.first, flags: syn})
		for k := range list {
			if r.IntN(3) == 0 && k+1 < len(list) && k != i && k+1 != i {
				list[k], list[k+1] = list[k+1], list[k]
			}
		}
		for k, g := range list {
			g.at = int64(k)
			s.send(g)
			s.sound(t)
		}
		if r.IntN(2) == 0 {
			s.send(tcpSegment{flow: &toPhone, seq: 7, ack: up.first + 1 + uint32(len(up.octets)), flags: ackFlag, at: 5000})
		}
		s.until(20000)
		got := messagesOf(s)
		for k, m := range up.messages {
			begin, end := up.starts[k], up.starts[k]+len(m)
			touched := from < end && begin < to
			switch {
			case !touched && (len(got) == 0 || got[0] != m):
				t.Fatalf("seed %d: message %d of %d is not there: lost %d to %d, it is %d to %d; got %q\n%+v", seed, k, len(up.messages), from,
					to, begin, end, got, s.Stats)
			case !touched, len(got) > 0 && strings.HasPrefix(m, got[0]):
				got = got[1:]
			}
			if touched {
				lost++
			}
		}
		if len(got) > 0 {
			t.Fatalf("seed %d: made up %q", seed, got)
		}
	}
	if lost < 300 {
		t.Fatalf("%d messages touched", lost)
	}
}

// What is found does not depend on how often somebody looks at the clock in between.
func TestAdvanceChangesNothing(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 3))
		up, down := chatter(r, &toProxy, 1+r.IntN(8), false), chatter(r, &toPhone, 1+r.IntN(8), false)
		list := weave(r, up.disturb(r, up.split(r), 5), down.disturb(r, down.split(r), 5))
		list = slices.DeleteFunc(list, func(tcpSegment) bool { return r.IntN(4) == 0 })
		at := int64(0)
		for i := range list {
			at += int64(r.IntN(900))
			list[i].at = at
		}
		var want string
		for step := range int64(3) {
			s := newWorld(StreamConfig{Ports: sipPorts, Idle: 30e9})
			last := int64(0)
			for _, g := range list {
				for ; step > 0 && last+step*77 < g.at; last += step * 77 {
					s.until(last + step*77)
				}
				s.send(g)
			}
			s.until(at + 100000)
			got := fmt.Sprintf("%+v %+v", s.found, s.Stats)
			if step == 0 {
				want = got
			} else if got != want {
				t.Fatalf("seed %d:\n%s\n%s", seed, got, want)
			}
			if s.Len() != 0 || s.Octets() != 0 {
				t.Fatalf("seed %d: %d connections, %d octets left", seed, s.Len(), s.Octets())
			}
		}
	}
}

// Of octets that come again and differ, the first ones win, wherever the segments begin and end.
func TestTheFirstOctetsWin(t *testing.T) {
	const head, body = "INVITE sip:bob@example.com SIP/2.0\r\nCall-ID: a\r\nl: 2000\r\n\r\n", 2000
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 5))
		want, differs := make([]byte, body), false
		s := newWorld(StreamConfig{Ports: sipPorts})
		s.send(tcpSegment{flow: &toProxy, seq: 0, flags: syn})
		send := func(from, to int) {
			b := make([]byte, to-from)
			for i := range b {
				b[i] = byte('a' + r.IntN(2))
				if first := want[from+i]; first == 0 {
					want[from+i] = b[i]
				} else if first != b[i] {
					differs = true
				}
			}
			s.send(tcpSegment{flow: &toProxy, seq: uint32(1 + len(head) + from), payload: string(b)})
			s.sound(t)
		}
		for range r.IntN(12) {
			from := r.IntN(body)
			send(from, min(body, from+1+r.IntN(600)))
		}
		s.send(tcpSegment{flow: &toProxy, seq: 1, payload: head})
		send(0, body)
		if len(s.found) != 1 || s.found[0].octets != head+string(want) || s.found[0].overlap != differs {
			t.Fatalf("seed %d: found %v, differs %t", seed, s.found, differs)
		}
	}
}
