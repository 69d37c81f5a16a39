package hep

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// options is an OPTIONS request as kamailio's siptrace hands it on, but for the length of the request itself.
var options = []byte("HEP3\x00\x73" + // total length 115
	"\x00\x00\x00\x01\x00\x07\x02" + // IP protocol family: AF_INET
	"\x00\x00\x00\x02\x00\x07\x11" + // IP protocol: UDP
	"\x00\x00\x00\x03\x00\x0a\xc0\x00\x02\x01" + // source 192.0.2.1
	"\x00\x00\x00\x04\x00\x0a\xc6\x33\x64\x02" + // destination 198.51.100.2
	"\x00\x00\x00\x07\x00\x08\x13\xc4" + // source port 5060
	"\x00\x00\x00\x08\x00\x08\x13\xce" + // destination port 5070
	"\x00\x00\x00\x09\x00\x0a\x69\x5b\xa0\x80" + // 1767612544 s
	"\x00\x00\x00\x0a\x00\x0a\x00\x0f\x42\x3f" + // 999999 µs
	"\x00\x00\x00\x0b\x00\x07\x01" + // protocol type: SIP
	"\x00\x00\x00\x0c\x00\x0a\x00\x00\x07\xd1" + // capture agent 2001
	"\x00\x00\x00\x0f\x00\x16OPTIONS sip:b SI") // payload

func TestParse(t *testing.T) {
	var m Message
	if err := Parse(options, &m); err != nil {
		t.Fatal(err)
	}
	want := Message{
		Src: netip.MustParseAddrPort("192.0.2.1:5060"), Dst: netip.MustParseAddrPort("198.51.100.2:5070"), Proto: 17,
		Time: 1767612544_999999_000, HasTime: true, Type: TypeSIP, NodeID: 2001, Payload: []byte("OPTIONS sip:b SI"),
	}
	if !equal(&m, &want) {
		t.Errorf("%+v\nwant %+v", m, want)
	}
	if &m.Payload[0] != &options[len(options)-16] || cap(m.Payload) != 16 {
		t.Error("the payload is a copy, or could be grown into what follows")
	}
}

func equal(a, b *Message) bool {
	return a.Src == b.Src && a.Dst == b.Dst && a.Proto == b.Proto && a.Time == b.Time && a.HasTime == b.HasTime &&
		a.Type == b.Type && a.NodeID == b.NodeID && a.VLAN == b.VLAN && a.HasVLAN == b.HasVLAN && bytes.Equal(a.Payload, b.Payload)
}

// Chunks by themselves: vendor, type, length, value.
const (
	udp      = "\x00\x00\x00\x02\x00\x07\x11"
	icmp     = "\x00\x00\x00\x02\x00\x07\x01"
	src4     = "\x00\x00\x00\x03\x00\x0a\xc0\x00\x02\x01"
	dst4     = "\x00\x00\x00\x04\x00\x0a\xc0\x00\x02\x02"
	prefix6  = "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00"
	src6     = "\x00\x00\x00\x05\x00\x16" + prefix6 + "\x01"
	dst6     = "\x00\x00\x00\x06\x00\x16" + prefix6 + "\x02"
	mapped   = "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\xc0\x00\x02"
	src6as4  = "\x00\x00\x00\x05\x00\x16" + mapped + "\x01"
	dst6as4  = "\x00\x00\x00\x06\x00\x16" + mapped + "\x02"
	srcPort  = "\x00\x00\x00\x07\x00\x08\x13\xc4"
	dstPort  = "\x00\x00\x00\x08\x00\x08\x13\xc4"
	ping     = "\x00\x00\x00\x0f\x00\x0aPING"
	packed   = "\x00\x00\x00\x10\x00\x0a\x1f\x8b\x08\x00"
	required = udp + src4 + dst4 + srcPort + dstPort
)

// message is a header before chunks.
func message(chunks ...string) []byte {
	body := strings.Join(chunks, "")
	return append(binary.BigEndian.AppendUint16([]byte("HEP3"), uint16(HeaderLen+len(body))), body...)
}

func TestParseChunks(t *testing.T) {
	v4, v6 := "192.0.2.1:5060 192.0.2.2:5060", "[2001:db8::1]:5060 [2001:db8::2]:5060"
	for _, tt := range []struct {
		name string
		b    []byte
		ends string
		err  error
	}{
		{"the least there can be", message(required, ping), v4, nil},
		{"in any order", message(ping, dstPort, dst4, srcPort, src4, udp), v4, nil},
		{"octets after the end", append(message(required, ping), "HEP3"...), v4, nil},
		{"IPv6", message(udp, src6, dst6, srcPort, dstPort, ping), v6, nil},
		{"IPv4 inside IPv6", message(udp, src6as4, dst6as4, srcPort, dstPort, ping), v4, nil},
		{"both families, the first meant", message("\x00\x00\x00\x01\x00\x07\x02", required, src6, dst6, ping), v4, nil},
		{"both families, Linux's AF_INET6", message("\x00\x00\x00\x01\x00\x07\x0a", required, src6, dst6, ping), v6, nil},
		{"both families, FreeBSD's AF_INET6", message("\x00\x00\x00\x01\x00\x07\x1c", required, src6, dst6, ping), v6, nil},
		{"family says IPv6, addresses say IPv4", message("\x00\x00\x00\x01\x00\x07\x0a", required, ping), v4, nil},
		{"ICMP has no ports", message(icmp, src4, dst4, ping), "192.0.2.1:0 192.0.2.2:0", nil},
		{"a chunk of another vendor", message(required, "\x00\x02\x00\x0f\x00\x09abc", ping), v4, nil},
		{"of another vendor and of no type's length", message(required, "\x00\x02\x00\x03\x00\x06", ping), v4, nil},
		{"unknown chunks: key, correlation id, 0x0013, 0xffff", message(
			"\x00\x00\x00\x0e\x00\x0csecret", "\x00\x00\x00\x11\x00\x0aid-1", "\x00\x00\x00\x13\x00\x06", "\x00\x00\xff\xff\x00\x07\x00",
			required, ping), v4, nil},
		{"the first of two counts", message(required, "\x00\x00\x00\x03\x00\x0a\xcb\x00\x71\x09", ping, "\x00\x00\x00\x0f\x00\x0bOTHER"), v4, nil},
		{"compressed beside plain", message(required, packed, ping), v4, nil},

		{"empty", nil, "", ErrMagic},
		{"three octets", []byte("HEP"), "", ErrMagic},
		{"HEPv2", []byte("\x02\x10\x02\x11\x13\xc4\x13\xc4"), "", ErrMagic},
		{"another version", append([]byte("HEP4"), options[4:]...), "", ErrMagic},
		{"length field cut", []byte("HEP3\x00"), "", ErrLength},
		{"total length 0", []byte("HEP3\x00\x00"), "", ErrLength},
		{"total length less than the header", []byte("HEP3\x00\x05\x00"), "", ErrLength},
		{"total length more than the octets in hand", options[:len(options)-1], "", ErrLength},
		{"no chunk", message(), "", ErrAddresses},
		{"chunk header cut", message(required, ping, "\x00\x00\x00\x0f\x00"), "", ErrChunk},
		{"chunk length 0", message(required, "\x00\x00\x00\x0f\x00\x00", ping), "", ErrChunk},
		{"chunk length less than its header", message(required, "\x00\x00\x00\x0f\x00\x05"), "", ErrChunk},
		{"chunk length past the message", message(required, "\x00\x00\x00\x0f\x00\x0bPING"), "", ErrChunk},
		{"chunk length past the message, octets behind it", append(message(required, "\x00\x00\x00\x0f\x00\x0bPING"), 'X'), "", ErrChunk},
		{"unknown chunk past the message", message(required, ping, "\x00\x09\x00\x99\xff\xff"), "", ErrChunk},
		{"protocol without value", message(src4, dst4, srcPort, dstPort, "\x00\x00\x00\x02\x00\x06", ping), "", ErrChunkValue},
		{"IPv4 address of 16 octets", message("\x00\x00\x00\x03\x00\x16"+prefix6+"\x01", ping), "", ErrChunkValue},
		{"IPv6 address of 4 octets", message("\x00\x00\x00\x05\x00\x0a\xc0\x00\x02\x01", ping), "", ErrChunkValue},
		{"port of 4 octets", message("\x00\x00\x00\x07\x00\x0a\x00\x00\x13\xc4", ping), "", ErrChunkValue},
		{"time of 8 octets", message("\x00\x00\x00\x09\x00\x0e\x00\x00\x00\x00\x00\x00\x00\x00", ping), "", ErrChunkValue},
		{"no addresses", message(udp, srcPort, dstPort, ping), "", ErrAddresses},
		{"no destination", message(udp, src4, srcPort, dstPort, ping), "", ErrAddresses},
		{"two families, one end each", message(udp, src4, dst6, srcPort, dstPort, ping), "", ErrAddresses},
		{"two families within IPv6", message(udp, src6as4, dst6, srcPort, dstPort, ping), "", ErrAddresses},
		{"no protocol", message(src4, dst4, srcPort, dstPort, ping), "", ErrProtocol},
		{"no source port", message(udp, src4, dst4, dstPort, ping), "", ErrPorts},
		{"no payload", message(required), "", ErrNoPayload},
		{"empty payload", message(required, "\x00\x00\x00\x0f\x00\x06"), "", ErrNoPayload},
		{"compressed payload", message(required, packed), "", ErrCompressed},
	} {
		var m Message
		err := Parse(tt.b, &m)
		if err != tt.err { //nolint:errorlint // the very value is what callers count by
			t.Errorf("%s: %v, want %v", tt.name, err, tt.err)
			continue
		}
		if err == nil && (m.Src.String()+" "+m.Dst.String() != tt.ends || string(m.Payload) != "PING") {
			t.Errorf("%s: %v %v %q", tt.name, m.Src, m.Dst, m.Payload)
		}
	}
}

func TestTimeAndVLAN(t *testing.T) {
	seconds := "\x00\x00\x00\x09\x00\x0a\x00\x00\x00\x01"
	for _, tt := range []struct {
		name, chunks string
		time         int64
		hasTime      bool
		vlan         uint16
	}{
		{"none", "", 0, false, 0},
		{"seconds alone", seconds, 1e9, true, 0},
		{"microseconds alone say nothing", "\x00\x00\x00\x0a\x00\x0a\x00\x00\x00\x01", 0, false, 0},
		{"the last microsecond", seconds + "\x00\x00\x00\x0a\x00\x0a\x00\x0f\x42\x3f", 1_999_999_000, true, 0},
		{"a million microseconds", seconds + "\x00\x00\x00\x0a\x00\x0a\x00\x0f\x42\x40", 0, false, 0},
		{"the end of the clock", "\x00\x00\x00\x09\x00\x0a\xff\xff\xff\xff", 4294967295e9, true, 0},
		{"VLAN 100", "\x00\x00\x00\x12\x00\x08\x00\x64", 0, false, 100},
		{"VLAN 4094", "\x00\x00\x00\x12\x00\x08\x0f\xfe", 0, false, 4094},
		{"VLAN 0 is a priority tag", "\x00\x00\x00\x12\x00\x08\x00\x00", 0, false, 0},
		{"VLAN 4095 is reserved", "\x00\x00\x00\x12\x00\x08\x0f\xff", 0, false, 0},
	} {
		var m Message
		if err := Parse(message(required, ping, tt.chunks), &m); err != nil {
			t.Errorf("%s: %v", tt.name, err)
		}
		if m.Time != tt.time || m.HasTime != tt.hasTime || m.VLAN != tt.vlan || m.HasVLAN != (tt.vlan != 0) {
			t.Errorf("%s: %+v", tt.name, m)
		}
	}
}

// What an incomplete message does say is there: the caller tells SIP without addresses from a statistic without any.
func TestIncompleteSaysWhatItIs(t *testing.T) {
	var m Message
	if err := Parse(message("\x00\x00\x00\x0b\x00\x07\x22", ping), &m); err != ErrAddresses || m.Type != 0x22 || string(m.Payload) != "PING" { //nolint:errorlint // as above
		t.Errorf("%v, %+v", err, m)
	}
}

// Every cut of a message is refused, and none is read past.
func TestParseTruncated(t *testing.T) {
	var m Message
	for n := range options {
		if err := Parse(slices.Clone(options[:n]), &m); err == nil {
			t.Errorf("%d of %d octets were taken for the whole", n, len(options))
		}
	}
}

func TestLen(t *testing.T) {
	for _, tt := range []struct {
		b    string
		want int
		err  error
	}{
		{"HEP3\x00\x73", 115, nil},
		{"HEP3\xff\xff", MaxLen, nil},
		{"HEP3\x00\x06", 6, nil},
		{"HEP3\x00\x05", 0, ErrLength},
		{"HEP3\x00", 0, ErrLength},
		{"HEP2\x00\x10", 0, ErrMagic},
		{"", 0, ErrMagic},
	} {
		if n, err := Len([]byte(tt.b)); n != tt.want || err != tt.err { //nolint:errorlint // as above
			t.Errorf("%q: %d, %v; want %d, %v", tt.b, n, err, tt.want, tt.err)
		}
	}
}

func TestReasons(t *testing.T) {
	known := map[string]bool{"": true, "unknown": true}
	for e := ErrMagic; int(e) < ParseErrors; e++ {
		if known[e.Reason()] {
			t.Errorf("error %d: %q", e, e.Reason())
		}
		known[e.Reason()] = true
	}
	if ParseError(0).Reason() != "unknown" || ParseError(255).Reason() != "unknown" {
		t.Error("what is no reason has a name")
	}
}

func TestParseDoesNotAllocate(t *testing.T) {
	var m Message
	broken := message(required, packed)
	if n := testing.AllocsPerRun(1000, func() { _, _ = Parse(options, &m), Parse(broken, &m) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	var m Message
	for b.Loop() {
		if err := Parse(options, &m); err != nil {
			b.Fatal(err)
		}
	}
}
