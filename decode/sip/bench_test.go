package sip

import "testing"

func BenchmarkParse(b *testing.B) {
	for _, c := range []struct {
		name string
		msg  []byte
	}{{"INVITE", invite}, {"trunkINVITE", trunkInvite}, {"200", ok200}, {"ACK", ack}} {
		b.Run(c.name, func(b *testing.B) {
			var m Message
			b.ReportAllocs()
			b.SetBytes(int64(len(c.msg)))
			for b.Loop() {
				if err := m.Parse(c.msg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkParseKeep(b *testing.B) {
	var m Message
	dst := make([]byte, 0, 4096)
	b.ReportAllocs()
	b.SetBytes(int64(len(trunkInvite)))
	for b.Loop() {
		if err := m.Parse(trunkInvite); err != nil {
			b.Fatal(err)
		}
		dst = m.Keep(dst[:0])
	}
}

func BenchmarkValues(b *testing.B) {
	from := []byte(`"Front Desk" <sip:+911155500100@203.0.113.10;user=phone>;tag=5ca1ab1e`)
	via := []byte(`SIP/2.0/UDP 203.0.113.10:5060;rport;branch=z9hG4bK-524287-1---2f6c5a7d`)
	b.Run("NameAddr+URI", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			a, err := ParseNameAddr(from)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := ParseURI(a.URI); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Via", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := ParseVia(via); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("AppendRedacted", func(b *testing.B) {
		dst := make([]byte, 0, 256)
		b.ReportAllocs()
		for b.Loop() {
			dst = AppendRedacted(dst[:0], from)
		}
	})
}
