package rtp

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"calltrail/decode/fuzzbound"
)

// pcmu is 20 ms of PCMU: 12 octets of header, 4 of the 160 octets of payload.
var pcmu = []byte{
	0x80,       // V=2, P=0, X=0, CC=0
	0x80,       // M=1, PT=0
	0xff, 0xfe, // sequence number 65534
	0x00, 0x00, 0x00, 0xa0, // timestamp 160
	0xde, 0xad, 0xbe, 0xef, // SSRC
	0x7f, 0x7f, 0x7f, 0x7f, // payload
}

func TestParse(t *testing.T) {
	fixed := pcmu[1:12] // all but the first octet and the payload
	packet := func(first byte, rest ...byte) []byte {
		return slices.Concat([]byte{first}, fixed, rest)
	}
	tests := []struct {
		name       string
		b          []byte
		wireLen    int
		payloadLen int
		err        error
	}{
		{"whole", pcmu, 16, 4, nil},
		{"cut in the payload", pcmu, 172, 160, nil},
		{"cut after the fixed header", pcmu[:12], 172, 160, nil},
		{"wire length less than captured is not believed", pcmu, -1, 4, nil},
		{"no payload", pcmu[:12], 12, 0, nil},
		{"one octet short of a header", pcmu[:11], 172, 0, errShort},
		{"empty", nil, 0, 0, errShort},
		{"version 0", packet(0x00), 12, 0, errVersion},
		{"version 1", packet(0x40), 12, 0, errVersion},
		{"version 3", packet(0xc0), 12, 0, errVersion},
		{"two CSRCs", packet(0x82, 0, 0, 0, 1, 0, 0, 0, 2, 0x55), 21, 1, nil},
		{"CSRCs not captured", packet(0x8f), 12 + 60 + 20, 20, nil},
		{"more CSRCs than packet", packet(0x8f), 12 + 59, 0, errExtension},
		{"extension of one word", packet(0x90,
			0xbe, 0xde, 0x00, 0x01, // profile, length 1
			0x10, 0xff, 0x00, 0x00, // the word
			0x55, 0x55, // payload
		), 22, 2, nil},
		{"extension of no words", packet(0x90, 0xbe, 0xde, 0x00, 0x00, 0x55), 17, 1, nil},
		{"CSRC, then extension", packet(0x91, 0, 0, 0, 1, 0xbe, 0xde, 0, 0, 0x55, 0x55, 0x55), 23, 3, nil},
		{"extension longer than packet", packet(0x90, 0xbe, 0xde, 0x00, 0x02, 0, 0, 0, 0), 20, 0, errExtension},
		{"extension of 65535 words", packet(0x90, 0xbe, 0xde, 0xff, 0xff), 1500, 0, errExtension},
		{"extension cut, its length captured", packet(0x90, 0xbe, 0xde, 0x00, 0x02), 12 + 12 + 30, 30, nil},
		{"extension's length not captured", packet(0x90, 0xbe, 0xde, 0x00), 100, 0, errShort},
		{"padding", packet(0xa0, 0x55, 0x00, 0x00, 0x03), 16, 1, nil},
		{"padding only", packet(0xa0, 0x00, 0x02), 14, 0, nil},
		{"padding not captured", packet(0xa0, 0x55, 0x00, 0x00), 100, 88, nil},
		{"padding more than payload: encrypted", packet(0xa0, 0x55, 0x03), 14, 2, nil},
		{"padding bit on no payload", packet(0xa0), 12, 0, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var h Header
			if err := Parse(tt.b, tt.wireLen, &h); !errors.Is(err, tt.err) {
				t.Fatalf("error %v, want %v", err, tt.err)
			}
			if tt.err != nil {
				return
			}
			want := Header{Marker: true, Seq: 65534, Timestamp: 160, SSRC: 0xdeadbeef, PayloadLen: tt.payloadLen}
			if h != want {
				t.Errorf("got %+v, want %+v", h, want)
			}
		})
	}
}

func TestParseEveryPayloadType(t *testing.T) {
	b := slices.Clone(pcmu)
	for pt := range 256 {
		b[1] = byte(pt)
		var h Header
		if err := Parse(b, len(b), &h); err != nil {
			t.Fatal(err)
		}
		if int(h.PayloadType) != pt&0x7f || h.Marker != (pt > 127) {
			t.Errorf("octet %#x: payload type %d, marker %v", pt, h.PayloadType, h.Marker)
		}
	}
}

func TestStaticPayload(t *testing.T) {
	tests := []struct {
		pt   uint8
		name string
		rate uint32
	}{
		{0, "PCMU", 8000},
		{8, "PCMA", 8000},
		{9, "G722", 8000},
		{18, "G729", 8000},
		{10, "L16", 44100},
		{17, "DVI4", 22050},
		{34, "H263", 90000},
	}
	for _, tt := range tests {
		if name, rate, ok := StaticPayload(tt.pt); name != tt.name || rate != tt.rate || !ok {
			t.Errorf("%d: %q %d %v, want %q %d", tt.pt, name, rate, ok, tt.name, tt.rate)
		}
	}
	for _, pt := range []uint8{1, 2, 19, 20, 24, 27, 29, 30, 35, 72, 96, 127, 255} {
		if name, rate, ok := StaticPayload(pt); name != "" || rate != 0 || ok {
			t.Errorf("%d: %q %d %v, want nothing", pt, name, rate, ok)
		}
	}
}

func TestParseAllocatesNothing(t *testing.T) {
	var h Header
	bad := []byte{0x90, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}
	if n := testing.AllocsPerRun(100, func() {
		_ = Parse(pcmu, 172, &h)
		_ = Parse(bad, len(bad), &h)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzRTP(f *testing.F) {
	f.Add(pcmu, 172)
	f.Add([]byte{0xb1, 0x60, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 4, 0xbe, 0xde, 0, 1, 0, 0, 0, 0, 9, 2}, 26)
	f.Fuzz(func(t *testing.T, b []byte, wireLen int) {
		fuzzbound.Check(t, len(b), func() { _ = Parse(b, wireLen, new(Header)) })
		wireLen %= 1 << 20 // more would overflow the check below, not Parse
		var h, again Header
		before := bytes.Clone(b)
		err := Parse(b, wireLen, &h)
		if !bytes.Equal(b, before) {
			t.Fatal("the packet was written to")
		}
		if err != nil {
			return
		}
		wire := max(wireLen, len(b))
		if len(b) < headerLen || h.PayloadLen < 0 || h.PayloadLen > wire-headerLen || h.PayloadType > 127 {
			t.Fatalf("%d of %d octets gave %+v", len(b), wire, h)
		}
		// What is longer on the wire has so much more payload, once the padding is out of sight.
		if err := Parse(b, wire+100, &again); err != nil || again.PayloadLen < h.PayloadLen+100 {
			t.Fatalf("with 100 octets more: %+v, %v; before %+v", again, err, h)
		}
	})
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	var h Header
	for b.Loop() {
		if err := Parse(pcmu, 172, &h); err != nil {
			b.Fatal(err)
		}
	}
}
