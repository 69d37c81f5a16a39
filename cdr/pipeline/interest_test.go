package pipeline

import (
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"testing"

	"calltrail/cdr/encrypted"
	"calltrail/cdr/flow"
	"calltrail/decode"
	"calltrail/decode/reassembly"
	"calltrail/decode/tcp"
)

// beginnings are of what a table takes up on any port. The ClientHello is too short to offer SIP: on a watched port it need not.
var beginnings = []struct{ name, text string }{
	{"request", "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.1\r\n"},
	{"method of one letter", "A sip:bob@example.com SIP/2.0\r\n"},
	{"method, tab", "ACK\tsip:bob@example.com\tSIP/2.0\r\n"},
	{"response", "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP 192.0.2.1\r\n"},
	{"after empty lines", "\r\n\r\nBYE sip:bob@example.com SIP/2.0\r\n"},
	{"after a line feed", "\nBYE sip:bob@example.com SIP/2.0\r\n"},
	{"web socket asked for", "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: sip\r\n\r\n"},
	{"web socket given", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nSec-WebSocket-Protocol: sip\r\n\r\n"},
	{"text frame", "\x81\x26OPTIONS sip:bob@example.com SIP/2.0\r\n\r\n"},
	{"binary frame, not the last", "\x02\x26OPTIONS sip:bob@example.com SIP/2.0\r\n\r\n"},
	{"STUN", "\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl"},
	{"STUN behind its length", "\x00\x14\x00\x01\x00\x00\x21\x12\xa4\x42abcdefghijkl"},
	{"STUN in Microsoft's frame", "\xff\x10\x00\x1csessions\x00\x03\x00\x00\x21\x12\xa4\x42abcdefghijkl"},
}

// taken says whether fresh tables take up a segment on ports of no signalling.
func taken(f *decode.Frame) bool {
	of := flowOf(f)
	return reassembly.NewStreams(reassembly.StreamConfig{}).Segment(&of, f.Payload, f.PayloadLen, 0) != reassembly.NotFollowed ||
		encrypted.New(encrypted.Config{Ports: []tcp.Ports{{First: 5061, Last: 5061}}}).Segment(f, 0, 0, 0) ||
		flow.New(flow.Config{}).Segment(f, 0, 0, 0)
}

func segmentOf(payload []byte) *decode.Frame {
	b := make([]byte, tcpHeader, tcpHeader+len(payload))
	b[12], b[13] = 5<<4, 0x18
	b = append(b, payload...)
	return &decode.Frame{
		Src:     decode.EndpointOf(netip.MustParseAddrPort("192.0.2.1:40000")),
		Dst:     decode.EndpointOf(netip.MustParseAddrPort("198.51.100.1:8443")),
		Payload: b, PayloadLen: len(b),
	}
}

// What interest turns away, every table would have turned away: of all beginnings, whole, cut anywhere, and with any octet behind
// the first one changed. With another first one nothing is what it was, though flow would take a STUN message for one whose two
// highest bits are not 0, as RFC 8489 section 5 has them.
func TestInterestTurnsAwayNothingOfUse(t *testing.T) {
	var i interest
	i.watch(nil, []tcp.Ports{{First: 5061, Last: 5061}})
	r := rand.New(rand.NewPCG(7, 7))
	used := 0
	check := func(name string, payload []byte) {
		f := segmentOf(payload)
		if is := taken(f); is {
			used++
			if i.none(f, 1) {
				t.Errorf("%s: %q is turned away", name, payload)
			}
		}
	}
	for _, b := range beginnings {
		whole := []byte(b.text)
		before := used
		if check(b.name, whole); used == before {
			t.Errorf("%s: no table takes it up", b.name)
		}
		for n := range whole {
			check(b.name+", cut", whole[:n])
			for range min(4*n, 4) {
				changed := []byte(b.text)
				changed[n] = byte(r.Uint32())
				check(b.name+", changed", changed)
			}
		}
	}
	t.Logf("%d segments were of use", used)
}

// Of segments that look encrypted, hardly one goes on to the tables.
func TestInterestTurnsAwayNoise(t *testing.T) {
	var i interest
	r := rand.New(rand.NewPCG(8, 8))
	const n = 20_000
	passed := 0
	payload := make([]byte, 64)
	for range n {
		for at := 0; at < len(payload); at += 8 {
			binary.LittleEndian.PutUint64(payload[at:], r.Uint64())
		}
		if !i.none(segmentOf(payload), 1) {
			passed++
		}
	}
	if passed > n/25 {
		t.Errorf("%d of %d segments of noise go on", passed, n)
	}
	t.Logf("%d of %d go on", passed, n)
}
