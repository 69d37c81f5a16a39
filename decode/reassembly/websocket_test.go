package reassembly

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"calltrail/decode/sip"
)

// RFC 7118 section 5.1: the handshake of its example, without and with compression.
func upgrade(extensions string) string {
	return "GET / HTTP/1.1\r\nHost: sip-ws.example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nOrigin: http://www.example.com\r\nSec-WebSocket-Protocol: sip\r\n" +
		"Sec-WebSocket-Version: 13\r\n" + extensions + "\r\n"
}

func switching(extensions string) string {
	return "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: sip\r\n" + extensions + "\r\n"
}

const deflateExtension = "Sec-WebSocket-Extensions: permessage-deflate\r\n"

// A frame's first octet.
const (
	finText = 0x80 | opText
	rsv1    = 0x40
)

// frameOf is a frame with the shortest length that does, masked or not.
func frameOf(first byte, masked bool, payload string) string {
	b := []byte{first}
	mask := byte(0)
	if masked {
		mask = 0x80
	}
	switch n := len(payload); {
	case n < 126:
		b = append(b, mask|byte(n))
	case n < 1<<16:
		b = binary.BigEndian.AppendUint16(append(b, mask|126), uint16(n))
	default:
		b = binary.BigEndian.AppendUint64(append(b, mask|127), uint64(n))
	}
	if !masked {
		return string(b) + payload
	}
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	b = append(b, key[:]...)
	for i := range len(payload) {
		b = append(b, payload[i]^key[i&3])
	}
	return string(b)
}

// deflator compresses messages as RFC 7692 section 7.2.1 says.
type deflator struct {
	out bytes.Buffer
	w   *flate.Writer
}

func (d *deflator) message(s string) string {
	if d.w == nil {
		d.w, _ = flate.NewWriter(&d.out, flate.BestCompression)
	}
	d.out.Reset()
	if _, err := d.w.Write([]byte(s)); err != nil || d.w.Flush() != nil {
		panic("a buffer refuses octets")
	}
	return strings.TrimSuffix(d.out.String(), "\x00\x00\xff\xff")
}

// socketWorld sends payloads of both ends, each from where the last one ended.
type socketWorld struct {
	*world
	seqs [2]uint32
}

func newSocketWorld() *socketWorld {
	return &socketWorld{world: newWorld(StreamConfig{Ports: sipPorts}), seqs: [2]uint32{1000, 9000}}
}

func (w *socketWorld) client(payload string) { w.from(0, payload) }
func (w *socketWorld) server(payload string) { w.from(1, payload) }

func (w *socketWorld) from(end int, payload string) {
	flow := []*Flow{&elsewhere, &elsewhere2}[end]
	w.send(tcpSegment{flow: flow, seq: w.seqs[end], ack: w.seqs[1-end], flags: ackFlag, payload: payload})
	w.seqs[end] += uint32(len(payload))
}

func TestWebSocket(t *testing.T) {
	one, two, x := inviteOf("one", 50), inviteOf("two", 200), answer200("x")
	open := func(w *socketWorld) {
		w.client(upgrade(""))
		w.server(switching(""))
	}
	for _, c := range []struct {
		name  string
		run   func(w *socketWorld)
		want  string
		check func(*StreamStats) bool
	}{
		{"text and binary, masked and not, of 7 and 16 bits' length", func(w *socketWorld) {
			open(w)
			w.client(frameOf(finText, true, "OPTIONS sip:b SIP/2.0\r\nCall-ID: seven\r\n\r\n") + frameOf(0x80|opBinary, true, one))
			w.server(frameOf(finText, false, x))
		}, "seven one x", nil},
		{"of 64 bits' length", func(w *socketWorld) {
			open(w)
			f := frameOf(finText, true, one)
			n := binary.BigEndian.AppendUint64([]byte{finText, 0x80 | 127}, uint64(len(one)))
			w.client(string(n) + f[4:])
		}, "one", nil},
		{"the handshake in several segments, and a frame right behind it", func(w *socketWorld) {
			up, down := upgrade(""), switching("")
			w.client(up[:120])
			w.client(up[120:])
			w.server(down[:130])
			w.server(down[130:] + frameOf(finText, false, one))
			w.client(frameOf(finText, true, two))
		}, "one two", func(s *StreamStats) bool { return s.WebSockets == 2 }},
		{"the request was not seen", func(w *socketWorld) {
			w.server(switching(""))
			w.client(frameOf(finText|0x80, true, "\r\n\r\n") + frameOf(finText, true, one))
		}, "one", nil},
		{"the response was not seen", func(w *socketWorld) {
			w.client(upgrade(""))
			w.client(frameOf(finText, true, one))
			w.server(frameOf(finText, false, x))
		}, "one x", nil},
		{"the server refuses", func(w *socketWorld) {
			w.client(upgrade(""))
			w.server("HTTP/1.1 403 Forbidden\r\nUpgrade: websocket\r\n\r\n")
			w.client(frameOf(0x80|opBinary, true, "not followed any more")) // no SIP in it: else it would be picked up
		}, "", func(s *StreamStats) bool { return s.Refused == 1 && s.NotSIP == 0 }},
		{"another subprotocol", func(w *socketWorld) {
			w.client(strings.Replace(upgrade(""), "Protocol: sip", "Protocol: chat, xmpp", 1))
			w.server(strings.Replace(switching(""), "Protocol: sip", "Protocol: chat", 1))
			w.client(frameOf(finText, true, "hello, is it me you are looking for"))
		}, "", func(s *StreamStats) bool { return s.Opened == 0 && s.NotSIP == 0 }},
		{"one of several subprotocols", func(w *socketWorld) {
			w.client(strings.Replace(upgrade(""), "Protocol: sip", "Protocol: msrp,  SIP", 1))
			w.client(frameOf(finText, true, one))
		}, "one", nil},
		{"picked up at a frame", func(w *socketWorld) {
			w.client(frameOf(finText, true, one))
			w.server(frameOf(finText, false, x) + frameOf(finText, false, "\r\n") + frameOf(finText, false, two))
			w.client(frameOf(0x80|opPing, true, "") + frameOf(finText, true, two))
		}, "one x two two", func(s *StreamStats) bool { return s.KeepAlives == 2 }},
		{"fragments, with control frames between them", func(w *socketWorld) {
			open(w)
			w.client(frameOf(opText, true, one[:10]) + frameOf(0x80|opPing, true, "are you there") + frameOf(opContinuation, true, one[10:60]))
			w.client(frameOf(0x80|opPong, true, ""))
			w.client(frameOf(0x80|opContinuation, true, one[60:]) + frameOf(0x80|opClose, true, "\x03\xe8"))
		}, "one", func(s *StreamStats) bool { return s.KeepAlives == 2 && s.Partial == 0 }},
		{"no Content-Length: the frame says where it ends (RFC 7118 section 5.2)", func(w *socketWorld) {
			open(w)
			w.client(frameOf(finText, true, "MESSAGE sip:b SIP/2.0\r\nCall-ID: m\r\n\r\nhello") + frameOf(finText, true, one))
		}, "m one", func(s *StreamStats) bool { return s.NoLength == 0 }},
		{"what is no SIP", func(w *socketWorld) {
			open(w)
			w.client(frameOf(finText, true, `{"json": "is what many send"}`) + frameOf(finText, true, one))
		}, "one", func(s *StreamStats) bool { return s.NotSIP == 1 }},
		{"frame headers that cannot be: in step again at a frame that begins like SIP", func(w *socketWorld) {
			open(w)
			w.client("\xf1\x05hello")
			w.client("and more of it, enough")
			w.client(frameOf(finText, true, one))
			w.client(frameOf(finText, true, two))
		}, "one two", func(s *StreamStats) bool { return s.BadFrames == 1 }},
		{"a message longer than any", func(w *socketWorld) {
			open(w)
			w.client(frameOf(finText, true, strings.Repeat("x", sip.MaxMessage+1))[:60000])
			w.client(frameOf(finText, true, strings.Repeat("x", sip.MaxMessage+1))[60000:] + frameOf(finText, true, one))
		}, "one", func(s *StreamStats) bool { return s.TooLong == 1 && s.Skipped == 0 }},
		{"a length of 2^62: what begins a segment is looked at all the same", func(w *socketWorld) {
			open(w)
			w.client("\x81\xff\x40\x00\x00\x00\x00\x00\x00\x00abcd")
			w.client("what does not look like SIP")
			w.client(frameOf(finText, true, one))
		}, "one", func(s *StreamStats) bool { return s.TooLong == 1 }},
		{"fragments longer than any message together", func(w *socketWorld) {
			open(w)
			w.client(frameOf(opText, true, one+strings.Repeat("x", 40000)))
			w.client(frameOf(opContinuation, true, strings.Repeat("x", 40000)))
			w.client(frameOf(0x80|opContinuation, true, "x") + frameOf(finText, true, two))
		}, "two", func(s *StreamStats) bool { return s.TooLong == 1 && s.BadFrames == 0 }},
		{"a segment lost inside a frame costs its message, and no step", func(w *socketWorld) {
			open(w)
			f := frameOf(finText, true, one) + frameOf(finText, true, two)
			w.client(f[:40])
			w.seqs[0] += 30
			w.client(f[70:])
			w.server("") // has it
		}, "two!", func(s *StreamStats) bool { return s.Skipped == 0 && s.Partial == 1 }},
		{"a segment lost over the end of a frame", func(w *socketWorld) {
			open(w)
			f := frameOf(finText, true, one) + frameOf(finText, true, two)
			n := len(frameOf(finText, true, one))
			w.client(f[:40])
			w.seqs[0] += uint32(n - 30)
			w.client(f[n+10:])
			w.server("")
			w.client(frameOf(finText, true, one))
		}, "one!", nil},
		{"a lost fragment costs its message, and no other", func(w *socketWorld) {
			open(w)
			w.client(frameOf(opText, true, one[:10]))
			lost := frameOf(opContinuation, true, one[10:60])
			w.client(lost[:8])
			w.seqs[0] += uint32(len(lost) - 8)
			w.client(frameOf(0x80|opContinuation, true, one[60:]))
			w.server("")
			w.client(frameOf(finText, true, two))
		}, "two!", func(s *StreamStats) bool { return s.BadFrames == 0 }},
		{"compressed, each message resting on those before it", func(w *socketWorld) {
			w.client(upgrade(deflateExtension))
			w.server(switching(deflateExtension))
			var up, down deflator
			w.client(frameOf(finText|rsv1, true, up.message(one)))
			w.server(frameOf(finText|rsv1, false, down.message(x)) + frameOf(finText, false, one) + frameOf(finText|rsv1, false, down.message(two)))
			z := up.message(two)
			w.client(frameOf(opText|rsv1, true, z[:20]) + frameOf(0x80|opContinuation, true, z[20:]) + frameOf(finText|rsv1, true, up.message(one)))
		}, "one x one two two one", func(s *StreamStats) bool { return s.Inflated == 5 && s.Compressed == 0 }},
		{"compressed, and one was not seen: what rests on it is counted, and not made up", func(w *socketWorld) {
			w.client(upgrade(deflateExtension))
			w.server(switching(deflateExtension))
			var up deflator
			w.client(frameOf(finText|rsv1, true, up.message(one)))
			w.seqs[0] += uint32(len(frameOf(finText|rsv1, true, up.message("OPTIONS sip:c SIP/2.0\r\n\r\n"))))
			w.client(frameOf(0x80|opPing, true, ""))
			w.server("")
			w.client(frameOf(finText, true, x))
			w.client(frameOf(finText|rsv1, true, up.message("OPTIONS sip:c SIP/2.0\r\n\r\n")))
		}, "one x!", func(s *StreamStats) bool { return s.Compressed == 1 }},
		{"compressed, each message for itself, and one was not seen", func(w *socketWorld) {
			alone := strings.TrimSuffix(deflateExtension, "\r\n") + "; client_no_context_takeover; server_no_context_takeover\r\n"
			w.client(upgrade(alone))
			w.server(switching(alone))
			w.client(frameOf(finText|rsv1, true, (&deflator{}).message(one)))
			w.client(frameOf(finText|rsv1, true, (&deflator{}).message(two)))
			if n := w.Octets(); n != 0 {
				panic(fmt.Sprintf("%d octets kept of messages that nothing rests on", n))
			}
		}, "one two", nil},
		{"a small message that inflates to a large one", func(w *socketWorld) {
			w.client(upgrade(deflateExtension))
			w.server(switching(deflateExtension))
			w.client(frameOf(finText|rsv1, true, (&deflator{}).message(one+strings.Repeat("x", 10<<20))))
			w.client(frameOf(finText, true, two))
		}, "two", func(s *StreamStats) bool { return s.Compressed == 1 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newSocketWorld()
			c.run(w)
			w.sound(t)
			if w.String() != c.want {
				t.Errorf("found %q, want %q\n%+v", w.String(), c.want, w.Stats)
			}
			if c.check != nil && !c.check(&w.Stats) {
				t.Errorf("counted %+v", w.Stats)
			}
			for _, f := range w.found {
				if f.transport != sip.WS || f.octets != one && f.octets != two && f.octets != x && len(f.octets) > 60 {
					t.Errorf("%v by %v: %q", f, f.transport, f.octets)
				}
			}
		})
	}
}

// Frames of any sizes in any segments give the messages that were sent.
func TestAnyFramesMakeTheMessages(t *testing.T) {
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 4))
		compressed, masked := r.IntN(2) == 0, r.IntN(2) == 0
		extensions := ""
		if compressed {
			extensions = deflateExtension
		}
		up := &talk{flow: &elsewhere, first: r.Uint32()}
		if !masked {
			up.flow = &elsewhere2
			up.octets = switching(extensions)
		} else {
			up.octets = upgrade(extensions)
		}
		var z deflator
		for _, m := range chatter(r, &elsewhere, 1+r.IntN(6), false).messages {
			up.messages = append(up.messages, m)
			op := byte(opText)
			if compressed && r.IntN(3) > 0 {
				m, op = z.message(m), op|rsv1
			}
			for r.IntN(2) == 0 && len(m) > 0 {
				n := r.IntN(len(m))
				up.octets += frameOf(op, masked, m[:n])
				m, op = m[n:], opContinuation
				if r.IntN(2) == 0 {
					up.octets += frameOf(0x80|opPing, masked, "ping"[:r.IntN(5)])
				}
			}
			up.octets += frameOf(0x80|op, masked, m)
		}
		// On this port it is the first segment that says what the connection is.
		list := slices.Insert(up.split(r), 0, up.segment(0, min(len(up.octets), 200)))
		s := newWorld(StreamConfig{})
		s.send(list[0])
		for _, g := range up.disturb(r, list[1:], 10)[1:] {
			s.send(g)
			s.sound(t)
		}
		if got := messagesOf(s); !slices.Equal(got, up.messages) {
			t.Fatalf("seed %d: %d messages of %d: %q\n%q\n%+v", seed, len(got), len(up.messages), got, up.messages, s.Stats)
		}
	}
}

// The masked text of RFC 6455 section 5.7, and other headers.
func TestFrameHeaders(t *testing.T) {
	for _, c := range []struct {
		in   string
		want answer
		w    wsFrame
	}{
		{"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", yes, wsFrame{fin: true, opcode: 1, masked: true, key: [4]byte{0x37, 0xfa, 0x21, 0x3d}, header: 6, length: 5}},
		{"\x01\x03Hel", yes, wsFrame{opcode: 1, header: 2, length: 3}},
		{"\x82\x7e\x01\x00", yes, wsFrame{fin: true, opcode: 2, header: 4, length: 256}},
		{"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", yes, wsFrame{fin: true, opcode: 2, header: 10, length: 65536}},
		{"\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00", yes, wsFrame{fin: true, compressed: true, opcode: 1, header: 2, length: 7}}, // RFC 7692 section 7.2.3.1
		{"\x82\x7f\x80\x00\x00\x00\x00\x01\x00\x00", no, wsFrame{}},
		{"\x82\x7f\x00\x00", unclear, wsFrame{}},
		{"\x82\x7e\x01", unclear, wsFrame{}},
		{"\x81\x85\x37\xfa\x21", unclear, wsFrame{}},
		{"\x81", unclear, wsFrame{}},
		{"\x89\x7e\x01\x00", no, wsFrame{}}, // a ping of 256 octets
		{"\x09\x00", no, wsFrame{}},         // in fragments
		{"\xc9\x00", no, wsFrame{}},         // compressed
		{"\x83\x00", no, wsFrame{}},         // reserved opcode
		{"\xa1\x00", no, wsFrame{}},         // RSV2
	} {
		var w wsFrame
		if got := w.parse([]byte(c.in)); got != c.want || got == yes && w != c.w {
			t.Errorf("%x: %d %+v, want %d %+v", c.in, got, w, c.want, c.w)
		}
	}
}
