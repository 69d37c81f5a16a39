package hep

import (
	"bytes"
	"testing"

	"calltrail/decode/fuzzbound"
)

func FuzzParse(f *testing.F) {
	f.Add(options)
	f.Add(message(udp, src6, dst6, srcPort, dstPort, ping))
	f.Add(message(required, packed))
	f.Fuzz(func(t *testing.T, b []byte) {
		fuzzbound.Check(t, len(b), func() { _ = Parse(b, new(Message)) })
		before := bytes.Clone(b)
		var m, again Message
		err := Parse(b, &m)
		if !bytes.Equal(b, before) {
			t.Fatal("the message was written to")
		}
		if err != nil {
			if e, ok := err.(ParseError); !ok || e.Reason() == "unknown" { //nolint:errorlint // never wrapped
				t.Fatalf("an error without a name: %v", err)
			}
			return
		}
		n, err := Len(b)
		if err != nil || n > len(b) {
			t.Fatalf("%d octets hold a message of %d, %v", len(b), n, err)
		}
		if len(m.Payload) == 0 || len(m.Payload) > n-HeaderLen-chunkLen || !m.Src.IsValid() || m.Src.Addr().Is4() != m.Dst.Addr().Is4() ||
			m.Src.Addr().Is4In6() || m.HasVLAN != (m.VLAN != 0) || m.Time < 0 || !m.HasTime && m.Time != 0 {
			t.Fatalf("%+v", m)
		}
		// What stands behind a message changes nothing in it, and without its last octet it is none.
		if err := Parse(append(b[:n:n], 0xff), &again); err != nil || !equal(&m, &again) {
			t.Fatalf("with an octet behind it: %+v, %v; before %+v", again, err, m)
		}
		if err := Parse(b[:n-1], &again); err != ErrLength { //nolint:errorlint // as above
			t.Fatalf("one octet less: %v", err)
		}
	})
}
