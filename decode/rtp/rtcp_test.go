package rtp

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"calltrail/decode/fuzzbound"
)

// Packets of RFC 3550 section 6. SDES is that of an SSRC without items.
var (
	rtcpSR = []byte{
		0x80, 0xc8, 0x00, 0x06, // V=2, RC=0, PT=200 SR, length 6: 28 octets
		0xde, 0xad, 0xbe, 0xef, // SSRC of sender
		0, 0, 0, 1, 0, 0, 0, 2, // NTP timestamp
		0, 0, 0, 3, 0, 0, 0, 4, 0, 0, 0, 5, // RTP timestamp, packets, octets
	}
	rtcpRR   = []byte{0x80, 0xc9, 0x00, 0x01, 0xde, 0xad, 0xbe, 0xef} // PT=201 RR without reports
	rtcpSDES = []byte{
		0x81, 0xca, 0x00, 0x02, // SC=1, PT=202 SDES, length 2: 12 octets
		0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 0, // SSRC, END
	}
	rtcpBYE = []byte{0x81, 0xcb, 0x00, 0x01, 0xde, 0xad, 0xbe, 0xef}                 // PT=203
	rtcpPLI = []byte{0x81, 0xce, 0x00, 0x02, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 1}     // PT=206 PSFB, RFC 4585
	padded  = []byte{0xa0, 0xc9, 0x00, 0x02, 0xde, 0xad, 0xbe, 0xef, 0, 0, 0, 4}     // RR with P=1, 4 of padding
	srtcp   = []byte{0x80, 0xc9, 0, 1, 0xde, 0xad, 0xbe, 0xef, 0x13, 0x37, 0x42, 17} // RR, then ciphertext
)

func TestParseRTCP(t *testing.T) {
	tests := []struct {
		name    string
		b       []byte
		wireLen int // 0: nothing cut
		want    Compound
		err     error
	}{
		{"SR and SDES", slices.Concat(rtcpSR, rtcpSDES), 0, Compound{200, 0xdeadbeef, 2, true}, nil},
		{"RR, SDES, BYE", slices.Concat(rtcpRR, rtcpSDES, rtcpBYE), 0, Compound{201, 0xdeadbeef, 3, true}, nil},
		{"reduced size", rtcpPLI, 0, Compound{206, 0xdeadbeef, 1, true}, nil},
		{"padding in the last", slices.Concat(rtcpRR, padded), 0, Compound{201, 0xdeadbeef, 2, true}, nil},
		{"padding before the last", slices.Concat(padded, rtcpBYE), 0, Compound{201, 0xdeadbeef, 1, false}, nil},
		{"SRTCP", srtcp, 0, Compound{201, 0xdeadbeef, 1, false}, nil},
		{"trailing octets", slices.Concat(rtcpRR, []byte{0x80, 0xc9}), 0, Compound{201, 0xdeadbeef, 1, false}, nil},
		{"second longer than packet", slices.Concat(rtcpRR, rtcpSR[:8]), 0, Compound{201, 0xdeadbeef, 1, false}, nil},
		{"second of version 1", slices.Concat(rtcpRR, []byte{0x40, 0xc9, 0, 0}), 0, Compound{201, 0xdeadbeef, 1, false}, nil},
		{"second of type 191", slices.Concat(rtcpRR, []byte{0x80, 0xbf, 0, 0}), 0, Compound{201, 0xdeadbeef, 1, false}, nil},
		{"cut in the first", rtcpSR[:8], 40, Compound{200, 0xdeadbeef, 1, true}, nil},
		{"cut in the second header", slices.Concat(rtcpSR, rtcpSDES)[:30], 40, Compound{200, 0xdeadbeef, 1, true}, nil},
		{"64 packets", bytes.Repeat(rtcpRR, 64), 0, Compound{201, 0xdeadbeef, 64, true}, nil},
		{"65 packets", bytes.Repeat(rtcpRR, 65), 0, Compound{201, 0xdeadbeef, 64, false}, nil},
		{"empty", nil, 0, Compound{}, errRTCPShort},
		{"7 octets", rtcpRR[:7], 0, Compound{}, errRTCPShort},
		{"version 1", []byte{0x40, 0xc9, 0, 1, 0, 0, 0, 0}, 0, Compound{}, errRTCPVersion},
		{"type 191", []byte{0x80, 191, 0, 1, 0, 0, 0, 0}, 0, Compound{}, errRTCPType},
		{"type 214", []byte{0x80, 214, 0, 1, 0, 0, 0, 0}, 0, Compound{}, errRTCPType},
		{"length 0 has no SSRC", []byte{0x80, 203, 0, 0, 0, 0, 0, 0}, 0, Compound{}, errRTCPLength},
		{"length beyond the packet", []byte{0x80, 201, 0, 2, 0, 0, 0, 0}, 0, Compound{}, errRTCPLength},
		{"length 65535", []byte{0x80, 201, 0xff, 0xff, 0, 0, 0, 0}, 1472, Compound{}, errRTCPLength},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var c Compound
			err := ParseRTCP(tt.b, tt.wireLen, &c)
			if !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if err == nil && c != tt.want {
				t.Errorf("got %+v, want %+v", c, tt.want)
			}
		})
	}
}

func TestParseRTCPAllocatesNothing(t *testing.T) {
	b := slices.Concat(rtcpSR, rtcpSDES)
	var c Compound
	if n := testing.AllocsPerRun(100, func() { _ = ParseRTCP(b, len(b), &c) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzRTCP(f *testing.F) {
	f.Add(slices.Concat(rtcpSR, rtcpSDES), 40)
	f.Add(slices.Concat(rtcpRR, padded), 20)
	f.Add(srtcp, 12)
	f.Fuzz(func(t *testing.T, b []byte, wireLen int) {
		fuzzbound.Check(t, len(b), func() { _ = ParseRTCP(b, wireLen, new(Compound)) })
		var c Compound
		if err := ParseRTCP(b, wireLen, &c); err != nil {
			return
		}
		if c.Packets < 1 || c.Packets > maxCompound || c.PacketType < 192 || c.PacketType > 213 {
			t.Fatalf("%d octets gave %+v", len(b), c)
		}
		// No RTCP packet is an RTP packet with a payload type that RTP may use beside it (RFC 5761 section 4).
		var h Header
		if Parse(b, wireLen, &h) == nil && (h.PayloadType <= 34 || h.PayloadType >= 96) {
			t.Fatalf("RTCP type %d is RTP type %d as well", c.PacketType, h.PayloadType)
		}
	})
}
