package reassembly

import (
	"strings"
	"testing"
)

// A stream's octets are written as the messages "one", "two" …: sent(1, "one") is the segment that carries one whole.
func TestStreams(t *testing.T) {
	one, two, three := inviteOf("one", 50), inviteOf("two", 0), inviteOf("three", 35)
	n1, n2 := uint32(len(one)), uint32(len(two))
	up := func(seq uint32, payload string, at int64) tcpSegment {
		return tcpSegment{flow: &toProxy, seq: seq, flags: ackFlag, payload: payload, at: at, ack: 9000}
	}
	opening := tcpSegment{flow: &toProxy, seq: 999, flags: syn}
	with := func(g tcpSegment, f func(*tcpSegment)) tcpSegment { f(&g); return g }
	const a = 1000 // the first octet
	for _, c := range []struct {
		name     string
		segments []tcpSegment
		until    int64 // then it becomes so late, in ms
		want     string
		check    func(*StreamStats) bool
	}{
		{name: "one message", segments: []tcpSegment{opening, up(a, one, 1)}, want: "one"},
		{name: "several in one segment", segments: []tcpSegment{opening, up(a, one+two+three, 1)}, want: "one two three"},
		{
			name:     "one in many",
			segments: []tcpSegment{opening, up(a, one[:3], 1), up(a+3, one[3:100], 2), up(a+100, one[100:]+two[:10], 3), up(a+n1+10, two[10:], 4)},
			want:     "one two",
		},
		{
			name: "keep-alives of RFC 5626 between messages, alone and before a start line",
			segments: []tcpSegment{
				opening, up(a, "\r\n\r\n", 1), up(a+4, one+"\r\n", 2), up(a+6+n1, "\r", 3), up(a+7+n1, "\n\r\n"+two, 4),
			},
			want:  "one two",
			check: func(s *StreamStats) bool { return s.KeepAlives == 3 && s.Skipped == 0 && s.Resyncs == 0 },
		},
		{
			name:     "picked up in the middle of a message, on a port of signalling",
			segments: []tcpSegment{up(a, one[20:], 1), up(a+n1-20, two, 2), up(a+n1-20+n2, three, 3)},
			want:     "two! three",
		},
		{
			name:     "picked up in the middle, with the next message in the same segment",
			segments: []tcpSegment{up(a, one[20:]+two, 1)}, want: "two!",
		},
		{name: "picked up where a message begins", segments: []tcpSegment{up(a, one, 1)}, want: "one"},
		{
			name: "one way, without SYN or ACK",
			segments: []tcpSegment{
				{flow: &toProxy, seq: a, payload: one[:30], at: 1}, {flow: &toProxy, seq: a + 30, payload: one[30:], at: 2},
			},
			want: "one",
		},
		{
			name: "without SYN, but with an acknowledgement that says where its octets begin: out of order all the same",
			segments: []tcpSegment{
				{flow: &toPhone, seq: 9000, ack: a, flags: ackFlag}, up(a+n1, two, 1), up(a, one, 2),
			},
			want: "one two@1/2",
		},
		{
			name:     "out of order",
			segments: []tcpSegment{opening, up(a+n1, two, 1), up(a+n1+n2, three, 2), up(a, one, 3)}, want: "one two@1/3 three@2/3",
		},
		{
			name:     "sent again, as it was, in other pieces, and with more behind it",
			segments: []tcpSegment{opening, up(a, one[:60], 1), up(a, one[:60], 2), up(a+10, one[10:80], 3), up(a, one+two, 4), up(a, one, 5)},
			want:     "one two",
			check:    func(s *StreamStats) bool { return s.Overlaps == 0 && s.Retransmitted == uint64(60+50+80)+uint64(n1) },
		},
		{
			name: "the first octets win, behind a gap",
			segments: []tcpSegment{
				opening, up(a+60, one[60:70], 1), up(a+55, strings.Repeat("x", 25), 2), up(a, one[:55], 3), up(a+80, one[80:]+two, 4),
			},
			// 55 to 60 and 70 to 80 are x now, in the Via.
			want: "one~ two", check: func(s *StreamStats) bool { return s.Overlaps == 1 },
		},
		{
			name:     "the first octets win, in front of what is still to come",
			segments: []tcpSegment{opening, up(a, one[:90], 1), up(a, strings.Repeat("x", 80), 2), up(a+90, one[90:]+two, 3)},
			want:     "one~ two", check: func(s *StreamStats) bool { return s.Overlaps == 1 },
		},
		{
			name:     "lost between two messages: nobody acknowledges, so it is waited for",
			segments: []tcpSegment{opening, up(a, one, 1), up(a+n1+n2, three, 5)}, until: 2004, want: "one",
		},
		{
			name:     "and given up at the deadline, not when somebody looks",
			segments: []tcpSegment{opening, up(a, one, 1), up(a+n1+n2, three, 5)}, until: 99999, want: "one three!@5/2005",
			check: func(s *StreamStats) bool { return s.Gaps == 1 && s.Unseen == uint64(n2) && s.Acknowledged == 0 },
		},
		{
			name: "the receiver has it: only the tap missed it",
			segments: []tcpSegment{
				opening, up(a, one, 1), up(a+n1+n2, three, 5), {flow: &toPhone, seq: 9000, ack: a + n1 + n2, flags: ackFlag, at: 7},
			},
			want: "one three!@5/7", check: func(s *StreamStats) bool { return s.Acknowledged == 1 },
		},
		{
			name: "the acknowledgement is seen before",
			segments: []tcpSegment{
				opening, up(a, one, 1), {flow: &toPhone, seq: 9000, ack: a + n1 + n2, flags: ackFlag, at: 4}, up(a+n1+n2, three, 5),
			},
			want: "one three!",
		},
		{
			name: "an acknowledgement that overtook its octets",
			segments: []tcpSegment{
				opening, {flow: &toPhone, seq: 9000, ack: a + n1, flags: ackFlag, at: 1}, up(a, one, 2), up(a+n1, two, 3),
			},
			until: 99999, want: "one two", check: func(s *StreamStats) bool { return s.Gaps == 0 },
		},
		{
			name:     "a gap in the head costs the message",
			segments: []tcpSegment{opening, up(a, one[:40], 1), up(a+60, one[60:]+two, 2)}, until: 9999, want: "two!@2/2002",
			check: func(s *StreamStats) bool { return s.Partial == 1 },
		},
		{
			name: "a gap in the body costs the body behind it, and no step: what looks like a message in the body is none",
			segments: []tcpSegment{
				opening,
				up(a, "NOTIFY sip:a SIP/2.0\r\nCall-ID: refer\r\nl: 50\r\n\r\nline 1\r\nline 2", 1),
				up(a+72, answer200("no")[:25]+two, 2), // 61 + 11 octets were lost … 25 are the rest of the body
			},
			until: 9999, want: "refer!@1/2002 two!@2/2002",
			check: func(s *StreamStats) bool { return s.Cut == 1 && s.Skipped == 0 },
		},
		{
			name: "the end of a body is lost, and the receiver has it: nothing follows",
			segments: []tcpSegment{
				opening, up(a, one[:len(one)-12], 1), {flow: &toPhone, seq: 9000, ack: a + n1, flags: ackFlag, at: 7},
			},
			until: 9999, want: "one!@1/2007",
		},
		{
			name: "cut by the snap length, in the body: the next one is in step",
			segments: []tcpSegment{
				opening, with(up(a, one, 1), func(g *tcpSegment) { g.cut = 20 }), up(a+n1, two, 2),
			},
			want: "one! two!",
		},
		{
			name: "cut by the snap length, in the head, out of order",
			segments: []tcpSegment{
				opening, with(up(a+n1, two, 1), func(g *tcpSegment) { g.cut = 20 }), up(a+n1+n2, three, 2), up(a, one, 3),
			},
			want: "one three!@2/3",
		},
		{
			name: "over the end of the numbers",
			segments: []tcpSegment{
				{flow: &toProxy, seq: 0xffffffff - 20, flags: syn}, up(40, one[60:]+two, 1), up(0xffffffff-19, one[:60], 2),
			},
			want: "one two@1/2",
		},
		{
			name:     "a SYN that came again, late, changes nothing",
			segments: []tcpSegment{opening, up(a, one[:50], 1), opening, up(a+50, one[50:], 2)}, want: "one",
		},
		{
			name: "the ports are used again: numbering begins anew",
			segments: []tcpSegment{
				opening, up(a, one[:50], 1), {flow: &toProxy, seq: 500_000_000, flags: syn, at: 2}, up(500_000_001, two, 3),
			},
			want: "two", check: func(s *StreamStats) bool { return s.Partial == 1 },
		},
		{
			name:     "and the SYN was not seen",
			segments: []tcpSegment{opening, up(a, one, 1), up(500_000_001, two, 3), up(400_000_000, three, 4)}, want: "one two! three!",
			check: func(s *StreamStats) bool { return s.Renumbered == 2 },
		},
		{
			name: "TCP's keep-alives: one octet that was there, of any value, or none",
			segments: []tcpSegment{
				opening, up(a, one, 1), up(a+n1-1, "\x00", 2), up(a+n1-1, "", 3), up(a+n1, two[:20], 4), up(a+n1+19, "\x00", 5), up(a+n1+20, two[20:], 6),
			},
			want: "one two", check: func(s *StreamStats) bool { return s.Overlaps == 0 },
		},
		{
			name:     "a zero-window probe: the next octet, which then comes again with the others",
			segments: []tcpSegment{opening, up(a, one[:10], 1), up(a+10, one[10:11], 2), up(a+10, one[10:], 3)}, want: "one",
		},
		{
			name: "a SYN with octets (RFC 7413)", segments: []tcpSegment{{flow: &toProxy, seq: 999, flags: syn, payload: one}}, want: "one",
		},
		{
			name: "FIN: what comes again behind it is old",
			segments: []tcpSegment{
				opening, with(up(a, one, 1), func(g *tcpSegment) { g.flags |= fin }), up(a, one, 2),
				{flow: &toProxy, seq: 700_000_000, flags: syn, at: 3},
				up(700_000_001, two, 4),
			},
			want: "one two",
		},
		{
			name: "FIN inside a message: the rest of it will not come",
			segments: []tcpSegment{
				opening, up(a, one, 1), with(up(a+n1, two[:30], 2), func(g *tcpSegment) { g.flags |= fin }),
			},
			want: "one", check: func(s *StreamStats) bool { return s.Partial == 1 },
		},
		{
			name: "FIN in front of what it ends",
			segments: []tcpSegment{
				opening, with(up(a+40, one[40:], 1), func(g *tcpSegment) { g.flags |= fin }), up(a, one[:40], 2),
			},
			want: "one",
		},
		{
			name: "RST: what was not whole is dropped; a reset that the receiver did not heed does not hide what follows",
			segments: []tcpSegment{
				opening, up(a, one, 1), up(a+n1, two[:20], 2), {flow: &toPhone, seq: 9000, flags: rst, at: 3}, up(a+n1+20, two[20:]+three, 4),
			},
			want: "one three!", check: func(s *StreamStats) bool { return s.Partial == 1 },
		},
		{
			name:     "a reset far from the numbers is forged",
			segments: []tcpSegment{opening, up(a, one[:20], 1), {flow: &toProxy, seq: 900_000_000, flags: rst, at: 3}, up(a+20, one[20:], 4)},
			want:     "one",
		},
		{
			name: "both directions",
			segments: []tcpSegment{
				opening,
				{flow: &toPhone, seq: 8999, ack: a, flags: syn | ackFlag},
				up(a, one[:50], 1),
				{flow: &toPhone, seq: 9000, ack: a + 50, flags: ackFlag, payload: answer200("x")[:10], at: 2},
				up(a+50, one[50:], 3),
				{flow: &toPhone, seq: 9010, ack: a + n1, flags: ackFlag, payload: answer200("x")[10:], at: 4},
			},
			want: "one x",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(StreamConfig{Ports: sipPorts})
			for _, g := range c.segments {
				w.send(g)
				w.sound(t)
			}
			if c.until > 0 {
				w.until(c.until)
				w.sound(t)
			}
			if w.String() != c.want {
				t.Errorf("found %q, want %q\n%+v", w.String(), c.want, w.Stats)
			}
			if c.check != nil && !c.check(&w.Stats) {
				t.Errorf("counted %+v", w.Stats)
			}
		})
	}
}
