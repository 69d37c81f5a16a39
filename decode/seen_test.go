package decode

import (
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"
)

// tcpOf puts a TCP header before payload.
func tcpOf(src, dst uint16, payload []byte) []byte {
	b := binary.BigEndian.AppendUint16(nil, src)
	b = binary.BigEndian.AppendUint16(b, dst)
	b = append(b, 0, 0, 0, 1, 0, 0, 0, 2) // sequence, acknowledgment number
	b = append(b, 0x50, 0x18, 1, 0, 0, 0, 0, 0)
	return append(b, payload...)
}

func TestClassifySeen(t *testing.T) {
	text := func(s string) []byte { return []byte(s) }
	full := []byte{
		0x80, 0x01, 0x00, 0x00, // F, source call 1; destination call 0
		0x00, 0x00, 0x00, 0x03, // time-stamp: 3 ms
		0x00, 0x00, // sequence numbers
		0x06, 0x01, // IAX, NEW
		0x0b, 0x02, 0x00, 0x02, // VERSION
	}
	mini := append([]byte{0x00, 0x01, 0x01, 0x40}, make([]byte, 160)...) // source call 1, time-stamp
	ras := []byte{
		0x0e, 0x80, // registrationRequest, with optional fields
		0x12, 0x34, // requestSeqNum 4661
		0x06, 0x00, 0x08, 0x91, 0x4a, 0x00, 0x05, // protocolIdentifier 0.0.8.2250.0.5
	}
	tests := []struct {
		name     string
		src, dst uint16
		payload  []byte
		want     Reason
	}{
		{"MGCP, CRCX", 2727, 2427, text("CRCX 1204 aaln/1@rgw-2567.whatever.net MGCP 1.0\r\nC: A3C47F21456789F0\r\n"), MGCP},
		{"MGCP, from any port", 40000, 2427, text("AUEP 1 *@gw MGCP 1.0\r\n"), MGCP},
		{"MGCP, lower case, profile", 2427, 2727, text("ntfy 2002 aaln/1@gw mgcp 1.0 NCS 1.0\n"), MGCP},
		{"MGCP, 200", 2427, 2727, text("200 1204 OK\r\n"), MGCP},
		{"MGCP, 200 alone", 2427, 2727, text("200 1204"), MGCP},
		{"MGCP on another port", 40000, 2428, text("CRCX 1204 aaln/1@gw MGCP 1.0\r\n"), UDPOther},
		{"no endpoint", 2727, 2427, text("CRCX 1204 MGCP 1.0\r\n"), UDPOther},
		{"transaction of ten digits", 2727, 2427, text("CRCX 1234567890 a@b MGCP 1.0\r\n"), UDPOther},
		{"no transaction", 2427, 2727, text("200 OK\r\n"), UDPOther},
		{"MGCP on the second line", 2727, 2427, text("CRCX 1204 a@b\r\nMGCP 1.0\r\n"), UDPOther},
		{"SIP on MGCP's port", 2727, 2427, invite, SIP},
		{"RTP on MGCP's port", 2427, 2427, voice, RTP},
		{"RTCP on MGCP's port", 2427, 2427, receiverReport, RTCP},

		{"IAX2, NEW", 4569, 4569, full, IAX2},
		{"IAX2, from any port", 40000, 4569, full, IAX2},
		{"IAX2, call 20000", 4569, 4569, with(full, 0, 0xce, 0x20), IAX2},
		{"IAX2, voice", 4569, 4569, with(full, 10, 2, 4), IAX2},
		{"IAX2, HANGUP", 4569, 4569, with(full, 10, 6, 5), IAX2},
		{"IAX2, frame of type 0", 4569, 4569, with(full, 0, 0xce, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0), UDPOther},
		{"IAX2, subclass of 0", 4569, 4569, with(full, 0, 0xce, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0), UDPOther},
		{"IAX2, 11 octets", 4569, 4569, with(full[:11], 0, 0xce), UDPOther},
		{"IAX2 on another port", 4570, 4570, with(full, 0, 0xce), UDPOther},
		{"IAX2, mini", 4569, 4569, mini, IAX2},
		{"IAX2, trunk", 4569, 4569, slices.Concat([]byte{0, 0, 1, 1, 0, 0, 0, 9}, mini), IAX2},
		{"IAX2, no meta command", 4569, 4569, []byte{0, 0, 2, 1, 0, 9}, UDPOther},
		{"mini on another port", 4570, 4570, mini, UDPOther},
		{"SIP on IAX2's port", 4569, 4569, invite, SIP},
		{"STUN on IAX2's port", 4569, 40000, binding, STUN},
		{"DTLS on IAX2's port", 4569, 40000, clientHello, DTLS},
		{"RTP on IAX2's port", 4569, 40000, voice, RTP},
		{"RTP on IAX2's port, and a system port", 4569, 53, voice, UDPOther},
		{"RTCP on IAX2's port", 40000, 4569, receiverReport, RTCP},
		{"NUL on IAX2's port", 40000, 4569, []byte{0, 0, 0, 0}, KeepAlive},

		{"RAS, RRQ", 40000, 1719, ras, H323},
		{"RAS, RCF", 1719, 40000, with(ras, 0, 0x12), H323},
		{"RAS, the last alternative", 1719, 1719, with(ras, 0, 24<<2), H323},
		{"RAS, one more", 1719, 1719, with(ras, 0, 25<<2), UDPOther},
		{"text on RAS's port", 40000, 1719, text("GET / HTTP/1.1"), UDPOther},
		{"RAS on another port", 40000, 1721, ras, UDPOther},
		{"RTP on RAS's port", 40000, 1719, voice, RTP},
		{"SIP on RAS's port", 1719, 1719, invite, SIP},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := datagramOf(tt.payload)
			f.Src.Port, f.Dst.Port = tt.src, tt.dst
			if got := Classify(&f); got != tt.want {
				t.Errorf("got %v, want %v", got, tt.want)
			}
			f.Src.Port, f.Dst.Port = tt.dst, tt.src
			if got := Classify(&f); got != tt.want {
				t.Errorf("the other way: got %v, want %v", got, tt.want)
			}
		})
	}
}

func TestClassifySegment(t *testing.T) {
	setup := []byte{
		0x03, 0x00, 0x00, 0x20, // TPKT, 32 octets
		0x08, 0x02, 0x00, 0x01, 0x05, // Q.931, call reference 1, SETUP
	}
	register := []byte{
		0x28, 0, 0, 0, // length 40
		0, 0, 0, 0, // version 0
		0x01, 0, 0, 0, // Register
	}
	for _, tt := range []struct {
		name     string
		src, dst uint16
		payload  []byte
		want     Reason
	}{
		{"H.225.0", 40000, 1720, setup, H323},
		{"H.225.0, back", 1720, 40000, setup, H323},
		{"H.225.0 on another port", 40000, 1721, setup, TCP},
		{"TPKT version 2", 40000, 1720, with(setup, 0, 2), TCP},
		{"RDP's X.224 on that port", 40000, 1720, with(setup, 4, 0x0e, 0xe0), TCP},
		{"TPKT of 8", 40000, 1720, with(setup, 3, 8), TCP},
		{"five octets", 40000, 1720, setup[:5], TCP},
		{"Skinny", 40000, 2000, register, Skinny},
		{"Skinny, back, newer", 2000, 40000, with(register, 4, 0x16), Skinny},
		{"Skinny, version 9", 40000, 2000, with(register, 4, 9), TCP},
		{"Skinny, length 3", 40000, 2000, with(register, 0, 3), TCP},
		{"Skinny, length 4097", 40000, 2000, with(register, 0, 1, 0x10), TCP},
		{"Skinny, no such message", 40000, 2000, with(register, 8, 0, 0, 1), TCP},
		{"eleven octets", 40000, 2000, register[:11], TCP},
		{"Skinny on H.323's port", 40000, 1720, register, TCP},
		{"text", 40000, 2000, []byte("GET / HTTP/1.1\r\n"), TCP},
		{"nothing", 40000, 2000, nil, TCP},
	} {
		f := Frame{Proto: protoTCP, Payload: tcpOf(tt.src, tt.dst, tt.payload)}
		f.PayloadLen = len(f.Payload)
		f.Src.Port, f.Dst.Port = tt.src, tt.dst
		if got := ClassifySegment(&f); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
		for _, offset := range []byte{0x40, 0xf0} { // a data offset below the header, or past the segment
			f.Payload = with(f.Payload, 12, offset)
			if got := ClassifySegment(&f); got != TCP && len(tt.payload) < 40 {
				t.Errorf("%s, data offset %d: %v", tt.name, offset>>4, got)
			}
		}
		f.Payload = f.Payload[:19]
		if got := ClassifySegment(&f); got != TCP {
			t.Errorf("%s, cut: %v", tt.name, got)
		}
	}
}

// RTP streams on IAX2's port are RTP, but for some: their time-stamps and SSRCs are drawn at random, as RFC 3550 asks.
func TestRTPOnThePortOfIAX2(t *testing.T) {
	rng := rand.New(rand.NewPCG(45, 69))
	const streams = 1_000_000
	mistaken := 0
	b := slices.Clone(voice)
	f := datagramOf(b)
	f.Dst.Port = portIAX2
	for range streams {
		binary.BigEndian.PutUint16(b[2:], uint16(rng.Uint32()))
		binary.BigEndian.PutUint32(b[4:], rng.Uint32())
		binary.BigEndian.PutUint32(b[8:], rng.Uint32())
		if Classify(&f) != RTP {
			mistaken++
		}
	}
	if mistaken*10_000 > streams {
		t.Errorf("%d of %d streams are taken for IAX2", mistaken, streams)
	}
	t.Logf("one stream of %d is taken for IAX2", streams/max(mistaken, 1))
}
