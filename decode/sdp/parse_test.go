package sdp

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// offer is the example of RFC 3264 section 10.1 with what telephones add today.
const offer = `v=0
o=alice 2890844526 2890844527 IN IP4 host.example.com
s=MARK-NAME
i=MARK-INFO
e=MARK-EMAIL
p=MARK-PHONE
c=IN IP4 192.0.2.10
k=clear:MARK-KEY
t=0 0
m=audio 49170 RTP/AVP 0 8 97 101
a=rtpmap:0 PCMU/8000
a=rtpmap:97 iLBC/8000
a=rtpmap:101 telephone-event/8000/1
a=rtcp:53020
a=sendonly
m=video 51372 RTP/SAVP 31
c=IN IP6 2001:db8::20
a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:MARK-CRYPTO
a=rtcp-mux
`

func parse(t *testing.T, text string) *Description {
	t.Helper()
	d := new(Description)
	if err := d.Parse([]byte(text)); err != nil {
		t.Fatalf("Parse: %v", err)
	}
	return d
}

func TestOffer(t *testing.T) {
	for _, end := range []string{"\n", "\r\n", "\r"} {
		d := parse(t, strings.ReplaceAll(offer, "\n", end))
		if got, want := string(d.Origin()), "2890844526 2890844527 IN IP4 host.example.com"; got != want {
			t.Errorf("Origin = %q, want %q", got, want)
		}
		if len(d.Media) != 2 || d.Anomalies != 0 {
			t.Fatalf("%d media, anomalies %v", len(d.Media), slices.Collect(d.Anomalies.Names()))
		}
		a, v := &d.Media[0], &d.Media[1]
		if a.Type != MediaAudio || a.Proto != ProtoAVP || a.IP != netip.MustParseAddr("192.0.2.10") || a.Port != 49170 ||
			a.Ports != 1 || a.RTCPPort != 53020 || a.RTCPMux || a.Encrypted || a.Direction != SendOnly {
			t.Errorf("audio = %+v", a)
		}
		want := []struct {
			payloadType uint8
			name        string
			clock       uint32
		}{{0, "PCMU", 8000}, {8, "", 0}, {97, "iLBC", 8000}, {101, "telephone-event", 8000}}
		if int(a.NumFormats) != len(want) {
			t.Fatalf("%d formats, want %d", a.NumFormats, len(want))
		}
		for i, w := range want {
			f := &a.Formats[i]
			if f.PayloadType != w.payloadType || string(f.Name()) != w.name || f.Clock != w.clock {
				t.Errorf("format %d = %d %q %d, want %+v", i, f.PayloadType, f.Name(), f.Clock, w)
			}
		}
		if v.Type != MediaVideo || v.Proto != ProtoSAVP || v.IP != netip.MustParseAddr("2001:db8::20") ||
			v.Port != 51372 || v.RTCPPort != 51373 || !v.RTCPMux || !v.Encrypted || v.Direction != SendRecv {
			t.Errorf("video = %+v", v)
		}
	}
}

func TestMediaLines(t *testing.T) {
	const v4 = "192.0.2.1"
	for _, c := range []struct {
		name, session, media string
		want                 Media // Formats are not compared
		anomalies            Anomaly
	}{
		{"refused", "", "m=audio 0 RTP/AVP 0", Media{Type: MediaAudio, Proto: ProtoAVP, Ports: 1}, 0},
		{"hold of RFC 2543", "c=IN IP4 0.0.0.0\n", "m=audio 4000 RTP/AVP 0\na=inactive", Media{
			IP: netip.MustParseAddr("0.0.0.0"), Type: MediaAudio, Proto: ProtoAVP, Port: 4000, RTCPPort: 4001, Ports: 1,
			Direction: Inactive,
		}, 0},
		{"port pairs", "", "m=video 49170/2 RTP/AVP 31", Media{Type: MediaVideo, Proto: ProtoAVP, Port: 49170, RTCPPort: 49171, Ports: 2}, 0},
		{"port above 65535", "", "m=audio 65536 RTP/AVP 0", Media{Type: MediaAudio, Proto: ProtoAVP, Ports: 1}, MediaSyntax},
		{"negative port", "", "m=audio -1 RTP/AVP 0", Media{Type: MediaAudio, Proto: ProtoAVP, Ports: 1}, MediaSyntax},
		{"highest port", "", "m=audio 65535 RTP/AVP 0", Media{Type: MediaAudio, Proto: ProtoAVP, Port: 65535, Ports: 1}, 0},
		{"no format", "", "m=audio 4000 RTP/AVP", Media{Type: MediaAudio, Proto: ProtoAVP, Port: 4000, RTCPPort: 4001, Ports: 1}, MediaSyntax},
		{"empty", "", "m=", Media{Ports: 1}, MediaSyntax},
		{"multicast with TTL", "c=IN IP4 224.2.1.1/127/3\n", "m=audio 4000 RTP/AVP 0", Media{
			IP: netip.MustParseAddr("224.2.1.1"), Type: MediaAudio, Proto: ProtoAVP, Port: 4000, RTCPPort: 4001, Ports: 1,
		}, 0},
		{"host name", "c=IN IP4 media.example.com\n", "m=audio 4000 RTP/AVP 0", Media{Type: MediaAudio, Proto: ProtoAVP, Port: 4000, RTCPPort: 4001, Ports: 1}, 0},
		{"own address before the session's", "c=IN IP4 " + v4 + "\n", "m=audio 4000 RTP/AVP 0\nc=IN IP4 192.0.2.2\nc=IN IP4 192.0.2.3", Media{
			IP: netip.MustParseAddr("192.0.2.2"), Type: MediaAudio, Proto: ProtoAVP, Port: 4000, RTCPPort: 4001, Ports: 1, ownIP: true,
		}, 0},
		{"address of no type", "c=IN IP5 x\n", "m=audio 4000 RTP/AVP 0", Media{Type: MediaAudio, Proto: ProtoAVP, Port: 4000, RTCPPort: 4001, Ports: 1}, AddressSyntax},
		{"session direction and fingerprint", "a=recvonly\na=fingerprint:sha-256 00:11\n", "m=audio 9 UDP/TLS/RTP/SAVPF 111", Media{
			Type: MediaAudio, Proto: ProtoTLSSAVPF, Port: 9, RTCPPort: 10, Ports: 1, Direction: RecvOnly, Encrypted: true,
		}, 0},
		{"T.38", "c=IN IP4 " + v4 + "\n", "m=image 5004 udptl t38", Media{
			IP: netip.MustParseAddr(v4), Type: MediaImage, Proto: ProtoUDPTL, Port: 5004, RTCPPort: 5005, Ports: 1,
		}, 0},
		{"unknown media", "", "m=whiteboard 9 UDP/NEW x", Media{Port: 9, RTCPPort: 10, Ports: 1}, 0},
		{"rtcp port above 65535", "", "m=audio 4000 RTP/AVP 0\na=rtcp:70000", Media{Type: MediaAudio, Proto: ProtoAVP, Port: 4000, RTCPPort: 4001, Ports: 1}, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := parse(t, "v=0\no=- 1 1 IN IP4 192.0.2.9\ns=-\n"+c.session+"t=0 0\n"+c.media+"\n")
			if len(d.Media) != 1 {
				t.Fatalf("%d media, want 1", len(d.Media))
			}
			got := d.Media[0]
			got.NumFormats, got.Formats = 0, [MaxFormats]Format{}
			if got != c.want {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
			if d.Anomalies != c.anomalies {
				t.Errorf("anomalies %v, want %v", slices.Collect(d.Anomalies.Names()), slices.Collect(c.anomalies.Names()))
			}
		})
	}
}

func TestHostile(t *testing.T) {
	d := parse(t, "m=audio 4000 RTP/AVP 0\n")
	if d.Anomalies != MissingVersion || len(d.Media) != 1 {
		t.Errorf("without v=: anomalies %v, %d media", slices.Collect(d.Anomalies.Names()), len(d.Media))
	}
	d = parse(t, "v=0\n"+strings.Repeat("m=audio 4000 RTP/AVP 0\n", MaxMedia+1)+"c=IN IP4 192.0.2.1\na=crypto:1\n")
	if len(d.Media) != MaxMedia || d.Anomalies != Truncated {
		t.Errorf("%d media, anomalies %v", len(d.Media), slices.Collect(d.Anomalies.Names()))
	}
	if last := d.Media[MaxMedia-1]; last.IP.IsValid() || last.Encrypted {
		t.Error("lines of a media description that was left out were given to the one before")
	}
	d = parse(t, "v=0\nm=audio 4000 RTP/AVP"+strings.Repeat(" 0", 100)+"\n")
	if d.Media[0].NumFormats != MaxFormats || d.Anomalies != MoreFormats {
		t.Errorf("%d formats, anomalies %v", d.Media[0].NumFormats, slices.Collect(d.Anomalies.Names()))
	}
	d = parse(t, "v=0\no=u "+strings.Repeat("1", 1000)+"\nm=audio 1 RTP/AVP 128 x 0\nnonsense\n")
	if len(d.Origin()) != MaxOrigin || d.Anomalies != Truncated|MediaSyntax|LineSyntax || d.Media[0].NumFormats != 1 {
		t.Errorf("origin of %d octets, anomalies %v", len(d.Origin()), slices.Collect(d.Anomalies.Names()))
	}
	for _, text := range []string{"", "\r\n", "hello", "<xml/>", "s=x\n", "o=- 1 1 IN IP4 192.0.2.1\n"} {
		if err := d.Parse([]byte(text)); !errors.Is(err, ErrNoDescription) || len(d.Media) != 0 || d.Origin() != nil || d.Anomalies != 0 {
			t.Errorf("Parse(%q) = %v with %d media", text, err, len(d.Media))
		}
	}
}

// TestNeverKept holds that nothing of the fields that may name or describe people, and no key, is in a Description.
func TestNeverKept(t *testing.T) {
	d := parse(t, strings.ReplaceAll(offer, "alice", "MARK-USER"))
	all := string(d.Origin())
	for i := range d.Media {
		for k := range d.Media[i].Formats {
			all += string(d.Media[i].Formats[k].name[:])
		}
	}
	if strings.Contains(all, "MARK") {
		t.Errorf("kept %q", all)
	}
}

func TestParseAddr(t *testing.T) {
	for _, s := range []string{
		"192.0.2.1", "0.0.0.0", "255.255.255.255", "256.0.0.1", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "01.2.3.4", "",
		"2001:db8::1", "::", "::1", "1::", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4:5:6:7::",
		"1:2:3:4:5:6:7:8::", "::1:2:3:4:5:6:7:8", "1::2::3", ":1", "1:", ":::", "12345::", "g::", "::ffff:192.0.2.1",
		"1:2:3:4:5:6:192.0.2.1", "1:2:3:4:5:192.0.2.1", "::192.0.2.1:1", "::192.0.2", "fe80::1%eth0", "2001:DB8::A",
	} {
		checkAddr(t, s)
	}
}

// checkAddr holds parseAddr to the standard library's, which takes zones as well.
func checkAddr(t *testing.T, s string) {
	t.Helper()
	want, err := netip.ParseAddr(s)
	got, ok := parseAddr([]byte(s))
	if wantOK := err == nil && want.Zone() == "" && !strings.Contains(s, "%"); ok != wantOK || ok && got != want {
		t.Errorf("parseAddr(%q) = %v, %v; netip.ParseAddr says %v, %v", s, got, ok, want, err)
	}
}

func TestNoAllocation(t *testing.T) {
	d, b := new(Description), []byte(offer)
	if err := d.Parse(b); err != nil {
		t.Fatal(err)
	}
	multi := []byte(mixed)
	if n := testing.AllocsPerRun(100, func() {
		if d.Parse(b) != nil || FromBody([]byte(`multipart/mixed;boundary="b 1"`), multi) == nil {
			t.Error("not parsed")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestDamaged(t *testing.T) {
	d, b := new(Description), []byte(offer)
	for i := range b {
		_ = d.Parse(b[:i]) // must not panic; what it gives is free
		for bit := range 8 {
			b[i] ^= 1 << bit
			_ = d.Parse(b)
			if len(d.Media) > 4 {
				t.Fatalf("%d media from %q", len(d.Media), b)
			}
			b[i] ^= 1 << bit
		}
	}
}

func BenchmarkParse(b *testing.B) {
	d, text := new(Description), []byte(strings.ReplaceAll(offer, "\n", "\r\n"))
	b.ReportAllocs()
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if err := d.Parse(text); err != nil {
			b.Fatal(err)
		}
	}
}
