package reassembly

import (
	"strings"
	"testing"

	"calltrail/decode/sip"
)

// What begins on which port, and whether it is followed: each payload is a segment of its own, in order.
func TestPickUp(t *testing.T) {
	one := inviteOf("one", 10)
	hello := "\x16\x03\x01\x00\xc8\x01\x00\x00\xc4\x03\x03" + strings.Repeat("r", 100)
	page := "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + strings.Repeat("<p>text</p>\n", 100)
	for _, c := range []struct {
		name     string
		flow     *Flow
		syn      bool
		payloads []string
		verdicts string // one letter a payload: N, H, C
		want     string
	}{
		{"SIP on another port, from its first line on", &elsewhere, true, []string{one, one[:30], one[30:]}, "CHC", "one one"},
		{"what begins in the middle there is not", &elsewhere, true, []string{one[50:], "", answer200("x")}, "NNC", "x"},
		{"a web page", &elsewhere, true, []string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", page, page}, "NNN", ""},
		{"a web page on a port of signalling", &toProxy, true, []string{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", page, page}, "NNN", ""},
		{"its answer alone", &toProxy, false, []string{page, page}, "NN", ""},
		{"SIP after a web page on a connection", &toProxy, true, []string{page, one}, "NC", "one"},
		{"TLS on a port of signalling is somebody else's", &toProxy, true, []string{hello, hello, ""}, "NNN", ""},
		{"TLS in the middle", &toProxy, false, []string{"\x17\x03\x03\x01\x00" + strings.Repeat("\x99", 60), "IN", one[:5]}, "NNN", ""},
		{"the PROXY protocol before SIP", &toProxy, true, []string{"PROXY TCP4 192.0.2.1 198.51.100.9 5 5060\r\n" + one}, "C", "one"},
		{"a protocol that is not known, from its first octet on", &toProxy, true, []string{
			strings.Repeat("\x00\x01", 2000), strings.Repeat("\x00\x01", 600), "INV", one,
		}, "NNNC", "one"},
		{"one line of noise first", &toProxy, true, []string{"noise\r\n", one}, "NC", "one"},
		{"lower case and an unknown method", &elsewhere, true, []string{"frob sip:b sip/2.0\r\nCall-ID: f\r\nl: 0\r\n\r\n"}, "C", "f"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(StreamConfig{Ports: sipPorts})
			seq := uint32(1000)
			if c.syn {
				if v := w.send(tcpSegment{flow: c.flow, seq: seq - 1, flags: syn}); v != NotFollowed {
					t.Errorf("the SYN: %d", v)
				}
			}
			for i, p := range c.payloads {
				v := w.send(tcpSegment{flow: c.flow, seq: seq, payload: p})
				w.sound(t)
				if "NHC"[v] != c.verdicts[i] {
					t.Errorf("payload %d: %c, want %c", i, "NHC"[v], c.verdicts[i])
				}
				seq += uint32(len(p))
			}
			if w.String() != c.want {
				t.Errorf("found %q, want %q\n%+v", w.String(), c.want, w.Stats)
			}
		})
	}
}

// On a port that is not one of signalling the answers are followed, too, once SIP was seen in one direction.
func TestBothDirectionsArePickedUp(t *testing.T) {
	w := newWorld(StreamConfig{})
	one, x := inviteOf("one", 0), answer200("x")
	w.send(tcpSegment{flow: &elsewhere, seq: 1, ack: 500, flags: ackFlag, payload: one})
	w.send(tcpSegment{flow: &elsewhere2, seq: 500, ack: 1 + uint32(len(one)), flags: ackFlag, payload: x[:9]})
	w.send(tcpSegment{flow: &elsewhere2, seq: 509, ack: 1 + uint32(len(one)), flags: ackFlag, payload: x[9:]})
	if w.String() != "one x" {
		t.Errorf("found %q", w)
	}
}

// Other ports change nothing for what is followed already, whichever list it was on.
func TestSetPorts(t *testing.T) {
	for _, flow := range []*Flow{&toProxy, &elsewhere} {
		w := newWorld(StreamConfig{Ports: sipPorts})
		one := inviteOf("one", 0)
		w.send(tcpSegment{flow: flow, seq: 1, payload: one + one[:20]})
		for _, ports := range [][]PortRange{nil, {{8080, 8080}}, sipPorts, nil} {
			w.SetPorts(ports)
			if v := w.send(tcpSegment{flow: flow, seq: 6 + uint32(len(one)), payload: one[5:20]}); v != Held {
				t.Errorf("to port %d, with ports %v: %d", flow.DstPort, ports, v)
			}
		}
		w.Advance(maxTime)
		if w.near != NewStreams(StreamConfig{}).near {
			t.Error("something is left in the filter")
		}
	}
}

// The end of a message that was not seen does not become a part of the next one's method.
func TestTheTailOfAMessageIsNoMethod(t *testing.T) {
	for _, tail := range []string{"mple", "x y", "SIP/2.0/TC", "INVITE"} {
		w := newWorld(StreamConfig{Ports: sipPorts})
		one := inviteOf("one", 0)
		w.send(tcpSegment{flow: &toProxy, seq: 1, payload: tail})
		w.send(tcpSegment{flow: &toProxy, seq: 1 + uint32(len(tail)), payload: one})
		if len(w.found) != 1 || w.found[0].octets != one || !w.found[0].gap {
			t.Errorf("%q: found %q", tail, messagesOf(w))
		}
	}
}

// What a message that is wrong costs, and what it does not.
func TestResync(t *testing.T) {
	one, two := inviteOf("one", 20), inviteOf("two", 0)
	bad := func(length, body string) string {
		return "MESSAGE sip:b SIP/2.0\r\nCall-ID: bad\r\n" + length + "\r\n" + body
	}
	for _, c := range []struct {
		name, stream, want string
		check              func(*StreamStats) bool
	}{
		{
			"no Content-Length: no body", one + bad("", "text, and more\r\n") + two, "one bad two",
			func(s *StreamStats) bool { return s.NoLength == 1 && s.Resyncs == 1 && s.Skipped == 16 },
		},
		{"negative", one + bad("l: -1\r\n", "x\r\n") + two, "one bad two", func(s *StreamStats) bool { return s.BadLength == 1 }},
		{"huge", one + bad("l: 2147483648\r\n", "x\r\n") + two, "one bad two", func(s *StreamStats) bool { return s.TooLong == 1 }},
		{"too short", one + bad("l: 1\r\n", "x, y\r\n") + two, "one bad two", func(s *StreamStats) bool { return s.Resyncs == 1 }},
		{"too long: the next one is its body", one + bad("l: 10\r\n", "x") + two + one, "one bad one", func(s *StreamStats) bool { return s.Skipped > 0 }},
		{
			"a head without end", one + bad(strings.Repeat("x: y\r\n", sip.MaxMessage/6), "") + two, "one two",
			func(s *StreamStats) bool { return s.TooLong == 1 },
		},
		{"octets between messages", one + "\x00\x00 what\r\n" + two, "one two", func(s *StreamStats) bool { return s.Skipped == 9-1 || s.Skipped == 9 }},
	} {
		for _, step := range []int{1 << 15, 1000, 13, 1} {
			w := newWorld(StreamConfig{Ports: sipPorts})
			w.send(tcpSegment{flow: &toProxy, seq: 0, flags: syn})
			for i := 0; i < len(c.stream); i += step {
				w.send(tcpSegment{flow: &toProxy, seq: 1 + uint32(i), payload: c.stream[i:min(i+step, len(c.stream))]})
			}
			w.sound(t)
			if w.String() != c.want || w.Octets() != 0 {
				t.Errorf("%s, by %d: found %q, want %q; %d octets left", c.name, step, w.String(), c.want, w.Octets())
			}
			if !c.check(&w.Stats) {
				t.Errorf("%s, by %d: counted %+v", c.name, step, w.Stats)
			}
		}
	}
}
