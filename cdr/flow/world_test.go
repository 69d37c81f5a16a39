package flow_test

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"calltrail/cdr/flow"
	"calltrail/decode"
)

var (
	alice  = netip.MustParseAddrPort("192.0.2.10:49152")
	bob    = netip.MustParseAddrPort("198.51.100.20:50000")
	server = netip.MustParseAddrPort("203.0.113.5:3478")
	mapped = netip.MustParseAddrPort("192.0.2.200:61000")
	relay  = netip.MustParseAddrPort("203.0.113.5:55000")
	peer   = netip.MustParseAddrPort("198.51.100.77:40000")
)

// Message types: method and class (RFC 8489 section 5).
const (
	bindingRequest    = 0x0001
	bindingIndication = 0x0011
	bindingSuccess    = 0x0101
	allocateRequest   = 0x0003
	allocateSuccess   = 0x0103
	allocateError     = 0x0113
	refreshRequest    = 0x0004
	sendIndication    = 0x0016
	dataIndication    = 0x0017
	channelBind       = 0x0009
)

// Attribute types.
const (
	attrUsername = 0x0006
	attrPeer     = 0x0012
	attrData     = 0x0013
	attrRealm    = 0x0014
	attrRelayed  = 0x0016
	attrMapped   = 0x0020
	attrPriority = 0x0024
)

const magic = 0x2112a442

type attribute struct {
	kind  uint16
	value []byte
}

func text(kind uint16, s string) attribute { return attribute{kind, []byte(s)} }

// xor is an address as XOR-MAPPED-ADDRESS has it (RFC 8489 section 14.2); IPv4 alone.
func xor(kind uint16, a netip.AddrPort) attribute {
	v := []byte{0, 1}
	v = binary.BigEndian.AppendUint16(v, a.Port()^magic>>16)
	ip := a.Addr().As4()
	return attribute{kind, binary.BigEndian.AppendUint32(v, binary.BigEndian.Uint32(ip[:])^magic)}
}

var priority = attribute{attrPriority, []byte{0x6e, 0, 1, 0xff}}

var transactions uint64

// message is a STUN message with the cookie and a transaction ID of its own.
func message(kind uint16, attributes ...attribute) []byte {
	var body []byte
	for _, a := range attributes {
		body = binary.BigEndian.AppendUint16(body, a.kind)
		body = binary.BigEndian.AppendUint16(body, uint16(len(a.value)))
		body = append(body, a.value...)
		body = append(body, make([]byte, -len(a.value)&3)...)
	}
	transactions++
	b := binary.BigEndian.AppendUint16(nil, kind)
	b = binary.BigEndian.AppendUint16(b, uint16(len(body)))
	b = binary.BigEndian.AppendUint32(b, magic)
	b = binary.BigEndian.AppendUint32(b, 0xfeed)
	b = binary.BigEndian.AppendUint64(b, transactions)
	return append(b, body...)
}

// check is an ICE connectivity check from the one with fragment from to the one with fragment to.
func check(to, from string) []byte {
	return message(bindingRequest, text(attrUsername, to+":"+from), priority)
}

// channel is a ChannelData message (RFC 8656 section 12.4).
func channel(data []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, 0x4001)
	return append(binary.BigEndian.AppendUint16(b, uint16(len(data))), data...)
}

// media is an RTP packet of n octets.
func media(pt byte, seq, n int) []byte {
	b := make([]byte, n)
	b[0], b[1] = 0x80, pt
	binary.BigEndian.PutUint16(b[2:], uint16(seq))
	binary.BigEndian.PutUint32(b[4:], uint32(seq)*160)
	binary.BigEndian.PutUint32(b[8:], 0xabad1dea)
	return b
}

// report is an empty RTCP receiver report; mark makes it another one.
func report(mark uint32) []byte {
	return binary.BigEndian.AppendUint32([]byte{0x80, 201, 0, 1}, mark)
}

// record is a DTLS record; rest is its content.
func record(kind byte, epoch uint16, seq int, rest ...byte) []byte {
	b := binary.BigEndian.AppendUint16([]byte{kind, 0xfe, 0xfd}, epoch)
	b = binary.BigEndian.AppendUint16(b, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(seq))
	return append(binary.BigEndian.AppendUint16(b, uint16(len(rest))), rest...)
}

// noise is a payload that is nothing: its first octet is 0xf0.
func noise(seq, n int) []byte {
	b := make([]byte, n)
	b[0] = 0xf0
	binary.BigEndian.PutUint32(b[4:], uint32(seq)|1<<31)
	return b
}

// world gives packets to a table at times of its own.
type world struct {
	t     testing.TB
	table *flow.Table
	now   int64
	seq   map[netip.AddrPort]uint32
}

const start = int64(1_700_000_000e9)

func newWorld(t testing.TB, cfg flow.Config) *world {
	return &world{t, flow.New(cfg), start, map[netip.AddrPort]uint32{}}
}

func (w *world) pass(d time.Duration) {
	w.now += int64(d)
	w.table.Advance(w.now)
}

func frame(src, dst netip.AddrPort, b []byte) *decode.Frame {
	return &decode.Frame{Src: decode.EndpointOf(src), Dst: decode.EndpointOf(dst), Proto: 17, Payload: b, PayloadLen: len(b)}
}

// send gives a datagram to the table as the worker does.
func (w *world) send(src, dst netip.AddrPort, b []byte) []byte {
	w.t.Helper()
	f := frame(src, dst, b)
	class := decode.Classify(f)
	switch class {
	case decode.STUN, decode.DTLS, decode.RTP, decode.RTCP, decode.KeepAlive, decode.UDPOther:
	default:
		w.t.Fatalf("no datagram for a flow: %v", class)
	}
	inner, n := w.table.Datagram(f, class, 0, w.now, w.now)
	if len(inner) != n {
		w.t.Fatalf("inner packet of %d octets is said to have %d", len(inner), n)
	}
	return inner
}

// both sends one packet each way.
func (w *world) both(a, b netip.AddrPort, make func(seq int) []byte, seq int) {
	w.t.Helper()
	w.send(a, b, make(2*seq))
	w.send(b, a, make(2*seq+1))
}

// talk sends n packets each way, one each 50 ms.
func (w *world) talk(a, b netip.AddrPort, n int, make func(seq int) []byte) {
	w.t.Helper()
	for i := range n {
		w.both(a, b, make, i)
		w.pass(50 * time.Millisecond)
	}
}

// greet lets a ask b and b answer.
func (w *world) greet(a, b netip.AddrPort) {
	w.t.Helper()
	w.send(a, b, message(bindingRequest))
	w.send(b, a, message(bindingSuccess, xor(attrMapped, a)))
}

// allocate makes a TURN allocation of a.
func (w *world) allocate(a netip.AddrPort) {
	w.t.Helper()
	w.send(a, server, message(allocateRequest))
	w.send(server, a, message(allocateSuccess, xor(attrMapped, mapped), xor(attrRelayed, relay)))
}

func (w *world) events() (out []string) {
	for i := range w.table.Events {
		out = append(out, say(&w.table.Events[i]))
	}
	w.table.Events = nil
	return out
}

// want compares the events since the last call.
func (w *world) want(lines ...string) {
	w.t.Helper()
	if got := w.events(); strings.Join(got, "\n") != strings.Join(lines, "\n") {
		w.t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(lines, "\n"))
	}
}

// last is the newest event.
func (w *world) last() *flow.Event {
	w.t.Helper()
	if len(w.table.Events) == 0 {
		w.t.Fatal("no event")
	}
	return &w.table.Events[len(w.table.Events)-1]
}

// say is an event in a line.
func say(e *flow.Event) string {
	s := [...]string{"", "noticed", "playing", "closed"}[e.Kind] + fmt.Sprintf(" %s>%s", e.Client.AddrPort(), e.Server.AddrPort())
	if e.Serial > 0 {
		s += fmt.Sprintf(" #%d", e.Serial)
	}
	if e.TCP {
		s += " tcp"
	}
	for _, f := range []struct {
		is   bool
		text string
	}{
		{e.PlayingRTP, " rtp"}, {e.PlayingOther, " other"}, {e.PlayingSealed, " sealed"}, {e.Evicted, " evicted"}, {e.Ended, " ended"},
	} {
		if f.is {
			s += f.text
		}
	}
	return s
}

func facts(f flow.Facts) string {
	var s []string
	for i, name := range []string{"asked", "answered", "ice", "turn", "allocated", "hello", "helloback", "established", "relaying"} {
		if f>>i&1 != 0 {
			s = append(s, name)
		}
	}
	return strings.Join(s, " ")
}

func learned(f *flow.Flow) string {
	var s []string
	for _, l := range f.Learned[:f.NumLearned] {
		s = append(s, [...]string{"", "mapped", "peer", "relayed"}[l.Role]+" "+l.End.AddrPort().String())
	}
	return strings.Join(s, ", ")
}

func rtp(pt byte) func(int) []byte { return func(seq int) []byte { return media(pt, seq, 172) } }

func classify(f *decode.Frame) decode.Reason { return decode.Classify(f) }
