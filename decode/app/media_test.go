package app

import (
	"bytes"
	"net/netip"
	"strings"
	"testing"

	"calltrail/decode/fuzzbound"
	"calltrail/decode/stun"
)

// fill is a media header of a type, long enough for RTP or RTCP to begin at offset.
func fill(kind byte, offset int) string {
	return string(kind) + strings.Repeat("\x22", offset-1)
}

func TestMedia(t *testing.T) {
	for _, c := range []struct {
		name     string
		b        string
		cut      int // octets that the snap length took away
		src, dst uint16
		offset   int
		medium   Medium
		kind     MediaKind
	}{
		{"audio", sfu + fill(15, 19) + rtp112, 100, 40000, 8801, 8 + 19, Audio, MediaRTP},
		{"video", sfu + fill(16, 24) + rtp112, 0, 8810, 40000, 8 + 24, Video, MediaRTP},
		{"type 13", sfu + fill(13, 27) + rtp112, 0, 40000, 8801, 8 + 27, MediumUnknown, MediaRTP},
		{"type 30", sfu + fill(30, 20) + rtp112, 0, 40000, 8801, 8 + 20, MediumUnknown, MediaRTP},
		{"type 33", sfu + fill(33, 16) + sr, 0, 40000, 8801, 8 + 16, MediumUnknown, MediaRTCP},
		{"type 34", sfu + fill(34, 16) + sr, 0, 40000, 8801, 8 + 16, MediumUnknown, MediaRTCP},
		{"type 35", sfu + fill(35, 16) + sr, 0, 40000, 8801, 8 + 16, MediumUnknown, MediaRTCP},
		{"audio between clients", fill(15, 19) + rtp112, 0, 40000, 50000, 19, Audio, MediaRTP},
		{"RTCP between clients", fill(33, 16) + sr, 0, 40000, 50000, 16, MediumUnknown, MediaRTCP},

		{"an octet earlier", sfu + fill(15, 18) + rtp112, 0, 40000, 8801, 0, MediumUnknown, MediaNone},
		{"header cut", (sfu + fill(15, 19) + rtp112)[:8+19+11], 1, 40000, 8801, 0, MediumUnknown, MediaNone},
		{"RTCP's header cut", (sfu + fill(33, 16) + sr)[:8+16+7], 1, 40000, 8801, 0, MediumUnknown, MediaNone},
		{"version 1", sfu + fill(15, 19) + "\x50" + rtp112[1:], 0, 40000, 8801, 0, MediumUnknown, MediaNone},
		{"RTCP of type 214", sfu + fill(33, 16) + "\x80\xd6" + sr[2:], 0, 40000, 8801, 0, MediumUnknown, MediaNone},
		{"RTCP of type 191", sfu + fill(33, 16) + "\x80\xbf" + sr[2:], 0, 40000, 8801, 0, MediumUnknown, MediaNone},
		{"type 14", sfu + fill(14, 19) + rtp112, 0, 40000, 8801, 0, MediumUnknown, MediaNone},
		{"type 64", sfu + fill(64, 19) + rtp112, 0, 40000, 8801, 0, MediumUnknown, MediaNone},
		{"type 0", sfu + fill(0, 19) + rtp112, 0, 40000, 8801, 0, MediumUnknown, MediaNone},
		{"no SFU header on its port", fill(15, 19) + rtp112, 0, 40000, 8801, 0, MediumUnknown, MediaNone},
		{"SFU header on another port", sfu + fill(15, 19) + rtp112, 0, 40000, 50000, 0, MediumUnknown, MediaNone},
		{"static type between clients", fill(15, 19) + "\x80\x00" + rtp112[2:], 0, 40000, 50000, 0, MediumUnknown, MediaNone},
		{"SFU header alone", sfu, 0, 40000, 8801, 0, MediumUnknown, MediaNone},
		{"SFU header cut", sfu[:7], 1, 40000, 8801, 0, MediumUnknown, MediaNone},
		{"nothing", "", 0, 40000, 8801, 0, MediumUnknown, MediaNone},
		{"nothing between clients", "", 0, 40000, 50000, 0, MediumUnknown, MediaNone},
	} {
		offset, medium, kind := Media([]byte(c.b), len(c.b)+c.cut, c.src, c.dst)
		if offset != c.offset || medium != c.medium || kind != c.kind {
			t.Errorf("%s: %d, %s, %d, want %d, %s, %d", c.name, offset, medium, kind, c.offset, c.medium, c.kind)
		}
	}
}

// TestShort holds that no part of a payload is taken for the whole of it.
func TestShort(t *testing.T) {
	for _, whole := range []string{sfu + fifteen + rtp112, peer, "\x00\x01\x00\x46" + strings.Repeat("\x00", 70), "0123456789abcdef" + ones + ones} {
		for n := range len(whole) {
			for _, port := range []uint16{500, 8801, 50000} {
				_ = Payload([]byte(whole[:n]), n, 40000, port)
				if got := Payload([]byte(whole[:n]), len(whole), 40000, port); n < patternReach && !got.Empty() {
					t.Errorf("%d octets of %x: %v", n, whole, names16(got))
				}
				_, _, _ = Media([]byte(whole[:n]), len(whole), 40000, port)
			}
		}
	}
}

func TestRealm(t *testing.T) {
	long := bytes.Repeat([]byte("x"), maxRealm)
	for _, c := range []struct {
		name  string
		realm []byte
		want  bool
	}{
		{"whole", []byte("telegram"), true},
		{"within", []byte("a.TeleGram.b"), true},
		{"begun twice", []byte("teltelegram"), true},
		{"cut", []byte("telegra"), false},
		{"octets that are letters without a bit", []byte("tele\x47ram\xed"), true},
		{"other octets", []byte("tele\x07ram"), false},
		{"at the end of what is searched", append(bytes.Clone(long[:maxRealm-8]), "telegram"...), true},
		{"behind it", append(bytes.Clone(long[:maxRealm-7]), "telegram"...), false},
		{"empty", nil, false},
	} {
		m := stun.Message{Type: 0x0113, Cookie: true, Realm: c.realm}
		if got := STUN(&m, 3478, 40000).Has(known.byName["telegram.realm"]); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
	}
}

func TestAllocatesNothing(t *testing.T) {
	var m stun.Message
	b := wire(0x0113, 0x2112a442, with(attr{0x8070, "\x00\x00\x00\x03"}, attr{0x0014, "turner.facebook"}))
	if err := stun.Parse(b, len(b), &m); err != nil {
		t.Fatal(err)
	}
	media, first, tag := []byte(sfu+fifteen+rtp112), []byte(peer), []byte("0123456789abcdef"+ones+ones[:2])
	v4, v6 := netip.MustParseAddr("91.108.7.1"), netip.MustParseAddr("2603:1063::1")
	var all Marks
	if n := testing.AllocsPerRun(100, func() {
		all.Join(STUN(&m, 40000, 3478))
		all.Join(Payload(media, len(media), 40000, 8801))
		all.Join(Payload(tag, len(tag), 40000, 500))
		all.Join(Payload(first, len(first), 40000, 50000))
		_, _, _ = Media(media, len(media), 40000, 8801)
		all.Join(Types(111))
		all.Join(Ports(40000, 3478))
		all.Join(Networks(v4))
		all.Join(Networks(v6))
		all.Join(AS(32934))
		all.Join(Attempts())
		_ = all.Of(Telegram).Medium(Telegram)
		_ = all.Reason()
		for id := range all.All() {
			_ = id.Name()
		}
	}); n != 0 {
		t.Errorf("%v allocations, want 0", n)
	}
	if !all.Reason() {
		t.Error("no mark was found, so this test proves nothing")
	}
}

func FuzzSTUN(f *testing.F) {
	f.Add(wire(0x0001, 0x2112a442, check), uint16(40000), uint16(3478))
	f.Add(wire(0x0800, 0x2112a442, []attr{{0x4000, "abcd"}}), uint16(40000), uint16(3478))
	f.Add(wire(0x0113, 0x2112a442, []attr{{0x0014, "turner.facebook"}}), uint16(3478), uint16(40000))
	f.Add(wire(0x0001, 0, []attr{{0x8070, "\x00\x00\x00\x03"}}), uint16(8801), uint16(10000))
	f.Fuzz(func(t *testing.T, b []byte, src, dst uint16) {
		var m stun.Message
		if stun.Parse(b, len(b), &m) != nil {
			m = stun.Message{Type: src, Cookie: dst&1 == 0, Realm: b, NumAttributes: uint8(min(len(b), 255))} // more than it can hold
			for i := range min(len(b), len(m.Attributes)) {
				m.Attributes[i] = uint16(b[i]) << 8
			}
		}
		fuzzbound.Check(t, len(b), func() { _ = STUN(&m, src, dst) })
		if there, back := STUN(&m, src, dst), STUN(&m, dst, src); there != back {
			t.Errorf("%v one way, %v the other", names16(there), names16(back))
		}
	})
}

func FuzzPayload(f *testing.F) {
	for _, s := range []string{sfu + fifteen + rtp112, peer, "\x00\x01\x00\x46" + strings.Repeat("\x00", 70), "0123456789abcdef" + ones + ones[:11], "\x77\x77\x19\x00"} {
		f.Add([]byte(s), len(s), uint16(40000), uint16(8801))
		f.Add([]byte(s), len(s), uint16(500), uint16(40000))
		f.Add([]byte(s), len(s)+1, uint16(50000), uint16(40000))
	}
	f.Fuzz(func(t *testing.T, b []byte, wireLen int, src, dst uint16) {
		before := bytes.Clone(b)
		fuzzbound.Check(t, len(b), func() { _ = Payload(b, wireLen, src, dst) })
		m := Payload(b, wireLen, src, dst)
		if !bytes.Equal(b, before) {
			t.Fatal("the packet was written to")
		}
		if m.Reason() && !Gate(b[0], src, dst) {
			t.Errorf("%v, which Gate keeps out", names16(m))
		}
		if back := Payload(b, wireLen, dst, src); m != back {
			t.Errorf("%v one way, %v the other", names16(m), names16(back))
		}
		offset, _, kind := Media(b, wireLen, src, dst)
		switch kind {
		case MediaRTP, MediaRTCP:
			if offset <= 0 || offset+rtcpLen > len(b) || b[offset]>>6 != 2 {
				t.Errorf("offset %d of %d", offset, len(b))
			}
		case MediaNone:
			if offset != 0 {
				t.Errorf("offset %d of nothing", offset)
			}
		}
	})
}

func BenchmarkGate(b *testing.B) {
	b.ReportAllocs()
	first, through := byte(0), 0
	for b.Loop() {
		first++
		if Gate(first, 40000, 50000) {
			through++
		}
	}
}

func BenchmarkPayload(b *testing.B) {
	noise := bytes.Repeat([]byte{0x77}, 1200)
	for _, c := range []struct {
		name string
		b    []byte
		port uint16
	}{
		{"other", noise, 50000},
		{"other on Telegram's port", noise, 500},
		{"Zoom", []byte(sfu + fifteen + rtp112), 8801},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Payload(c.b, len(c.b), 40000, c.port)
			}
		})
	}
}

func BenchmarkSTUN(b *testing.B) {
	for _, c := range []struct {
		name string
		b    []byte
	}{
		{"check", wire(0x0001, 0x2112a442, check)},
		{"realm", wire(0x0113, 0x2112a442, []attr{{0x0014, "turner.facebook"}})},
	} {
		b.Run(c.name, func(b *testing.B) {
			var m stun.Message
			if err := stun.Parse(c.b, len(c.b), &m); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				STUN(&m, 40000, 3478)
			}
		})
	}
}

func BenchmarkNetworks(b *testing.B) {
	for _, ip := range []string{"198.51.100.1", "91.108.7.1", "2603:1063::1"} {
		b.Run(ip, func(b *testing.B) {
			a := netip.MustParseAddr(ip)
			b.ReportAllocs()
			for b.Loop() {
				Networks(a)
			}
		})
	}
}

func BenchmarkJudge(b *testing.B) {
	m := marksOf(b, "telegram.network telegram.audio_type webrtc.ice webrtc.dtls webrtc.srtp teams.audio_port meet.audio_type")
	b.ReportAllocs()
	for b.Loop() {
		Judge(m)
	}
}
