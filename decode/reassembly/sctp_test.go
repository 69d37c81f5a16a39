package reassembly

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"

	"calltrail/decode/sip"
)

// An SCTP packet of one DATA chunk, octet by octet (RFC 9260 sections 3.1 and 3.3.1).
var sctpOptions = []byte{
	0x13, 0xc4, 0x13, 0xc4, // ports 5060 and 5060
	0xde, 0xad, 0xbe, 0xef, // verification tag
	0x00, 0x00, 0x00, 0x00, // checksum, not filled in yet
	0x00, 0x03, 0x00, 0x2d, // DATA, B and E: a whole message; 16 and 29 octets
	0x00, 0x00, 0x00, 0x07, // TSN 7
	0x00, 0x01, 0x00, 0x02, // stream 1, its message 2
	0x00, 0x00, 0x00, 0x00, // no protocol in particular
	'O', 'P', 'T', 'I', 'O', 'N', 'S', ' ', 's', 'i', 'p', ':', 'b', '@', 'c', '.', 'd', ' ', 'S', 'I', 'P', '/', '2', '.', '0', '\r', '\n', '\r', '\n',
	0x00, 0x00, 0x00, // padding
}

const sctpMessage = "OPTIONS sip:b@c.d SIP/2.0\r\n\r\n"

var sctpFlow = &Flow{Src: addr(1), Dst: addr(2), SrcPort: 5060, DstPort: 5060, Scope: 3}

// sctpPacket is a packet of the association with the tag, of chunks.
func sctpPacket(tag uint32, chunks ...[]byte) []byte {
	b := []byte{0x13, 0xc4, 0x13, 0xc4, 0, 0, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint32(b[4:], tag)
	return append(b, slices.Concat(chunks...)...)
}

// sctpChunk is a chunk of any type, padded.
func sctpChunk(kind, flags byte, value []byte) []byte {
	b := append([]byte{kind, flags, 0, 0}, value...)
	binary.BigEndian.PutUint16(b[2:], uint16(len(b)))
	return append(b, make([]byte, -len(b)&3)...)
}

// dataChunk is a DATA chunk of stream 1.
func dataChunk(flags byte, tsn, ppid uint32, user string) []byte {
	b := binary.BigEndian.AppendUint32(nil, tsn)
	b = append(b, 0, 1, 0, 2)
	return sctpChunk(chunkData, flags, append(binary.BigEndian.AppendUint32(b, ppid), user...))
}

// iDataChunk is an I-DATA chunk of the message mid of stream 1; last is the PPID or the FSN.
func iDataChunk(flags byte, tsn, mid, last uint32, user string) []byte {
	b := binary.BigEndian.AppendUint32(nil, tsn)
	b = append(b, 0, 1, 0, 0)
	b = binary.BigEndian.AppendUint32(b, mid)
	return sctpChunk(chunkIData, flags, append(binary.BigEndian.AppendUint32(b, last), user...))
}

const (
	flagsWhole = flagBegin | flagEnd
	sctpA      = "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/SCTP a.example;branch=z9hG4bK1\r\n" // longer than tooShort
	sctpB      = "From: <sip:alice@a.example>;tag=1\r\n"
	sctpC      = "Call-ID: 1\r\n\r\n"
)

var (
	heartbeat = sctpChunk(4, 0, []byte{0, 1, 0, 8, 1, 2, 3, 4})
	sack      = sctpChunk(3, 0, make([]byte, 12))
	m3ua      = dataChunk(flagsWhole, 9, 3, "\x01\x00\x03\x03\x00\x00\x00\x08") // ASP Up, RFC 4666 section 3.5.1
)

func TestAssociations(t *testing.T) {
	type step struct {
		b       []byte
		cut     int // octets of b that the snap length took
		v       Verdict
		give    []string
		overlap bool
	}
	one := func(v Verdict, b []byte, give ...string) step { return step{b: b, v: v, give: give} }
	pack := func(v Verdict, chunk []byte, give ...string) step {
		return step{b: sctpPacket(1, chunk), v: v, give: give}
	}
	for _, test := range []struct {
		name  string
		steps []step
		stats AssociationStats // without Packets
	}{{
		"one chunk",
		[]step{one(Completed, sctpOptions, sctpMessage)},
		AssociationStats{Messages: 1},
	}, {
		"sent again: the same TSN",
		[]step{one(Completed, sctpOptions, sctpMessage), one(Held, sctpOptions)},
		AssociationStats{Messages: 1, Copies: 1},
	}, {
		"bundled with an acknowledgement, and three in one packet",
		[]step{one(Completed, sctpPacket(1, sack, dataChunk(flagsWhole, 1, 0, sctpMessage), heartbeat, dataChunk(flagsWhole|flagUnordered, 2, 0, sctpA), dataChunk(flagsWhole, 3, 0, sctpMessage)), sctpMessage, sctpA, sctpMessage)},
		AssociationStats{Messages: 3},
	}, {
		"what goes with an association of SIP, and what with none",
		[]step{pack(NotFollowed, heartbeat), pack(Completed, dataChunk(flagsWhole, 1, 0, sctpMessage), sctpMessage), pack(Held, heartbeat), pack(Held, sack), pack(Held, dataChunk(flagsWhole, 2, 0, "\r\n\r\n"))},
		AssociationStats{Messages: 1},
	}, {
		"three chunks",
		[]step{pack(Held, dataChunk(flagBegin, 5, 0, sctpA)), pack(Held, dataChunk(0, 6, 0, sctpB)), pack(Completed, dataChunk(flagEnd, 7, 0, sctpC), sctpA+sctpB+sctpC)},
		AssociationStats{Messages: 1, Joined: 1},
	}, {
		"out of order, across the end of the numbers",
		[]step{pack(Held, dataChunk(flagEnd, 1, 0, sctpC)), pack(Held, dataChunk(0, 0, 0, sctpB)), pack(Completed, dataChunk(flagBegin, 1<<32-1, 0, sctpA), sctpA+sctpB+sctpC)},
		AssociationStats{Messages: 1, Joined: 1},
	}, {
		"the first chunk too short to tell",
		[]step{pack(Held, dataChunk(flagBegin, 1, 0, "INV")), pack(Completed, dataChunk(flagEnd, 2, 0, sctpA[3:]), sctpA)},
		AssociationStats{Messages: 1, Joined: 1},
	}, {
		"two messages at once in one packet",
		[]step{
			pack(Held, dataChunk(flagBegin, 1, 0, sctpA)), pack(Held, dataChunk(flagEnd, 4, 0, sctpC)),
			one(Completed, sctpPacket(1, dataChunk(flagEnd, 2, 0, sctpB), dataChunk(flagBegin, 3, 0, sctpA)), sctpA+sctpB, sctpA+sctpC),
		},
		AssociationStats{Messages: 2, Joined: 2},
	}, {
		"sent again while it waits, and afterwards",
		[]step{pack(Held, dataChunk(flagBegin, 1, 0, sctpA)), pack(Held, dataChunk(flagBegin, 1, 0, sctpA)), pack(Completed, dataChunk(flagEnd, 2, 0, sctpB), sctpA+sctpB), pack(Held, dataChunk(flagBegin, 1, 0, sctpA)), pack(Held, dataChunk(flagEnd, 2, 0, sctpB))},
		AssociationStats{Messages: 1, Joined: 1, Copies: 3},
	}, {
		"sent again with other octets: the first ones count",
		[]step{pack(Held, dataChunk(flagBegin, 1, 0, sctpA)), pack(Held, dataChunk(flagBegin, 1, 0, strings.Replace(sctpA, "bob", "eve", 1))), {sctpPacket(1, dataChunk(flagEnd, 2, 0, sctpB)), 0, Completed, []string{sctpA + sctpB}, true}},
		AssociationStats{Messages: 1, Joined: 1, Copies: 1, Overlaps: 1},
	}, {
		"I-DATA in one chunk",
		[]step{pack(Completed, iDataChunk(flagsWhole, 1, 0, 0, sctpMessage), sctpMessage)},
		AssociationStats{Messages: 1},
	}, {
		"I-DATA, two messages interleaved",
		[]step{
			pack(Held, iDataChunk(flagBegin, 1, 0, 0, sctpA)), pack(Held, iDataChunk(flagBegin, 2, 1, 0, sctpA)), pack(Held, iDataChunk(0, 3, 1, 1, sctpB)),
			pack(Completed, iDataChunk(flagEnd, 4, 0, 1, sctpC), sctpA+sctpC), pack(Completed, iDataChunk(flagEnd, 5, 1, 2, sctpC), sctpA+sctpB+sctpC),
		},
		AssociationStats{Messages: 2, Joined: 2},
	}, {
		"I-DATA, the U flag makes another message",
		[]step{pack(Held, iDataChunk(flagBegin, 1, 0, 0, sctpA)), pack(Held, iDataChunk(flagEnd|flagUnordered, 2, 0, 1, sctpC)), pack(Completed, iDataChunk(flagEnd, 3, 0, 1, sctpB), sctpA+sctpB)},
		AssociationStats{Messages: 1, Joined: 1},
	}, {
		"I-DATA, the same place twice",
		[]step{pack(Held, iDataChunk(flagBegin, 1, 0, 0, sctpA)), pack(Held, iDataChunk(0, 2, 0, 1, sctpB)), pack(Held, iDataChunk(0, 3, 0, 1, sctpC)), pack(Completed, iDataChunk(flagEnd, 4, 0, 2, sctpC), sctpA+sctpB+sctpC)},
		AssociationStats{Messages: 1, Joined: 1, Copies: 1},
	}, {
		"SIGTRAN, in either order of octets; SIP whatever the identifier says",
		[]step{pack(Sigtran, m3ua), pack(Sigtran, dataChunk(flagsWhole, 1, 5<<24, "\x01\x00\x0b\x02")), pack(Sigtran, dataChunk(flagBegin, 1, 3, "\x01\x00")), pack(Sigtran, dataChunk(flagEnd, 2, 3, "\x01\x00")), pack(Completed, dataChunk(flagsWhole, 3, 3, sctpMessage), sctpMessage)},
		AssociationStats{Messages: 1},
	}, {
		"other protocols: S1AP, and something that names none",
		[]step{pack(NotFollowed, dataChunk(flagsWhole, 1, 18, "\x00\x0c")), pack(NotFollowed, dataChunk(flagsWhole, 2, 0, "\x00\x0c")), pack(NotFollowed, dataChunk(flagBegin, 3, 0, strings.Repeat("\x00", tooShort))), pack(NotFollowed, dataChunk(0, 4, 0, "\x00")), pack(NotFollowed, dataChunk(flagBegin, 5, 18, strings.Repeat("\x00", tooShort)))},
		AssociationStats{},
	}, {
		"parts without a beginning go when the next beginning is none of SIP",
		[]step{pack(Held, dataChunk(0, 1, 0, sctpB)), pack(NotFollowed, dataChunk(flagBegin, 3, 0, strings.Repeat("x", tooShort)))},
		AssociationStats{Evicted: 1},
	}, {
		"a short beginning that was none",
		[]step{pack(Held, dataChunk(flagBegin, 1, 0, "HEL")), pack(Held, dataChunk(flagEnd, 2, 0, "LO"))},
		AssociationStats{},
	}, {
		"two beginnings: what is between them is lost",
		[]step{pack(Held, dataChunk(flagBegin, 1, 0, sctpA)), pack(Held, dataChunk(flagBegin, 2, 0, sctpA)), pack(Completed, dataChunk(flagEnd, 3, 0, sctpC), sctpA+sctpC)},
		AssociationStats{Messages: 1, Joined: 1},
	}, {
		"cut by the snap length: in a message of one chunk, and of two",
		[]step{
			{sctpOptions, 10, Completed, []string{sctpMessage[:22]}, false},
			{sctpPacket(1, dataChunk(flagBegin, 1, 0, sctpA)), 4, Held, nil, false},
			{sctpPacket(1, dataChunk(flagEnd, 2, 0, sctpC)), 0, Completed, []string{sctpA[:len(sctpA)-4+(-len(sctpA)&3)]}, false},
		},
		AssociationStats{Messages: 2, Joined: 1},
	}, {
		"headers that are wrong",
		[]step{
			one(NotFollowed, sctpOptions[:11]),                               // common header cut
			one(NotFollowed, sctpOptions[:14]),                               // chunk header cut
			one(NotFollowed, sctpOptions[:28]),                               // no user data in what there is
			one(NotFollowed, sctpOptions[:40]),                               // a length past the end of the packet
			one(NotFollowed, sctpPacket(1, []byte{0, 3, 0, 3})),              // a length of less than the header
			one(NotFollowed, sctpPacket(1, []byte{4, 0, 0, 0})),              // and of nothing, which would never end
			one(NotFollowed, sctpPacket(1, dataChunk(flagsWhole, 1, 0, ""))), // no user data at all
			one(NotFollowed, sctpPacket(1, iDataChunk(flagsWhole, 1, 0, 0, ""))),
			one(Completed, sctpPacket(1, dataChunk(flagsWhole, 1, 0, sctpMessage), []byte{4, 0, 0, 9}), sctpMessage), // one good, one wrong
		},
		AssociationStats{Messages: 1, Bad: 9},
	}, {
		"a packet without chunks",
		[]step{one(NotFollowed, sctpOptions[:12])},
		AssociationStats{},
	}} {
		t.Run(test.name, func(t *testing.T) {
			a := NewAssociations(AssociationConfig{})
			for i, s := range test.steps {
				at := second + int64(i)
				v := a.Packet(sctpFlow, s.b[:len(s.b)-s.cut], len(s.b), at)
				if v != s.v || len(a.Messages) != len(s.give) {
					t.Fatalf("packet %d: verdict %d, messages %q; want %d, %q", i+1, v, texts(a), s.v, s.give)
				}
				for n, m := range a.Messages {
					if string(m.Octets) != s.give[n] || m.Flow != *sctpFlow || m.Transport != sip.SCTP || m.At != at || m.Now != at || m.Overlap != s.overlap || m.Gap {
						t.Fatalf("packet %d: message %+v %q; want %q", i+1, m, m.Octets, s.give[n])
					}
				}
				checkAssociations(t, a)
			}
			test.stats.Packets = uint64(len(test.steps))
			if a.Stats != test.stats {
				t.Fatalf("%+v, want %+v", a.Stats, test.stats)
			}
		})
	}
}

func texts(a *Associations) (all []string) {
	for _, m := range a.Messages {
		all = append(all, string(m.Octets))
	}
	return all
}

// A multihomed host sends the rest over another path: other addresses, same association. Other tags, ports and scopes
// are other associations.
func TestAssociationKey(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*Flow)
		tag    uint32
		v      Verdict
	}{
		"another path":  {func(f *Flow) { f.Src, f.Dst = addr(11), addr(12) }, 1, Completed},
		"another tag":   {func(*Flow) {}, 2, Held},
		"another port":  {func(f *Flow) { f.SrcPort++ }, 1, Held},
		"another scope": {func(f *Flow) { f.Scope++ }, 1, Held},
	} {
		a := NewAssociations(AssociationConfig{})
		a.Packet(sctpFlow, sctpPacket(1, dataChunk(flagBegin, 1, 0, sctpA)), 200, 0)
		f := *sctpFlow
		test.change(&f)
		if v := a.Packet(&f, sctpPacket(test.tag, dataChunk(flagEnd, 2, 0, sctpC)), 200, 0); v != test.v {
			t.Errorf("%s: %d, want %d", name, v, test.v)
		}
		if test.v == Completed && a.Messages[0].Flow != f {
			t.Errorf("%s: not the flow of the last packet", name)
		}
	}
}
