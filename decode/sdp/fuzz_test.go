package sdp

import (
	"testing"

	"calltrail/decode/fuzzbound"
)

func FuzzSDP(f *testing.F) {
	f.Add([]byte(offer))
	f.Add([]byte("v=0\r\no=- 1 1 IN IP6 2001:db8::1\r\nc=IN IP6 2001:db8::1/3\r\nm=audio 49170/2 RTP/AVP 0\r\na=rtpmap:0 x/y\r\n"))
	f.Add([]byte("m=\rc=\ra="))
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
			for k := range m.Formats {
				_ = m.Formats[k].Name()
			}
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
