package sdp

import (
	"slices"
	"testing"

	"calltrail/decode/fuzzbound"
)

func FuzzSDP(f *testing.F) {
	f.Add([]byte(offer))
	f.Add([]byte("v=0\r\no=- 1 1 IN IP6 2001:db8::1\r\nc=IN IP6 2001:db8::1/3\r\nm=audio 49170/2 RTP/AVP 0\r\na=rtpmap:0 x/y\r\n"))
	f.Add([]byte("m=\rc=\ra="))
	f.Add([]byte(iceOffer))
	f.Add([]byte("v=0\na=group:BUNDLE 0 1\nm=audio 9 RTP/AVP 0\na=mid:0\na=rtcp:9 IN IP4 0.0.0.0\nm=video 0 RTP/AVP 96\na=mid:1\na=bundle-only\n"))
	d := new(Description)
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzbound.Check(t, len(b), func() { _ = new(Description).Parse(b) })
		if err := d.Parse(b); err != nil && len(d.Media) > 0 {
			t.Error("media after an error")
		}
		if len(d.Media) > MaxMedia {
			t.Errorf("%d media", len(d.Media))
		}
		for i := range d.Media {
			m := &d.Media[i]
			if m.NumFormats > MaxFormats || m.Ports == 0 || m.Port == 0 && m.RTCPPort != 0 {
				t.Errorf("%+v", m)
			}
			if n := len(slices.Collect(d.Candidates(i))); n != int(m.NumCandidates) || n > MaxCandidates {
				t.Errorf("%d candidates: %+v", n, m)
			}
			if m.Bundled && (int(m.Tagged) >= len(d.Media) || int(m.Tagged) == i || d.Media[m.Tagged].Port == 0) {
				t.Errorf("bundled with %d: %+v", m.Tagged, m)
			}
			for c := range d.Candidates(i) {
				if !c.Addr.IsValid() || c.Addr.Port() == 0 || c.Type.String() == "" {
					t.Errorf("%+v", c)
				}
			}
			for k := range m.Formats {
				_ = m.Formats[k].Name()
			}
		}
		if cap(d.candidates) > 2*maxAllCandidates {
			t.Errorf("room for %d candidates", cap(d.candidates))
		}
		if cap(d.Media) > 2*MaxMedia {
			t.Errorf("room for %d media", cap(d.Media))
		}
	})
}

func FuzzFromBody(f *testing.F) {
	f.Add([]byte(`multipart/mixed; boundary="b 1"`), []byte(mixed))
	f.Add([]byte("application/sdp"), []byte(offer))
	f.Fuzz(func(t *testing.T, contentType, body []byte) {
		fuzzbound.Check(t, len(contentType)+len(body), func() { FromBody(contentType, body) })
		if len(FromBody(contentType, body)) > len(body) {
			t.Error("longer than the body")
		}
	})
}

func FuzzAddr(f *testing.F) {
	for _, s := range []string{"192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "1:2:3:4:5:6:7::"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) { checkAddr(t, s) })
}
