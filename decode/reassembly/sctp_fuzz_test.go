package reassembly

import (
	"encoding/binary"
	"testing"

	"calltrail/decode/fuzzbound"
)

// FuzzAssociations reads its input as packets, each with a length of two octets before it; cut of each were not captured.
func FuzzAssociations(f *testing.F) {
	frame := func(packets ...[]byte) (b []byte) {
		for _, p := range packets {
			b = append(binary.BigEndian.AppendUint16(b, uint16(len(p))), p...)
		}
		return b
	}
	f.Add(frame(sctpOptions, sctpOptions), uint16(0))
	f.Add(frame(sctpPacket(1, dataChunk(flagEnd, 2, 0, sctpC)), sctpPacket(1, heartbeat, dataChunk(flagBegin, 1, 0, sctpA))), uint16(0))
	f.Add(frame(sctpPacket(1, iDataChunk(flagBegin, 1, 0, 0, sctpA), iDataChunk(0, 2, 0, 1, sctpB)), sctpPacket(1, iDataChunk(flagEnd, 1, 0, 2, sctpC))), uint16(3))
	f.Add(frame(sctpPacket(2, m3ua, sack)), uint16(1))
	f.Fuzz(func(t *testing.T, b []byte, cut uint16) {
		cfg := AssociationConfig{Associations: 3, Octets: 20 * blockLen, Timeout: 20, Idle: 40}
		fuzzbound.CheckNew(t, len(b), func() func() {
			a := NewAssociations(cfg)
			return func() {
				rest := b
				for now := int64(0); len(rest) >= 2; now++ {
					n := min(int(binary.BigEndian.Uint16(rest)), len(rest)-2)
					a.Packet(sctpFlow, rest[2:2+max(0, n-int(cut))], n, now)
					rest = rest[2+n:]
				}
			}
		})
		a := NewAssociations(cfg)
		for now := int64(0); len(b) >= 2; now++ {
			n := min(int(binary.BigEndian.Uint16(b)), len(b)-2)
			p := b[2 : 2+n]
			v := a.Packet(sctpFlow, p[:max(0, n-int(cut))], n, now)
			checkAssociations(t, a)
			if (v == Completed) != (len(a.Messages) > 0) || v > Sigtran {
				t.Fatalf("%d with %d messages", v, len(a.Messages))
			}
			for _, m := range a.Messages {
				if !looksLikeSIP(m.Octets) || len(m.Octets) > maxMessage {
					t.Fatalf("%q", m.Octets)
				}
			}
			b = b[2+n:]
		}
	})
}
